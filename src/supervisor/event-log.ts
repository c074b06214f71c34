import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  readSync,
  renameSync,
  statSync,
} from "node:fs";
import { readEvents } from "../control/event-lines.ts";
import type { EventItem } from "../control/protocol.ts";
import { appendOwn, openOwn } from "../host/own-files.ts";

/** An event before it has its number and its time. */
export type NewEvent = Omit<EventItem, "v" | "kind" | "seq" | "time">;

type Listener = (event: EventItem) => void;

interface Follower {
  readonly onEvent: Listener;
  readonly onEnd: () => void;
}

const FILE_BYTES_MAX = 4 * 1024 * 1024;
const KEPT_MAX = 5000;
/** Events that wait for room on the disk; older ones are in memory only. */
const UNSAVED_MAX = 1000;
/** Enough of the end of a file to hold its last whole line. */
const TAIL_BYTES = 256 * 1024;

/** What happened in a project: numbered, kept in memory and in a file of two bounded generations. */
export class EventLog {
  readonly #path: string;
  readonly #now: () => Date;
  readonly #followers = new Set<Follower>();
  #kept: EventItem[] = [];
  #seq: number;
  #size: number;
  readonly #unsaved: string[] = [];
  /** An event could not be stored. True: there is room again, so it may be tried once more. */
  onFull: (error: unknown) => boolean = () => false;

  /** Numbers go on where the file ends, over the lives of supervisors. */
  constructor(path: string, now: () => Date) {
    this.#path = path;
    this.#now = now;
    this.#kept = readEvents(path, TAIL_BYTES).slice(-KEPT_MAX);
    this.#seq = highest(this.#kept) || highest(readEvents(`${path}.1`, TAIL_BYTES));
    this.#size = sizeOf(path);
    if (isTorn(path)) this.#append("\n");
  }

  /** The number of the last event. */
  get seq(): number {
    return this.#seq;
  }

  add(event: NewEvent): EventItem {
    this.#seq += 1;
    const time = this.#now().toISOString();
    const item: EventItem = { v: 1, kind: "event", seq: this.#seq, time, ...event };
    this.#kept.push(item);
    if (this.#kept.length > KEPT_MAX * 1.2) this.#kept = this.#kept.slice(-KEPT_MAX);
    this.#write(item);
    for (const follower of [...this.#followers]) follower.onEvent(item);
    return item;
  }

  /** Kept events after a number or from a time on; null: all that are kept. */
  past(since: number | string | null): readonly EventItem[] {
    if (since === null) return this.#kept;
    if (typeof since === "number") return this.#older(since).filter((event) => event.seq > since);
    const from = Date.parse(since);
    return this.#older(0).filter((event) => Date.parse(event.time) >= from);
  }

  follow(onEvent: Listener, onEnd: () => void): () => void {
    const follower = { onEvent, onEnd };
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** There will be no more events: followers are told. */
  end(): void {
    const followers = [...this.#followers];
    this.#followers.clear();
    for (const follower of followers) follower.onEnd();
  }

  /** What is kept in memory, with what only the files still know before it. */
  #older(after: number): readonly EventItem[] {
    const first = this.#kept[0]?.seq ?? Number.POSITIVE_INFINITY;
    if (first <= after + 1) return this.#kept;
    const stored = [`${this.#path}.1`, this.#path].flatMap((path) => readEvents(path));
    return [...stored.filter((event) => event.seq < first), ...this.#kept];
  }

  /** A full disk costs the file events, never the supervisor; what it could not store is stored when there is room. */
  #write(item: EventItem): void {
    try {
      if (this.#size > FILE_BYTES_MAX) {
        renameSync(this.#path, `${this.#path}.1`);
        this.#size = 0;
      }
    } catch {
      // It grows on, then.
    }
    this.#append(`${JSON.stringify(item)}\n`);
  }

  #append(line: string): void {
    this.#unsaved.push(line);
    if (this.#unsaved.length > UNSAVED_MAX) this.#unsaved.shift();
    this.save();
  }

  /** Stores what could not be stored so far. */
  save(): void {
    while (this.#unsaved.length > 0) {
      const line = this.#unsaved[0] ?? "";
      if (!this.#store(line)) return;
      this.#unsaved.shift();
    }
  }

  #store(line: string): boolean {
    for (;;) {
      try {
        appendOwn(this.#path, line);
        this.#size += Buffer.byteLength(line);
        return true;
      } catch (error) {
        this.#cut();
        if (!this.onFull(error)) return false;
      }
    }
  }

  /** A part of a line, which is all that a full disk had room for, would spoil the next one. */
  #cut(): void {
    try {
      const file = openOwn(this.#path, constants.O_WRONLY);
      try {
        const { size } = fstatSync(file);
        if (size > this.#size) ftruncateSync(file, this.#size);
        else this.#size = size;
      } finally {
        closeSync(file);
      }
    } catch {
      // It is read without what makes no sense.
    }
  }
}

/** Also when somebody has moved lines about: no number is given twice. */
function highest(events: readonly EventItem[]): number {
  return events.reduce((seq, event) => Math.max(seq, event.seq), 0);
}

/** Does it end in the middle of a line? */
function isTorn(path: string): boolean {
  try {
    const file = openOwn(path, constants.O_RDONLY);
    try {
      const { size } = fstatSync(file);
      const last = Buffer.alloc(1);
      return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== 10;
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
