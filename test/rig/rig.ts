import { spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ResultItem } from "../../src/control/protocol.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { localEngine } from "../../src/engines/local.ts";
import { type ProjectPaths, projectPaths } from "../../src/paths.ts";
import { builtPackage } from "./built.ts";
import { removeCgroups } from "./cgroups.ts";
import { until } from "./until.ts";

/** What a program that ran left. */
export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A project in a folder of its own, and all that is needed to run it without touching anything of the user. */
export interface Rig {
  /** Real path of the project's folder. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly paths: ProjectPaths;
  readonly engine: Engine;
  /** Another client, which calls itself another version. */
  engineOf(version: string): Engine;
  /** The program of the supervisor, compiled. */
  readonly entry: string;
  /** `bin/procs.js`, compiled. */
  readonly cli: string;
  /** Writes a file below the project's folder. */
  write(name: string, content: string): void;
  /** Runs the real command line in the project's folder to its end. */
  procs(...args: readonly string[]): Promise<Ran>;
  /** The pids of everything that this project started and that still lives: supervisor, shims, programs. */
  processes(): readonly number[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** `await using rig = await createRig()`: at the end every process has ended and every folder is gone. */
export async function createRig(files: Readonly<Record<string, string>> = {}): Promise<Rig> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "procs-rig-")));
  const folder = join(root, "project");
  const state = join(root, "s");
  mkdirSync(folder);
  const env = {
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    HOME: root,
    PROCS_STATE_DIR: state,
    PROCS_RIG: root,
  };
  const built = builtPackage();
  const entry = join(built, "dist", "supervisor", "main.js");
  const cli = join(built, "bin", "procs.js");
  const paths = projectPaths(folder, env, process.getuid?.() ?? 0);
  const write = (name: string, content: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  for (const [name, content] of Object.entries(files)) write(name, content);
  return {
    ...{ folder, env, paths, entry, cli, write },
    engine: localEngine(paths, { env, entry }),
    engineOf: (version) => localEngine(paths, { env, entry, version }),
    procs: (...args) => run(process.execPath, [cli, ...args], folder, env),
    processes: () => processesOf(root),
    async [Symbol.asyncDispose]() {
      await end(root);
      removeCgroups(env.PROCS_STATE_DIR);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Service -> what became of it. */
export function outcomes(result: ResultItem): Readonly<Record<string, string>> {
  return Object.fromEntries(result.services.map((service) => [service.name, service.outcome]));
}

/** Service -> the pids of its live instances. */
export async function pidsOf(rig: Rig): Promise<Record<string, readonly (number | null)[]>> {
  const snapshot = await rig.engine.snapshot();
  const services = snapshot?.services ?? [];
  return Object.fromEntries(services.map((one) => [one.name, one.instances.map((i) => i.pid)]));
}

function run(
  file: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data) => {
      stdout += data;
    });
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** By a path below the rig's folder in the command line or the environment: no other process has one. */
function processesOf(root: string): readonly number[] {
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => {
    if (pid === process.pid) return false;
    try {
      const isOurs = [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`].some((file) =>
        readFileSync(file, "latin1").includes(root),
      );
      return isOurs && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
    } catch {
      return false;
    }
  });
}

async function end(root: string): Promise<void> {
  await until("everything of the rig has ended", () => {
    const pids = processesOf(root);
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Gone meanwhile.
      }
    }
    return pids.length === 0;
  });
}
