import { type FSWatcher, watch } from "node:fs";

/** Wakes within one poll that make a flood: from then on looking is cheaper than being told. */
const FLOOD_WAKES = 4;
/** Polls without news after which being told is cheaper again. */
const QUIET_POLLS = 10;
/** Poll where the machine gives no watch (out of inotify watches, a file system without). */
const UNWATCHED_POLL_MS = 100;

/** Looks at a folder; `name` null: anything may have changed. True when there was news. */
export type Look = (name: string | null) => boolean;

/**
 * Calls `look` soon after something in a folder changed: told by the system while little happens (no
 * wake-up at all when nothing does), by polling in a flood, where a notice per write would cost more
 * than the reading. Errors are never thrown: a folder that went away is simply quiet.
 */
export class FolderWatch {
  readonly #folder: string;
  readonly #look: Look;
  readonly #pollMs: number;
  #watcher: FSWatcher | null = null;
  #poll: NodeJS.Timeout | null = null;
  #wakes = 0;
  #windowEndsAt = 0;
  #quiet = 0;
  #closed = false;

  constructor(folder: string, options: { readonly look: Look; readonly pollMs: number }) {
    this.#folder = folder;
    this.#look = options.look;
    this.#pollMs = options.pollMs;
    this.#listen();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  /** The watch stands before the caller looks for the first time, so nothing falls between. */
  #listen(): void {
    try {
      const watcher = watch(this.#folder, (_, name) => this.#told(name));
      watcher.on("error", () => this.#startPoll(UNWATCHED_POLL_MS));
      this.#watcher = watcher;
    } catch {
      this.#startPoll(UNWATCHED_POLL_MS);
    }
  }

  #told(name: string | null): void {
    if (this.#closed || !this.#look(name)) return;
    const now = performance.now();
    if (now > this.#windowEndsAt) {
      this.#windowEndsAt = now + this.#pollMs;
      this.#wakes = 0;
    }
    this.#wakes += 1;
    if (this.#wakes >= FLOOD_WAKES) this.#startPoll(this.#pollMs);
  }

  #startPoll(everyMs: number): void {
    if (this.#closed) return;
    this.#stop();
    this.#quiet = 0;
    this.#poll = setInterval(() => this.#tick(everyMs), everyMs);
  }

  #tick(everyMs: number): void {
    this.#quiet = this.#look(null) ? 0 : this.#quiet + 1;
    if (this.#closed || everyMs !== this.#pollMs || this.#quiet < QUIET_POLLS) return;
    this.#stop();
    this.#listen();
    this.#look(null);
  }

  #stop(): void {
    this.#watcher?.close();
    this.#watcher = null;
    if (this.#poll !== null) clearInterval(this.#poll);
    this.#poll = null;
  }
}
