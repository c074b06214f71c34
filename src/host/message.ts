import { closeSync, fchownSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Account } from "./account.ts";

/**
 * `process.send("ready")` without a channel of Node's own: that would tie the life of the program to the
 * supervisor's. A preload gives the program a `process.send` which writes to a file. The environment loads
 * it into every Node below the program, so `npm start` works too.
 */
export function makeMessageFile(
  folder: string,
  account: Account | null,
): Readonly<Record<string, string>> {
  const file = join(folder, MESSAGE_FILE);
  const preload = join(folder, "preload.cjs");
  writeFileSync(preload, PRELOAD, { mode: 0o600 });
  writeFileSync(file, "", { mode: 0o600 });
  if (account !== null) for (const path of [preload, file]) giveTo(path, account);
  return messageEnvironment(folder);
}

/** What the program finds in its environment. */
export function messageEnvironment(folder: string): Readonly<Record<string, string>> {
  const preload = quoteOption(join(folder, "preload.cjs"));
  return { PROCS_MESSAGE: join(folder, MESSAGE_FILE), NODE_OPTIONS: `--require ${preload}` };
}

/** In the exchange folder. It gets a line `ready`. */
export const MESSAGE_FILE = "message";

function giveTo(path: string, account: Account): void {
  const fd = openSync(path, "r");
  fchownSync(fd, account.uid, account.gid);
  closeSync(fd);
}

/** NODE_OPTIONS is split at spaces, save between double quotes. */
function quoteOption(path: string): string {
  return `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** Plain JavaScript of any age: it runs in whatever Node the service uses. */
const PRELOAD = `"use strict";
var file = process.env.PROCS_MESSAGE;
// A channel of its own (a child that a program forked) and worker threads are left as they are.
if (file && typeof process.send !== "function" && require("worker_threads").isMainThread) {
  process.connected = true;
  process.send = function (message) {
    var callback = arguments[arguments.length - 1];
    var failure = null;
    if (!process.connected) failure = new Error("Channel closed");
    else if (message === "ready") {
      try { require("fs").appendFileSync(file, "ready\\n"); } catch (error) { failure = error; }
    }
    if (typeof callback === "function") process.nextTick(callback, failure);
    return failure === null;
  };
  process.disconnect = function () {
    if (!process.connected) return;
    process.connected = false;
    process.nextTick(function () { process.emit("disconnect"); });
  };
}
`;
