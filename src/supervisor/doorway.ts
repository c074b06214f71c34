import { existsSync, type FSWatcher, rmSync, watch, writeFileSync } from "node:fs";
import {
  type ControlServer,
  type ControlServerOptions,
  startControlServer,
} from "../control/server.ts";
import { preparePaths } from "../host/folders.ts";
import type { ProjectPaths } from "../paths.ts";

export interface DoorwayOptions extends Omit<ControlServerOptions, "socket"> {
  readonly paths: ProjectPaths;
  readonly log: (message: string) => void;
}

const TRY_AGAIN_MS = 5_000;

/** Where clients come in. It comes back when the runtime folder is cleaned away under it. */
export class Doorway {
  readonly #options: DoorwayOptions;
  /** More than one after a cleaning: closing an old one would take the new socket, of the same name, with it. */
  readonly #servers: ControlServer[] = [];
  #watcher: FSWatcher | null = null;
  #isClosed = false;
  #opening: Promise<void> = Promise.resolve();

  constructor(options: DoorwayOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { paths, handler, onFault } = this.#options;
    preparePaths(paths);
    // One that died left its socket behind; the lock says that nobody else can be listening.
    rmSync(paths.socket, { force: true });
    this.#servers.push(await startControlServer({ socket: paths.socket, handler, onFault }));
    // Shells with another runtime folder, or none, find the way by this.
    writeFileSync(paths.address, paths.socket, { mode: 0o600 });
    this.#watch();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watcher?.close();
    await this.#opening;
    rmSync(this.#options.paths.address, { force: true });
    await Promise.all(this.#servers.map((server) => server.close()));
  }

  #watch(): void {
    this.#watcher?.close();
    const { paths } = this.#options;
    const look = () => {
      if (this.#isClosed || existsSync(paths.socket)) return;
      this.#watcher?.close();
      this.#opening = this.#opening.then(() => this.#reopen());
    };
    this.#watcher = watch(paths.runtime, { persistent: false }, look);
    this.#watcher.on("error", look);
    look();
  }

  async #reopen(): Promise<void> {
    const { paths, log } = this.#options;
    if (this.#isClosed || existsSync(paths.socket)) return;
    try {
      await this.open();
      log(`${paths.runtime} was cleaned away, and has been made anew`);
    } catch (error) {
      log(`${paths.runtime} was cleaned away, and cannot be made anew: ${String(error)}`);
      setTimeout(() => void this.#reopen(), TRY_AGAIN_MS).unref();
    }
  }
}
