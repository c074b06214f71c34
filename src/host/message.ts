import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Account } from "./account.ts";
import { giveTo } from "./preload.ts";

/**
 * `process.send("ready")` without a channel of Node's own: that would tie the life of the program to the
 * supervisor's. The preload gives the program a `process.send` which writes to this file.
 */
export function makeMessageFile(folder: string, account: Account | null): void {
  const file = join(folder, MESSAGE_FILE);
  writeFileSync(file, "", { mode: 0o600 });
  if (account !== null) giveTo(file, account);
}

/** Where the preload finds it. */
export function messageEnvironment(folder: string): Readonly<Record<string, string>> {
  return { PROCS_MESSAGE: join(folder, MESSAGE_FILE) };
}

/** In the exchange folder. It gets a line `ready`. */
export const MESSAGE_FILE = "message";
