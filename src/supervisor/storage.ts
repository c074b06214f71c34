import type { ClearReply, Target } from "../control/protocol.ts";
import type { Event } from "../core/event.ts";
import type { InstanceId } from "../core/observed.ts";
import type { LogSettings } from "../core/spec.ts";
import type { ProjectPaths } from "../paths.ts";
import { type Clearing, clearLogs } from "./clear-logs.ts";
import { Disk } from "./disk.ts";
import { causeOf } from "./disk-space.ts";
import type { EventLog } from "./event-log.ts";
import { Retention } from "./retention.ts";
import type { Session } from "./session.ts";

const LOOK_AFTER_MS = 500;

export interface StorageOptions {
  readonly paths: ProjectPaths;
  readonly events: EventLog;
  readonly onFault: (error: unknown) => void;
}

/** The space that a project takes on the disk: what may stay of its logs, and what is done when there is none left. */
export class Storage {
  readonly disk: Disk;
  readonly #paths: ProjectPaths;
  readonly #events: EventLog;
  readonly #retention: Retention;
  readonly #onFault: StorageOptions["onFault"];
  readonly #saveEvents: () => void;
  readonly #saveState = () => this.#session?.save();
  #session: Session | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** The last failure of the state file, which is tried again and again, and told once. */
  #fault = "";

  constructor({ paths, events, onFault }: StorageOptions) {
    this.#paths = paths;
    this.#events = events;
    this.#onFault = onFault;
    this.#retention = new Retention({
      ...{ paths, onFault },
      settings: (service) => this.#kept(service),
      project: () => this.#session?.basis.project?.log ?? NO_CAPS,
      observed: () =>
        this.#session?.core.observed ?? { services: new Map(), sockets: {}, nextRun: {} },
    });
    this.disk = new Disk({
      paths,
      say: (message) => events.add({ type: "supervisor", message }),
      // Before anything is known, everything might be alive.
      free: (bytes) => (this.#session === null ? 0 : this.#retention.free(bytes)),
    });
    this.#saveEvents = () => events.save();
    events.onFull = (error) => {
      const hasRoom = this.disk.full(error);
      if (!hasRoom) this.disk.later(this.#saveEvents);
      return hasRoom;
    };
  }

  /** From now on it is known what is asked for, and what runs. */
  serve(session: Session): void {
    this.#session = session;
  }

  /** The settings by which a service's logs are rotated; those of a service that is gone: the last it had. */
  settings(service: string): LogSettings | null {
    if (this.#session === null) return null;
    const { desired, observed } = this.#session.core;
    const last = observed.services.get(service)?.instances.at(-1);
    return desired.services.get(service)?.log ?? last?.applied.log ?? null;
  }

  /** The state could not be written. True: it may be tried once more at once; it is tried later all the same. */
  stateFailed(error: unknown): boolean {
    const isKnown = causeOf(error)?.cause === "full" || String(error) === this.#fault;
    if (!isKnown) this.#onFault(error);
    this.#fault = String(error);
    const hasRoom = this.disk.full(error);
    if (!hasRoom) this.disk.later(this.#saveState);
    return hasRoom;
  }

  /** An event of the host: runs that ended may go, and one that could not start may have lacked space. */
  heard(event: Event): void {
    if (event.kind === "gone") this.#retention.touched(event.id.service, event.id.slot);
    const exit = event.kind === "exited" ? event.exit : null;
    if (exit?.kind === "spawn" && /\b(?:ENOSPC|EDQUOT)\b/.test(exit.message)) this.disk.look();
  }

  /** A log was archived, or an archive compressed. */
  archived(service: string, slot: number): void {
    this.#retention.touched(service, slot);
    this.disk.grown();
  }

  /** Looks at everything: at the start, and when a file has become what is desired. */
  look(): void {
    this.disk.look();
    // Thousands of files, and somebody may be waiting for what was started just now.
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#retention.look();
    }, LOOK_AFTER_MS).unref();
  }

  /** Deletes what is stored of these (null: of all); `clearLive` does it for a run that goes on writing. */
  async clear(
    targets: readonly Target[] | null,
    clearLive: Clearing["clearLive"],
  ): Promise<ClearReply> {
    const isLive = (id: InstanceId) => this.#retention.isLive(id);
    const reply = await clearLogs({ runs: this.#paths.runs, targets, isLive, clearLive });
    const names = reply.services.map(({ name }) => name);
    const message = `the logs of ${names.join(", ")} were cleared`;
    if (names.length > 0) this.#events.add({ type: "supervisor", message });
    this.disk.look();
    return reply;
  }

  /** `isLeaving`: nothing will be stored any more. */
  close(isLeaving: boolean): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#retention.close();
    this.disk.close(isLeaving);
  }

  #kept(service: string): LogSettings | null {
    const session = this.#session;
    if (session === null || session.basis.project === null) return UNKNOWN;
    return session.core.desired.services.get(service)?.log ?? null;
  }
}

/** Of a service that may be in a file which nobody has read yet. */
const UNKNOWN: LogSettings = {
  max_size: Number.POSITIVE_INFINITY,
  keep: Number.POSITIVE_INFINITY,
  max_total: null,
  max_age: null,
  compress: true,
};
const NO_CAPS = { max_total: null, max_age: null };
