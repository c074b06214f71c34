import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createProject, type Project } from "./project.ts";
import { mountTmpfs, type Tmpfs } from "./tmpfs.ts";

/** Writes numbered lines as fast as it is told to, and keeps count of what write(2) said, where there is room. */
const PRINTER = `
const fs = require("node:fs");
const told = { lines: 0, short: 0, errors: {} };
function print() {
  if (fs.existsSync("rest")) return;
  for (let i = 0; i < 200; i++) {
    const line = "line " + told.lines + " " + "x".repeat(100) + "\\n";
    try {
      if (fs.writeSync(1, line) === line.length) told.lines += 1;
      else told.short += 1;
    } catch (error) {
      told.errors[error.code] = (told.errors[error.code] ?? 0) + 1;
    }
  }
  fs.writeFileSync("told.json.new", JSON.stringify(told));
  fs.renameSync("told.json.new", "told.json");
}
setInterval(print, 10);
`;

export const YAML = `
services:
  quiet:
    command: sleep 1000
  printer:
    command: [node, printer.js]
`;

export interface Told {
  readonly lines: number;
  readonly short: number;
  readonly errors: Readonly<Record<string, number>>;
}

export interface Crowded extends AsyncDisposable {
  readonly project: Project;
  readonly disk: Tmpfs;
  readonly state: string;
  told(): Told;
}

/** A project whose state folder is a file system of two megabytes. */
export function crowded(options = "size=2m", yaml = YAML): Crowded {
  const project = createProject(yaml);
  project.write("printer.js", PRINTER);
  const state = join(project.stateFolder, "state");
  const disk = mountTmpfs(state, options);
  return {
    ...{ project, disk, state },
    told: () => JSON.parse(readFileSync(join(project.folder, "told.json"), "utf8")),
    async [Symbol.asyncDispose]() {
      await project.procs("down", "-t", "1s");
      disk[Symbol.dispose]();
      await project[Symbol.asyncDispose]();
    },
  };
}

/** What happened, a message each. */
export async function events(project: Project): Promise<readonly string[]> {
  const { stdout } = await project.procs("events", "--json");
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line).message);
}

/** Storing has stopped. */
export const isStopped = (message: string) => /^no space left .*not being stored$/.test(message);
/** It goes on. */
export const isResumed = (message: string) =>
  /^there is space again .*output is stored/.test(message);

/** Takes every byte that is left. */
export function fill(path: string): void {
  for (const size of [100_000, 4_096, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: "a" });
    } catch {
      if (statSync(path).size === 0) throw new Error("nothing could be written at all");
    }
  }
}
