import { closeSync, existsSync, openSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { LogSettings } from "../core/spec.ts";
import { messageOf } from "../errors.ts";
import { failpoint } from "../host/failpoint.ts";
import { archiveName, dropArchives } from "../logs/archives.ts";
import { type Asked, bury, buryBelow, burySurplus, lineEnd, refuse } from "./rotation-clear.ts";
import { Compressor } from "./rotation-compress.ts";
import { copyRange } from "./rotation-copy.ts";
import { cut } from "./rotation-cut.ts";
import { endOf, isUnpunched, type Place, refresh, syncFolder } from "./rotation-place.ts";
import { canPunch, punchBelow } from "./rotation-punch.ts";
import { Tools } from "./rotation-tools.ts";

/** Stays in the live file, so that last words are found without unpacking anything. */
const REST_BYTES = 65_536;
/** What an ended run left in its live file is archived, and so compressed, from this size on. */
const ENDED_BYTES_MIN = 1_048_576;
/** Between two tries where rotating fails: doubled with each. */
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 60_000;

export interface RotatorOptions {
  readonly runs: string;
  /** Where programs are looked for, as in PATH. */
  readonly path: string;
  /** `cut`: as if holes could not be punched. */
  readonly way: "auto" | "cut";
  readonly settings: (service: string) => LogSettings;
  /** A stream has a new archive, or takes less space. */
  readonly onArchived: (live: string) => void;
  /** The disk is full. True: room was made, and it may be tried once more. */
  readonly onFull: (error: unknown) => boolean;
  /** The live file of a stream was cut: it begins at `shift` now. */
  readonly onShift: (live: string, shift: number) => void;
  readonly log: (message: string) => void;
}

interface Stream extends Place {
  readonly service: string;
  isEnded: boolean;
  /** Its files are about to move, or are somebody else's business now. */
  isReleased: boolean;
  failures: number;
  retryAt: number;
  /** What is stored of it is to go: who is told when it has. */
  readonly clearing: Asked[];
}

/**
 * Moves what grew beyond `log.max_size` from the live files to archives, one stream at a time. Nothing is
 * ever lost by it, wherever the supervisor dies: bytes leave the live file only when their copy is on the
 * disk and has its name, and copies without a name are worth nothing.
 */
export class Rotator {
  readonly #options: RotatorOptions;
  readonly #tools: Tools;
  readonly #compressor: Compressor;
  readonly #streams = new Map<string, Stream>();
  readonly #waiting = new Set<Stream>();
  #current: Stream | null = null;
  #punches: boolean | null = null;
  #isClosed = false;

  constructor(options: RotatorOptions) {
    this.#options = options;
    this.#tools = new Tools(options.path);
    const onFault = (live: string, error: unknown) => this.#report(live, error);
    this.#compressor = new Compressor({ path: options.path, onFault, onDone: options.onArchived });
    if (options.way === "cut") this.#punches = false;
  }

  /** Whether nothing is left to do. */
  get isIdle(): boolean {
    return this.#current === null && this.#waiting.size === 0 && this.#compressor.isIdle;
  }

  /** A stream is being written, from now on or already. */
  watch(service: string, live: string): void {
    if (this.#streams.has(live)) return;
    const stream = this.#stream(service, live);
    // What a predecessor had begun: it may have died before it copied, or before it punched.
    if (isUnpunched(stream) || this.#isDue(stream)) this.#add(stream);
  }

  /** A stream was seen to have grown. */
  grown(live: string, end: number): void {
    const stream = this.#streams.get(live);
    if (stream === undefined || end - stream.base <= this.#limit(stream)) return;
    if (performance.now() >= stream.retryAt) this.#add(stream);
  }

  /** The run has ended: nobody writes to the stream any more. */
  end(service: string, live: string): void {
    const stream = this.#streams.get(live) ?? this.#stream(service, live);
    stream.isEnded = true;
    if (isUnpunched(stream) || this.#isDue(stream)) this.#add(stream);
    else this.#forget(stream);
  }

  /** Deletes what is stored of a stream that is being written; rejects with what fails. */
  clear(service: string, live: string): Promise<void> {
    this.watch(service, live);
    return new Promise((resolve, reject) => {
      const stream = this.#streams.get(live);
      if (stream === undefined || this.#isClosed) return reject(new Error("it has just ended"));
      stream.clearing.push({ resolve, reject });
      this.#add(stream);
    });
  }

  /** Leaves a stream alone at once: its files are about to move. */
  release(live: string): void {
    const stream = this.#streams.get(live);
    this.#streams.delete(live);
    this.#compressor.release(live);
    if (stream === undefined) return;
    stream.isReleased = true;
    refuse(stream.clearing, new Error("its files are being moved"));
    this.#waiting.delete(stream);
    if (this.#current === stream) this.#tools.stop();
  }

  /** Compresses what is archived of a stream already. */
  compress(service: string, live: string): void {
    this.#compressor.add(live, () => this.#options.settings(service));
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
    if (this.#current !== null) this.#current.isReleased = true;
    this.#tools.stop();
    this.#compressor.close();
    this.#streams.clear();
  }

  #add(stream: Stream): void {
    if (this.#isClosed) return;
    this.#waiting.add(stream);
    if (this.#current === null) void this.#work();
  }

  async #work(): Promise<void> {
    for (const stream of this.#waiting) {
      this.#waiting.delete(stream);
      this.#current = stream;
      try {
        await this.#tend(stream);
        stream.failures = 0;
      } catch (error) {
        refuse(stream.clearing, error);
        if (!stream.isReleased) this.#failed(stream, error);
      }
      this.#current = null;
      if (stream.isEnded && !this.#waiting.has(stream)) this.#forget(stream);
    }
  }

  #stream(service: string, live: string): Stream {
    const state = { isEnded: false, isReleased: false, failures: 0, retryAt: 0, clearing: [] };
    const stream = { live, service, base: 0, shift: 0, ...state };
    refresh(stream);
    this.#streams.set(live, stream);
    return stream;
  }

  #forget(stream: Stream): void {
    if (this.#streams.get(stream.live) === stream) this.#streams.delete(stream.live);
  }

  async #tend(stream: Stream): Promise<void> {
    const mayPunch = await this.#mayPunch();
    refresh(stream);
    const punches = mayPunch && (stream.isEnded || stream.shift === 0);
    if (punches && isUnpunched(stream)) await this.#punch(stream);
    for (const told of stream.clearing.splice(0)) {
      await this.#clear(stream, punches).then(told.resolve, told.reject);
    }
    const before = stream.base;
    for (;;) {
      refresh(stream);
      if (stream.isReleased || !this.#isDue(stream)) break;
      const { settings } = this.#options;
      if (punches && burySurplus(stream, settings(stream.service))) await this.#punch(stream);
      if (!(punches ? await this.#archive(stream) : await this.#cut(stream))) break;
      this.#options.onArchived(stream.live);
    }
    if (stream.base > before && !stream.isReleased) this.compress(stream.service, stream.live);
  }

  /** As long as there is no room to try it: yes, for it is what needs none, and says itself when it does not work. */
  async #mayPunch(): Promise<boolean> {
    try {
      this.#punches ??= await canPunch(this.#options.runs, this.#tools);
    } catch (error) {
      this.#options.onFull(error);
    }
    return this.#punches ?? true;
  }

  #isDue(stream: Stream): boolean {
    const { max_size, compress } = this.#options.settings(stream.service);
    const length = endOf(stream) - stream.base;
    if (!stream.isEnded) return length > this.#limit(stream);
    return length > max_size + REST_BYTES || (compress && length > ENDED_BYTES_MIN);
  }

  /** Copies the oldest bytes of the live file to an archive, and punches them. False: given up. */
  async #archive(stream: Stream): Promise<boolean> {
    const end = endOf(stream);
    const { live, base, shift } = stream;
    const { max_size } = this.#options.settings(stream.service);
    failpoint("copy.before");
    const source = openSync(live, "r");
    const name = { stream: basename(live), from: base, mark: "hole" } as const;
    try {
      const limit = Math.min(base + max_size, end - Math.min(REST_BYTES, Math.floor(max_size / 4)));
      const to = lineEnd(source, base - shift, limit - shift) + shift;
      const unfinished = join(dirname(live), archiveName({ ...name, to, ending: "tmp" }));
      const archive = join(dirname(live), archiveName({ ...name, to, ending: "" }));
      try {
        const range = { source, from: base - shift, length: to - base };
        const isCopied = await copyRange(range, unfinished, this.#tools, this.#options.onFull);
        if (stream.isReleased) return false;
        if (isCopied) renameSync(unfinished, archive);
        // The oldest goes, where there is room for nothing: what comes now is worth more.
        else bury(live, to);
        stream.base = to;
      } finally {
        rmSync(unfinished, { force: true });
      }
      await syncFolder(dirname(live));
      failpoint("copy.after");
    } finally {
      closeSync(source);
    }
    if (!stream.isReleased) await this.#punch(stream);
    return true;
  }

  async #punch({ live, base, shift }: Stream): Promise<void> {
    failpoint("punch.before");
    await punchBelow(live, base - shift, this.#tools);
    failpoint("punch.after");
  }

  async #cut(stream: Stream): Promise<boolean> {
    failpoint("copy.before");
    const end = await cut(stream.live, stream, this.#tools, () => stream.isReleased);
    if (stream.isReleased) return false;
    if (end === null) throw new Error("its program could not be stopped for a moment");
    stream.base = end;
    stream.shift = end;
    this.#options.onShift(stream.live, end);
    return true;
  }

  async #clear(stream: Stream, punches: boolean): Promise<void> {
    const { live } = stream;
    this.#compressor.release(live);
    if (punches) {
      stream.base = buryBelow(live, stream);
      await this.#punch(stream);
    } else {
      if (endOf(stream) > stream.shift && !(await this.#cut(stream)))
        throw new Error("its program goes on");
      dropArchives(live, stream.base);
    }
    this.#options.onArchived(live);
  }

  #limit({ service }: Stream): number {
    const { max_size } = this.#options.settings(service);
    return max_size + Math.min(REST_BYTES, Math.floor(max_size / 4));
  }

  #failed(stream: Stream, error: unknown): void {
    stream.failures += 1;
    const pauseMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (stream.failures - 1));
    stream.retryAt = performance.now() + pauseMs;
    // Of a run that was dropped meanwhile there is nothing to say.
    if (stream.failures === 1 && existsSync(stream.live)) this.#report(stream.live, error);
  }

  #report(live: string, error: unknown): void {
    const words = messageOf(error);
    this.#options.log(`${live} could not be rotated: ${words}`);
  }
}
