import { type SpawnOptions, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { until } from "../rig/until.ts";

/** What a program that ran left. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function ran(file: string, args: readonly string[], options: SpawnOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Processes with a path below `root` in their command line or environment: pid and command. */
export function processesOf(root: string): readonly (readonly [number, string])[] {
  return readdirSync("/proc").flatMap((name) => {
    try {
      if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
      const environ = readFileSync(`/proc/${name}/environ`, "latin1");
      const isDead = readFileSync(`/proc/${name}/stat`, "latin1").includes(") Z ");
      const isOurs = command.includes(root) || environ.includes(root);
      return isOurs && !isDead ? [[Number(name), command.replaceAll("\0", " ")] as const] : [];
    } catch {
      return [];
    }
  });
}

/** Kills them until there are none: a guardian may be just starting what was killed. */
export async function endAll(root: string): Promise<void> {
  await until("everything has ended", () => {
    const left = processesOf(root);
    for (const [pid] of left) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Gone meanwhile.
      }
    }
    return left.length === 0;
  });
}
