import {
  chownSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { InstanceId } from "../core/observed.ts";
import { FolderWatch } from "../logs/folder-watch.ts";
import type { Account } from "./account.ts";

/** Paths of Unix sockets end here on every system that matters: 104 on macOS, 108 on Linux. */
const SOCKET_PATH_MAX = 100;
/** Where nobody tells of changes: how often a file is looked at. */
const POLL_MS = 50;
/** Of a file that a program may write as it likes. */
const BYTES_MAX = 65_536;
const TEMPORARY = "procs-";

/** A folder through which a program tells procs something: the only one of ours that it may write in. */
export interface ExchangeFolder {
  readonly path: string;
  remove(): void;
}

/**
 * Below the runtime folder; outside of it for a program of another user, who cannot enter there, and
 * where the path would be too long for a socket.
 */
export function makeExchange(
  runtime: string,
  id: InstanceId,
  account: Account | null,
): ExchangeFolder {
  let path = join(exchangesOf(runtime), `${id.service}.${id.slot}.${id.run}`);
  if (account !== null || Buffer.byteLength(path) > SOCKET_PATH_MAX - "/preload.cjs".length) {
    path = mkdtempSync(join(tmpdir(), TEMPORARY));
    if (account !== null) chownSync(path, account.uid, account.gid);
  } else {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
  return exchangeAt(path);
}

/** The folder that an earlier supervisor made, by the path it wrote down; null: that is none of these folders. */
export function findExchange(runtime: string, path: string): ExchangeFolder | null {
  const isOurs = dirname(path) === exchangesOf(runtime);
  const isTemporary = dirname(path) === tmpdir() && basename(path).startsWith(TEMPORARY);
  return isOurs || isTemporary ? exchangeAt(path) : null;
}

/** Calls `onLine` once, when a file in a folder has that line; later, also when it has it already. */
export function watchForLine(
  folder: string,
  { name, line, onLine }: { readonly name: string; readonly line: string; onLine(): void },
): { close(): void } {
  let isOver = false;
  const look = (): boolean => {
    if (isOver || !beginningOf(join(folder, name)).split("\n").includes(line)) return false;
    isOver = true;
    setImmediate(() => watch.close());
    onLine();
    return true;
  };
  const watch = new FolderWatch(folder, { look, pollMs: POLL_MS });
  setImmediate(look);
  return {
    close: () => {
      isOver = true;
      watch.close();
    },
  };
}

/** The program owns the folder: what stands there may be a link, a fifo that would hold us, or endless. */
function beginningOf(path: string): string {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      const buffer = Buffer.alloc(BYTES_MAX);
      return fstatSync(fd).isFile() ? buffer.toString("utf8", 0, readSync(fd, buffer)) : "";
    } finally {
      closeSync(fd);
    }
  } catch {
    return "";
  }
}

function exchangesOf(runtime: string): string {
  return join(runtime, "exchange");
}

function exchangeAt(path: string): ExchangeFolder {
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
