import { type BigIntStats, chmodSync, lstatSync, mkdirSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { EXIT, userError } from "../errors.ts";
import type { ProjectPaths } from "../paths.ts";

/**
 * Makes the project's folders, 0700, and checks that they are ours alone: whoever can write there can
 * speak for procs. Throws UserError P604 when one is a link, a file, or somebody else's,
 * or when the path of the socket is longer than sockets may have.
 */
export function preparePaths(paths: ProjectPaths): void {
  refuseLongSocket(paths.socket);
  // The folder above `runtime` may be in /tmp, where anybody can make it first.
  for (const folder of [dirname(paths.runtime), paths.runtime, paths.life]) own(folder);
  for (const folder of [paths.state, paths.runs]) own(folder);
}

/** Of the shortest address of a Unix socket among the systems that matter, macOS, with its final NUL. */
const SOCKET_BYTES_MAX = 103;

/** Node would cut the path off and listen somewhere else. */
function refuseLongSocket(socket: string): void {
  const bytes = Buffer.byteLength(socket);
  if (bytes <= SOCKET_BYTES_MAX) return;
  throw userError(
    EXIT.supervisor,
    "P604",
    `the path of the socket is too long: ${bytes} bytes, and the system takes ${SOCKET_BYTES_MAX}`,
    {
      notes: [socket],
      help: ["set PROCS_STATE_DIR, or XDG_RUNTIME_DIR, to a folder with a shorter path"],
    },
  );
}

function own(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw refused(folder, `cannot be made: ${messageOf(error)}`);
  }
  // lstat, not stat: a link that somebody else made may lead anywhere.
  const stats = lstatSync(folder);
  if (!stats.isDirectory()) throw refused(folder, "is not a folder, or is a link to one");
  if (stats.uid !== process.getuid?.()) {
    throw refused(folder, `belongs to user ${stats.uid}, not to you`);
  }
  if (isOpen(stats)) chmodSync(folder, 0o700);
}

function isOpen(stats: Stats | BigIntStats): boolean {
  return (Number(stats.mode) & 0o077) !== 0;
}

function refused(folder: string, why: string) {
  return userError(EXIT.supervisor, "P604", `${folder} ${why}`, {
    notes: ["procs keeps its socket, locks and logs there, so it must be a folder of yours alone"],
    help: ["remove it, or set PROCS_STATE_DIR to a folder of your own"],
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
