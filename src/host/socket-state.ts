import { fstatSync } from "node:fs";
import type { ListenAddress } from "../core/spec.ts";
import { readTcp, TCP_STATE, type TcpTable, unixRows } from "./net-table.ts";
import { isSocketFile } from "./socket-file.ts";

/**
 * Whether clients can still reach a socket that is held: a program may have shut it down, which it is then for all who
 * have it, and the file of a unix socket may have been taken away. True where this cannot be seen.
 */
export function isReachable(
  address: ListenAddress,
  fd: number,
  table: () => TcpTable | null,
): boolean {
  const { ino } = fstatSync(fd);
  if (address.kind === "tcp") {
    const rows = table()?.at(address.port);
    return rows?.some(({ inode, state }) => inode === ino && state === TCP_STATE.listen) ?? true;
  }
  if (!isSocketFile(address.path)) return false;
  const rows = unixRows(address.path);
  return rows?.some(({ inode, isListening }) => inode === ino && isListening) ?? true;
}

/** The inodes of the sockets that listen at these addresses, whoever has them. */
export function listenersAt(addresses: readonly ListenAddress[]): readonly number[] {
  const table = addresses.some(({ kind }) => kind === "tcp") ? readTcp() : null;
  return addresses.flatMap((address) => {
    if (address.kind === "unix") {
      const rows = unixRows(address.path)?.filter(({ path }) => path === address.path) ?? [];
      return rows.flatMap(({ isListening, inode }) => (isListening ? [inode] : []));
    }
    const rows = table?.at(address.port).filter(({ port }) => port === address.port) ?? [];
    return rows.flatMap(({ state, inode }) => (state === TCP_STATE.listen ? [inode] : []));
  });
}
