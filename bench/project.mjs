// A project of its own for one measurement, ended and removed afterwards.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const BIN = resolve(import.meta.dirname, "../bin/procs.js");

export async function withProject(yaml, measure) {
  const folder = mkdtempSync(join(tmpdir(), "procs-bench-"));
  const env = { ...process.env, PROCS_STATE_DIR: join(folder, "procs") };
  const procs = (...args) => {
    const ran = spawnSync(process.execPath, [BIN, ...args], { cwd: folder, env, encoding: "utf8" });
    if (ran.status !== 0)
      throw new Error(`procs ${args.join(" ")}: ${ran.status}\n${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  };
  writeFileSync(join(folder, "procs.yaml"), yaml);
  try {
    await measure({ folder, env, procs });
  } finally {
    spawnSync(process.execPath, [BIN, "down", "-t", "1s"], { cwd: folder, env });
    rmSync(folder, { recursive: true, force: true });
  }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Wall time of a command, in milliseconds. */
export function timed(command, args, options) {
  const begin = performance.now();
  const { status, stderr } = spawnSync(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${status} ${stderr}`);
  return performance.now() - begin;
}
