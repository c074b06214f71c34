import { type FSWatcher, lstatSync, rmSync, type Stats, watch } from "node:fs";
import {
  type ControlServer,
  type ControlServerOptions,
  startControlServer,
} from "../control/server.ts";
import { preparePaths } from "../host/folders.ts";
import { removeOwn, writeOwn } from "../host/own-files.ts";
import type { ProjectPaths } from "../paths.ts";

export interface DoorwayOptions extends Omit<ControlServerOptions, "socket"> {
  readonly paths: ProjectPaths;
  readonly log: (message: string) => void;
}

const TRY_AGAIN_MS = 5_000;

/** Where clients come in. It comes back when the runtime folder is cleaned away under it, or the socket replaced. */
export class Doorway {
  readonly #options: DoorwayOptions;
  /** More than one after a cleaning: closing an old one would take the new socket, of the same name, with it. */
  readonly #servers: ControlServer[] = [];
  #watcher: FSWatcher | null = null;
  #socket: Stats | null = null;
  #isClosed = false;
  #opening: Promise<void> = Promise.resolve();

  constructor(options: DoorwayOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { paths, handler, onFault, log } = this.#options;
    preparePaths(paths, log);
    // One that died left its socket behind; the lock says that nobody else can be listening.
    rmSync(paths.socket, { force: true });
    this.#servers.push(await startControlServer({ socket: paths.socket, handler, onFault }));
    this.#socket = look(paths.socket);
    try {
      // Shells with another runtime folder, or none, find the way by this.
      writeOwn(paths.address, paths.socket);
    } catch (error) {
      log(`${paths.address} cannot be written: ${String(error)}`);
    }
    this.#watch();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watcher?.close();
    await this.#opening;
    removeOwn(this.#options.paths.address);
    await Promise.all(this.#servers.map((server) => server.close()));
  }

  #watch(): void {
    this.#watcher?.close();
    const { paths, log } = this.#options;
    const check = () => {
      if (this.#isClosed || this.#isInPlace()) return;
      this.#watcher?.close();
      this.#opening = this.#opening.then(() => this.#reopen());
    };
    try {
      this.#watcher = watch(paths.runtime, { persistent: false }, check);
      this.#watcher.on("error", check);
    } catch (error) {
      // No descriptors or no watches left; most projects never need this.
      log(`${paths.runtime} cannot be watched: ${String(error)}`);
    }
    check();
  }

  async #reopen(): Promise<void> {
    const { paths, log } = this.#options;
    if (this.#isClosed || this.#isInPlace()) return;
    const what = look(paths.socket) === null ? "was cleaned away" : "had something else in it";
    try {
      await this.open();
      log(`${paths.runtime} ${what}, and has been made anew`);
    } catch (error) {
      log(`${paths.runtime} ${what}, and cannot be made anew: ${String(error)}`);
      setTimeout(() => void this.#reopen(), TRY_AGAIN_MS).unref();
    }
  }

  /** What is at the path of the socket is the very socket that we listen on. */
  #isInPlace(): boolean {
    const now = look(this.#options.paths.socket);
    return now !== null && now.ino === this.#socket?.ino && now.dev === this.#socket.dev;
  }
}

function look(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}
