import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Millis } from "../core/spec.ts";

export interface ConfigWatchOptions {
  /** One of the files changed, appeared or went, and it has been quiet since. */
  readonly onChange: () => void;
  readonly quietMs?: Millis;
}

const QUIET_MS = 100;

/**
 * Watches the files that a project was read from. Folders rather than files, because editors put a new file
 * in the place of the old one; and asleep until something happens there.
 */
export class ConfigWatch {
  readonly #options: ConfigWatchOptions;
  readonly #folders = new Map<string, FSWatcher>();
  #names = new Set<string>();
  #files: readonly string[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ConfigWatchOptions) {
    this.#options = options;
  }

  /** From now on exactly these files, by absolute paths. */
  watch(files: readonly string[]): void {
    if (files.join("\0") === this.#files.join("\0")) return;
    this.#files = files;
    this.#names = new Set(files.map((file) => basename(file)));
    const folders = new Set(files.map((file) => dirname(file)));
    for (const [folder, watcher] of this.#folders) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#folders.delete(folder);
    }
    for (const folder of folders) this.#open(folder);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }

  #open(folder: string): void {
    if (this.#folders.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, (_kind, name) => {
        if (name === null || this.#names.has(name)) this.#look();
      });
      // A folder that is removed is no fault: what the file says is then read as it is.
      watcher.on("error", () => this.#drop(folder));
      this.#folders.set(folder, watcher);
    } catch {
      // It does not exist: an env file that need not be there. Seen at the next `reload`.
    }
  }

  #drop(folder: string): void {
    this.#folders.get(folder)?.close();
    this.#folders.delete(folder);
  }

  #look(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#options.onChange();
    }, this.#options.quietMs ?? QUIET_MS);
  }
}
