import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { findProcess } from "../../src/host/tree.ts";
import { until } from "./until.ts";

const LAST_PID = "/proc/sys/kernel/ns_last_pid";
const TRIES_MAX = 200;

/** Whether this machine lets us say which pid the next process gets. */
export function canReusePids(): boolean {
  try {
    writeFileSync(LAST_PID, readFileSync(LAST_PID));
    return true;
  } catch {
    return false;
  }
}

/** A stranger that has this pid, which is free; in its own session, as anybody's process would be. */
export async function strangerWith(pid: number): Promise<ChildProcess> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const last = readFileSync(LAST_PID);
    writeFileSync(LAST_PID, String(pid - 1));
    const child = spawn("sleep", ["1000"], {
      detached: true,
      stdio: "ignore",
      env: { PATH: process.env.PATH ?? "" },
    });
    // Whoever else starts processes now gets the numbers that he would have got.
    writeFileSync(LAST_PID, last);
    if (child.pid === pid) return child;
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    // Somebody else has it, who is a stranger too, but not ours to rely on.
    await until("the number is free", () => findProcess(pid) === null, 20_000);
  }
  throw new Error(`${pid} could not be had`);
}
