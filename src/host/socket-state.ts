import { fstatSync } from "node:fs";
import type { ListenAddress } from "../core/spec.ts";
import { TCP_STATE, tcpRows, unixRows } from "./net-table.ts";
import { isSocketFile } from "./socket-file.ts";

/**
 * Whether clients can still reach a socket that is held: a program may have shut it down, which it is then for all who
 * have it, and the file of a unix socket may have been taken away. True where this cannot be seen.
 */
export function isReachable(address: ListenAddress, fd: number): boolean {
  const { ino } = fstatSync(fd);
  if (address.kind === "tcp") {
    const rows = tcpRows(address.port);
    return rows?.some(({ inode, state }) => inode === ino && state === TCP_STATE.listen) ?? true;
  }
  if (!isSocketFile(address.path)) return false;
  const rows = unixRows(address.path);
  return rows?.some(({ inode, isListening }) => inode === ino && isListening) ?? true;
}
