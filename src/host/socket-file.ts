import { spawnSync } from "node:child_process";
import { chmodSync, lstatSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { ListenAddress } from "../core/spec.ts";
import { SocketError } from "./raw-sockets.ts";

export type UnixAddress = ListenAddress & { readonly kind: "unix" };

/** What the kernel has room for, less the byte that ends it: 108 on Linux, 104 on macOS. */
const PATH_MAX = process.platform === "linux" ? 107 : 103;
/** How long whoever listens there may take to let us in. */
const ASK_MS_MAX = 5_000;

/**
 * Makes room for a unix socket: takes the file of one away on which nobody listens any more, and nothing else. Throws
 * a SocketError whose message follows `<path> is`.
 */
export function makeRoomFor({ path }: UnixAddress): void {
  const length = Buffer.byteLength(path);
  if (length > PATH_MAX) {
    throw new SocketError("ENAMETOOLONG", `too long: ${length} bytes, and ${ROOM}`);
  }
  if (!isFolder(dirname(path))) {
    throw new SocketError("ENOENT", `not to be made: there is no folder ${dirname(path)}`);
  }
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isSocket()) {
    throw new SocketError("ENOTSOCK", "no socket but something else, which is left as it is");
  }
  if (isAnswered(path)) throw new SocketError("EADDRINUSE");
  removeSocketFile(path);
}

const ROOM = `the path of a socket has room for ${PATH_MAX}`;

/** Takes the file away, where it is one. Throws a SocketError when the folder does not let us. */
export function removeSocketFile(path: string): void {
  if (!isSocketFile(path)) return;
  try {
    rmSync(path, { force: true });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "EACCES";
    throw new SocketError(code, `an old socket that is not ours to take away (${code})`);
  }
}

export function isSocketFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}

/** The permissions of one that is there: a live setting. */
export function setMode({ path, mode }: UnixAddress): void {
  if (isSocketFile(path)) chmodSync(path, mode);
}

/**
 * Whether somebody accepts there. Asked by a process of its own: connecting takes turns of the event loop, and the
 * caller has to know now. It is rare: only a file that somebody left behind leads here.
 */
function isAnswered(path: string): boolean {
  const { status } = spawnSync(process.execPath, ["-e", ASK, path], {
    ...{ timeout: ASK_MS_MAX, stdio: "ignore", cwd: "/" },
    env: {},
  });
  return status !== NOBODY;
}

const NOBODY = 3;
const ASK = `const socket = require("node:net").connect(process.argv[1]);
socket.on("connect", () => process.exit(0));
socket.on("error", (error) => process.exit(error.code === "ECONNREFUSED" ? ${NOBODY} : 1));`;

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
