import { chmodSync, lstatSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { EXIT, messageOf, userError } from "../errors.ts";
import type { ProjectPaths } from "../paths.ts";
import { tidyFiles } from "./own-files.ts";

/**
 * Makes the project's folders, 0700, and checks that they are ours alone: whoever can write there can
 * speak for procs. Puts aside what stands in the place of a file of ours and is none, and says so by `say`.
 * Throws UserError P604 when a folder is a link, a file, or somebody else's, or when the path of the socket
 * is longer than sockets may have.
 */
export function preparePaths(paths: ProjectPaths, say: (message: string) => void = ignore): void {
  refuseLongSocket(paths.socket);
  // The folder above `runtime` may be in /tmp, where anybody can make it first.
  for (const folder of [dirname(paths.runtime), paths.runtime, paths.life]) own(folder);
  for (const folder of [dirname(paths.state), paths.state, paths.runs]) own(folder);
  tidyFiles(paths, say);
}

function ignore(): void {
  // A launcher has nobody to tell; the supervisor that it launches looks again.
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
  const uid = process.getuid?.();
  refuseForeignHome(folder);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw refused(folder, `cannot be made: ${messageOf(error)}`);
  }
  // lstat, not stat: a link that somebody else made may lead anywhere. From here on nobody else can replace it:
  // it is ours, and so is the folder above, or it has the sticky bit.
  const stats = lstatSync(folder);
  if (!stats.isDirectory()) throw refused(folder, "is not a folder, or is a link to one");
  if (stats.uid !== uid) throw refused(folder, `belongs to user ${stats.uid}, not to you`);
  if ((stats.mode & 0o777) !== 0o700) chmodSync(folder, 0o700);
}

/**
 * Root with a user's HOME, as after `sudo -E`, would leave folders there that the user cannot use any more, and
 * be kept out of nothing. Only root can do that by accident.
 */
function refuseForeignHome(folder: string): void {
  if (process.getuid?.() !== 0) return;
  let above = folder;
  let stats = statSync(above, { throwIfNoEntry: false });
  if (stats !== undefined) return;
  while (stats === undefined && above !== dirname(above)) {
    above = dirname(above);
    stats = statSync(above, { throwIfNoEntry: false });
  }
  if (stats === undefined || stats.uid === 0) return;
  throw userError(
    EXIT.supervisor,
    "P604",
    `you are root, and ${above} belongs to user ${stats.uid}`,
    {
      notes: [`procs would make ${folder} there as root, and lock that user out of it`],
      help: ["run procs as that user, or set HOME or PROCS_STATE_DIR to a folder of root's own"],
    },
  );
}

function refused(folder: string, why: string) {
  return userError(EXIT.supervisor, "P604", `${folder} ${why}`, {
    notes: ["procs keeps its socket, locks and logs there, so it must be a folder of yours alone"],
    help: ["remove it, or set PROCS_STATE_DIR to a folder of your own"],
  });
}
