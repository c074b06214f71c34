import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event } from "../../src/core/event.ts";
import { type InstanceId, sameId } from "../../src/core/observed.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { preparePaths } from "../../src/host/folders.ts";
import { createHost, type HostOptions, type RealHost } from "../../src/host/host.ts";
import { findProcess, listProcesses } from "../../src/host/tree.ts";
import { type RunFiles, runFiles } from "../../src/logs/layout.ts";
import { type ProjectPaths, projectPaths } from "../../src/paths.ts";
import { until } from "../rig/until.ts";
import { specOf } from "./spec.ts";

/** A real host in a folder of its own, and what it emitted. */
export interface HostRig {
  readonly folder: string;
  readonly paths: ProjectPaths;
  readonly host: RealHost;
  readonly events: Event[];
  readonly warnings: string[];
  /** A service that runs the given command in the folder. */
  spec(command: string | readonly string[], change?: Partial<ServiceSpec>): ServiceSpec;
  files(id: InstanceId): RunFiles;
  /** The first event of a kind about a run, once it is there. */
  event<K extends Event["kind"]>(kind: K, id?: InstanceId): Promise<Extract<Event, { kind: K }>>;
  /** Another host of the same project, as after a death of the supervisor. */
  successor(): RealHost;
  close(): Promise<void>;
}

export const API: InstanceId = { service: "api", slot: 1, run: 1 };

export async function createRig(options: Partial<HostOptions> = {}): Promise<HostRig> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "procs-host-")));
  const paths = projectPaths(folder, { PROCS_STATE_DIR: join(folder, ".state") }, 0);
  preparePaths(paths);
  const events: Event[] = [];
  const warnings: string[] = [];
  const create = () =>
    createHost({
      paths,
      emit: (event) => events.push(event),
      warn: (message) => warnings.push(message),
      ...options,
    });
  const hosts = [create()];
  const event = async <K extends Event["kind"]>(kind: K, id = API) => {
    const isIt = (each: Event): each is Extract<Event, { kind: K }> =>
      each.kind === kind && (!("id" in each) || sameId(each.id, id));
    await eventually(`${kind} of ${id.service}.${id.slot}#${id.run}`, () => events.some(isIt));
    const found = events.find(isIt);
    if (found === undefined) throw new Error("unreachable");
    return found;
  };
  return {
    folder,
    paths,
    host: hosts[0] ?? create(),
    events,
    warnings,
    spec: (command, change = {}) => specOf(command, { cwd: folder, ...change }),
    files: (id) => runFiles(paths.runs, id.service, id.slot, id.run),
    event,
    successor: () => {
      const next = create();
      hosts.push(next);
      return next;
    },
    close: async () => {
      for (const host of hosts) await host.close();
      const last = create();
      const immortal = await last.killLeftovers(last.leftovers(), {
        services: new Map(),
        hurry: AbortSignal.abort(),
      });
      await last.close();
      rmSync(folder, { recursive: true, force: true });
      if (immortal.length > 0) throw new Error(`still alive: ${JSON.stringify(immortal)}`);
    },
  };
}

/** Waits for a state, and says which one when it does not come. */
export async function eventually(
  what: string,
  check: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  await until(what, check, limitMs);
}

/** Whether a process with this pid exists and is not a dead one that nobody waited for. */
export function isAlive(pid: number): boolean {
  return findProcess(pid) !== null;
}

/** Whether the first run's program has a child: a shell script that got as far as its first command. */
export function hasChild(rig: HostRig): boolean {
  const started = rig.events.find((event) => event.kind === "started");
  if (started?.kind !== "started") return false;
  return listProcesses().some((process) => process.parent === started.pid);
}

/** The pid that a program writes into a file, once it is there. */
export async function pidIn(path: string): Promise<number> {
  const read = () => (existsSync(path) ? readFileSync(path, "utf8") : "");
  await eventually(`a pid in ${path}`, () => read().endsWith("\n"));
  return Number(read());
}
