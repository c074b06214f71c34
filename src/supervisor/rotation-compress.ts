import {
  closeSync,
  existsSync,
  fstatSync,
  futimesSync,
  openSync,
  renameSync,
  rmSync,
} from "node:fs";
import type { LogSettings } from "../core/spec.ts";
import { failpoint } from "../host/failpoint.ts";
import { type Archive, listArchives } from "../logs/archives.ts";
import { Tools } from "./rotation-tools.ts";

export interface CompressorOptions {
  /** Where programs are looked for, as in PATH. */
  readonly path: string;
  readonly onFault: (live: string, error: unknown) => void;
  /** An archive takes less space now. */
  readonly onDone: (live: string) => void;
}

/** Compresses archives in the background, one at a time, the newest first: it is the one that stays longest. */
export class Compressor {
  readonly #options: CompressorOptions;
  readonly #tools: Tools;
  readonly #waiting = new Map<string, () => LogSettings>();
  #current: string | null = null;
  #isClosed = false;

  constructor(options: CompressorOptions) {
    this.#options = options;
    this.#tools = new Tools(options.path);
  }

  /** Whether nothing is left to do. */
  get isIdle(): boolean {
    return this.#current === null && this.#waiting.size === 0;
  }

  /** Looks for archives of a stream that are to be compressed by the settings of that time. */
  add(live: string, settings: () => LogSettings): void {
    if (this.#isClosed) return;
    this.#waiting.set(live, settings);
    if (this.#current === null) void this.#work();
  }

  /** Leaves a stream alone from now on: its files are about to move. */
  release(live: string): void {
    this.#waiting.delete(live);
    if (this.#current !== live) return;
    this.#current = "";
    this.#tools.stop();
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
    if (this.#current !== null) this.release(this.#current);
  }

  async #work(): Promise<void> {
    for (const [live, settings] of this.#waiting) {
      this.#current = live;
      const archive = nextOf(live, settings());
      if (archive === null) this.#waiting.delete(live);
      else {
        await this.#compress(live, archive).catch((error: unknown) => {
          this.#waiting.delete(live);
          // Ended by us, it is no fault.
          if (this.#current === live) this.#options.onFault(live, error);
        });
      }
      this.#current = null;
    }
    if (this.#waiting.size > 0) return this.#work();
  }

  async #compress(live: string, archive: Archive): Promise<void> {
    failpoint("compress.before");
    const unfinished = `${archive.path}.gz.tmp`;
    rmSync(unfinished, { force: true });
    const source = openSync(archive.path, "r");
    const target = openSync(unfinished, "wx+", 0o600);
    try {
      await this.#tools.compress(source, target);
      // Its time is that of its last line, by which old ones are dropped.
      const { atime, mtime } = fstatSync(source);
      futimesSync(target, atime, mtime);
      // It may have been dropped meanwhile, or have moved.
      if (this.#current !== live || !existsSync(archive.path)) return;
      renameSync(unfinished, `${archive.path}.gz`);
      failpoint("compress.after");
      rmSync(archive.path);
      this.#options.onDone(live);
    } finally {
      closeSync(source);
      closeSync(target);
      rmSync(unfinished, { force: true });
    }
  }
}

/** The newest plain archive that will not be dropped with the next rotation; null: there is none. */
function nextOf(live: string, settings: LogSettings): Archive | null {
  if (!settings.compress) return null;
  const { list } = listArchives(live);
  const first = Math.max(0, list.length - Math.max(1, settings.keep - 1));
  return list.slice(first).findLast((one) => !one.isCompressed && one.mark !== "cut") ?? null;
}
