import { type ChildProcess, spawn } from "node:child_process";
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
import { dirname, join, resolve } from "node:path";
import type { ServiceStatus, Snapshot } from "../../src/control/snapshot.ts";
import { removeCgroups } from "./cgroups.ts";
import { until } from "./until.ts";

/** The built program; PROCS_TEST_BIN names another build of it. */
export const BIN = process.env.PROCS_TEST_BIN ?? resolve(import.meta.dirname, "../../bin/procs.js");

/** What a command left: its exit code and both streams, whole. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A project in a folder of its own, driven through the command line as a user would. */
export interface Project extends AsyncDisposable {
  readonly folder: string;
  /** Everything that procs keeps for it: state, logs, socket. */
  readonly stateFolder: string;
  readonly env: NodeJS.ProcessEnv;
  write(file: string, text: string): void;
  procs(...args: string[]): Promise<Ran>;
  /** The same, left running; ended with the project. */
  open(...args: string[]): ChildProcess;
  snapshot(): Promise<Snapshot>;
  service(name: string): Promise<ServiceStatus>;
  /** Process ids of the instances of a service, by instance number; null: not running. */
  pids(name: string): Promise<(number | null)[]>;
  /** Waits until the service shows this state. */
  reaches(name: string, state: ServiceStatus["state"]): Promise<ServiceStatus>;
  /** Processes of this project, supervisor included, that are alive now: `pid command`. */
  alive(): string[];
}

export function createProject(yaml: string, env: Record<string, string> = {}): Project {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "procs-scenario-")));
  const folder = join(root, "project");
  const stateFolder = join(root, "procs");
  mkdirSync(folder);
  const children: ChildProcess[] = [];
  const all = { ...cleanEnv(), PROCS_STATE_DIR: stateFolder, ...env };

  const open = (...args: string[]): ChildProcess => {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: folder,
      env: all,
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    return child;
  };
  const project: Project = {
    folder,
    stateFolder,
    env: all,
    write(file, text) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    },
    procs: (...args) => finished(open(...args)),
    open,
    async snapshot() {
      const { stdout } = await finished(open("ps", "--json"));
      return JSON.parse(stdout);
    },
    async service(name) {
      const { services } = await project.snapshot();
      const found = services.find((service) => service.name === name);
      if (found === undefined)
        throw new Error(`no service ${name} in ${services.map((s) => s.name)}`);
      return found;
    },
    async pids(name) {
      return (await project.service(name)).instances.map((instance) => instance.pid);
    },
    reaches: (name, state) =>
      until(`${name} is ${state}`, async () => {
        // One that is not there yet may come: the command that brings it may just have begun.
        const { services } = await project.snapshot();
        const service = services.find((one) => one.name === name);
        return service?.state === state ? service : null;
      }),
    alive: () => processesOf(stateFolder),
    async [Symbol.asyncDispose]() {
      await finished(open("down", "-t", "1s"));
      for (const child of children) if (child.exitCode === null) child.kill("SIGKILL");
      // A guardian starts a supervisor anew, and a supervisor a guardian, until both have gone.
      await until("nothing of the project is left", () => {
        const left = processesOf(stateFolder);
        for (const line of left) killQuietly(Number.parseInt(line, 10));
        return left.length === 0;
      });
      removeCgroups(stateFolder);
      rmSync(root, { recursive: true, force: true });
    },
  };
  project.write("procs.yaml", yaml);
  return project;
}

export function finished(child: ChildProcess): Promise<Ran> {
  return new Promise((done, fail) => {
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.on("error", fail);
    child.on("close", (code) => done({ code, stdout, stderr }));
  });
}

/** The environment of a person without settings for procs or for colours. */
function cleanEnv(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(PROCS|VITEST|NODE_OPTIONS|FORCE_COLOR|NO_COLOR|CI$)/.test(name),
  );
  return Object.fromEntries(kept);
}

/** Looks for processes whose environment names the state folder: instances and supervisor alike. */
function processesOf(stateFolder: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, "latin1").includes(stateFolder)) continue;
      if (readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ")) continue;
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      // A command of the test itself may be on its way out.
      if (command !== "") found.push(`${pid} ${command}`);
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}
