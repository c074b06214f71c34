import { lstatSync, unlinkSync } from "node:fs";
import { bindPath, type ListenHandle } from "./inside-node.ts";
import type { ServedList } from "./served.ts";
import type { SharedSocket } from "./shared.ts";

const BACKLOG = 16;

/**
 * A socket that only this instance answers at, for probes: what comes to the shared one is answered by any of them.
 * Its connections go to the server of the first address.
 */
export class BackDoor {
  #handle: ListenHandle | null = null;

  /** Opens it, where procs has named a path; never throws, and holds no process. */
  open(path: string, served: ServedList, sockets: readonly SharedSocket[]): void {
    // One that was before us in the same run may have left its file.
    const handle = bindPath(path) ?? (removeSocket(path) ? bindPath(path) : null);
    if (handle === null) return;
    handle.onconnection = (error, client) => {
      if (error) return;
      served.privately(() => {
        if (!sockets.some((socket) => socket.take(client))) client.close();
      });
    };
    if (handle.listen(BACKLOG)) {
      handle.close();
      return;
    }
    handle.unref();
    this.#handle = handle;
  }

  close(): void {
    this.#handle?.close();
    this.#handle = null;
  }
}

function removeSocket(path: string): boolean {
  try {
    if (!lstatSync(path).isSocket()) return false;
    unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
