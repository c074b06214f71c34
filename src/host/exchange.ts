import { chownSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InstanceId } from "../core/observed.ts";
import type { Account } from "./account.ts";

/** Paths of Unix sockets end here on every system that matters: 104 on macOS, 108 on Linux. */
const SOCKET_PATH_MAX = 100;

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
  let path = join(runtime, "exchange", `${id.service}.${id.slot}.${id.run}`);
  if (account !== null || Buffer.byteLength(path) > SOCKET_PATH_MAX - "/preload.cjs".length) {
    path = mkdtempSync(join(tmpdir(), "procs-"));
    if (account !== null) chownSync(path, account.uid, account.gid);
  } else {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
