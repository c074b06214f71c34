import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
} from "node:fs";
import { listenPort } from "../core/address.ts";
import { argvOf } from "../core/command.ts";
import { type InstanceId, instanceName } from "../core/observed.ts";
import type { Millis, ServiceSpec, Signal } from "../core/spec.ts";
import { type RunFiles, runFiles } from "../logs/layout.ts";
import type { ProjectPaths } from "../paths.ts";
import type { Switch } from "./account.ts";
import type { Cgroups } from "./cgroups.ts";
import { digestOf } from "./digest.ts";
import { fillCommand, markOf } from "./environment.ts";
import { failpoint } from "./failpoint.ts";
import { openReader } from "./fifos.ts";
import { ledgerHead } from "./ledger.ts";
import { lifeFifos } from "./life.ts";
import { listenEnvironment } from "./listen-environment.ts";
import { oomKills } from "./oom.ts";
import { writeAll } from "./own-files.ts";
import { ownProgram } from "./own-programs.ts";
import { DEFAULT_PATH, findProgram } from "./program.ts";
import type { Reporter } from "./reports.ts";
import { shimCommand, shimStdio } from "./shim.ts";
import type { HeldSocket } from "./sockets.ts";
import { identifyChild, type Process } from "./tree.ts";

/** One run of one slot, from the moment it was asked for until nothing of it is left. */
export interface Run {
  /** What it is called now; `rename` changes it. */
  id: InstanceId;
  spec: ServiceSpec;
  /** What its processes carry in their environment, for ever; known of an adopted run once it was looked at. */
  mark: string;
  files: RunFiles;
  life: { readonly main: string; readonly tree: string };
  port: number | null;
  env: Readonly<Record<string, string>>;
  /** What it is passed, in order; of an adopted run not known, and not needed. */
  sockets: readonly HeldSocket[];
  reporter: Reporter | null;
  /** There may be processes of it. */
  isSpawned: boolean;
  /** An earlier supervisor started it, so it is no child of ours. */
  isAdopted: boolean;
  shim: Process | null;
  /** The program itself; null before it runs, and when it was gone before it could be looked at. */
  program: Process | null;
  /** Its own cgroup, which its program entered before it ran; null: there is none. */
  cgroup: string | null;
  /** Its connections are let go of before it hears of its end; aborted, it hears of it at once. */
  draining: AbortController | null;
  /** Asked to end before there was anything to send a signal to. */
  ending: Signal | null;
  /** How often it was looked for and killed. */
  kills: number;
  isStarted: boolean;
  /** As far as is known, its program never ran: true until then for what was adopted while it was starting. */
  hasNeverBegun: boolean;
  /** When it ended, where that was before it was adopted. */
  endedAt: Millis | null;
  hasExited: boolean;
  /** Nobody holds the tree fifo any more. */
  isTreeGone: boolean;
  readonly watchers: { close(): void }[];
}

export interface RunContext {
  readonly paths: ProjectPaths;
  /** The same folder may be somebody else's project too: this is its name among all of the machine. */
  readonly projectId: string;
  readonly socketPath: string;
  /** The soft limit of open files that programs get back. */
  readonly fileLimit: number;
  /** Carried by the shims for the next supervisor; null: there is none. */
  readonly key: string | null;
  readonly cgroups: Cgroups;
  /** What it listens on, once nobody else minds: see `Sockets.socketsFor`. Throws an Error in words. */
  readonly socketsFor?: (spec: ServiceSpec) => readonly HeldSocket[];
  /** Something could not be written. True: there was no room and some was made, so it may be tried once more. */
  readonly onFull?: (error: unknown) => boolean;
}

export function newRun(id: InstanceId, spec: ServiceSpec, context: RunContext): Run {
  const { service, slot, run } = id;
  return {
    id,
    spec,
    mark: markOf(context.projectId, id),
    files: runFiles(context.paths.runs, service, slot, run),
    life: lifeFifos(context.paths, id),
    port: ownPort(spec, slot),
    env: {},
    sockets: [],
    reporter: null,
    isSpawned: false,
    isAdopted: false,
    shim: null,
    program: null,
    cgroup: null,
    draining: null,
    ending: null,
    kills: 0,
    isStarted: false,
    hasNeverBegun: false,
    endedAt: null,
    hasExited: false,
    isTreeGone: false,
    watchers: [],
  };
}

/** Where a probe of this instance asks, and what its program finds as $PORT, as far as that is known before it runs. */
function ownPort(spec: ServiceSpec, slot: number): number | null {
  if (typeof spec.port === "number") return spec.port + slot - 1;
  return spec.listen === null || spec.listen.mode === "proxy" ? null : listenPort(spec);
}

/** What it is called from now on; its files are elsewhere moved, or not there yet. */
export function nameRun(run: Run, to: InstanceId, paths: ProjectPaths): void {
  run.id = to;
  run.files = runFiles(paths.runs, to.service, to.slot, to.run);
  run.life = lifeFifos(paths, to);
}

/** Spawns the shim. Both fifos must exist; what is thrown or emitted as `error` means that nothing runs. */
export function spawnRun(run: Run, change: Switch | null, context: RunContext): SpawnedRun {
  const { files, spec, id } = run;
  const fds: number[] = [];
  const open = (path: string, flags: number): number => {
    const fd = openSync(path, flags, 0o600);
    fds.push(fd);
    return fd;
  };
  const append = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;
  mkdirSync(files.folder, { recursive: true, mode: 0o700 });
  const readers: number[] = [];
  try {
    const [out, err, ledger] = [files.out, files.err, files.ledger].map((path) =>
      open(path, append),
    );
    const { tree, main } = openLife(run, readers, open);
    const [o = 0, e = 0, l = 0] = [out, err, ledger];
    const { mark, port } = run;
    const exchange = run.reporter?.exchange ?? null;
    writeHead(
      l,
      ledgerHead({ mark, port, oom: oomKills(), exchange }),
      context.onFull ?? (() => false),
    );
    run.cgroup = context.cgroups.make(mark);
    if (change !== null) for (const fd of [o, e]) fchownSync(fd, change.account.uid, -1);
    const shim = shimCommand({
      name: `${context.paths.id}/${instanceName(id)}`,
      argv:
        ownProgram(spec, id.slot)?.argv ?? argvOf(fillCommand(spec.command, id.slot), spec.shell),
      ...passed(run),
      env: { ...run.env, ...listenEnvironment(spec, run.sockets) },
      nofile: spec.limits.nofile,
      fileLimit: context.fileLimit,
      umask: spec.umask,
      wrappers: wrappersOf(spec, change),
      carried: carriedBy(run, change, context),
    });
    failpoint("spawn.before");
    const child = spawn(shim.file, shim.args, {
      cwd: spec.cwd,
      env: shim.env,
      // Its own session and process group: setsid(2).
      detached: true,
      stdio: shimStdio({
        sockets: run.sockets.map(({ fd }) => fd),
        out: o,
        err: e,
        ledger: l,
        main,
        tree,
      }),
      ...(change !== null && change.wrapper === null
        ? { uid: change.account.uid, gid: change.account.gid }
        : {}),
    });
    failpoint("spawn.after");
    run.isSpawned = true;
    run.shim = child.pid === undefined ? null : identifyChild(child.pid);
    const [mainReader = -1, treeReader = -1] = readers.splice(0);
    return { child, mainReader, treeReader };
  } finally {
    // The child has its own copies: while we held a write end, its death could not be seen.
    for (const fd of [...fds, ...readers]) closeSync(fd);
  }
}

/** All of it or nothing: a part would make the lines that follow unreadable. */
function writeHead(ledger: number, head: string, onFull: (error: unknown) => boolean): void {
  const { size } = fstatSync(ledger);
  for (;;) {
    try {
      writeAll(ledger, Buffer.from(head));
      return;
    } catch (error) {
      ftruncateSync(ledger, size);
      if (!onFull(error)) throw error;
    }
  }
}

export interface SpawnedRun {
  readonly child: ChildProcess;
  /** Our ends of the life fifos; whoever watches them closes them. */
  readonly mainReader: number;
  readonly treeReader: number;
}

/** A program that serves one connection after the other, as inetd's `wait`, expects the socket as its input. */
function passed({ spec, sockets }: Run): Pick<Parameters<typeof shimCommand>[0], "sockets"> {
  if (sockets.length === 0) return {};
  const isInput = spec.listen?.mode === "inetd" && spec.listen.wait;
  return { sockets: { count: sockets.length, isInput } };
}

/** Another user could read the key in the environment of a shim that runs as him. */
function carriedBy(run: Run, change: Switch | null, { key }: RunContext) {
  const isOurs = change === null || change.wrapper !== null;
  return {
    PROCS_DIGEST: digestOf(run.spec),
    ...(run.cgroup === null ? {} : { PROCS_CGROUP: run.cgroup }),
    ...(key === null || !isOurs ? {} : { PROCS_KEY: key }),
  };
}

function openLife(run: Run, readers: number[], open: (path: string, flags: number) => number) {
  readers.push(openReader(run.life.main), openReader(run.life.tree));
  return {
    // For reading too, so that the shim can write even when no supervisor lives to read.
    main: open(run.life.main, constants.O_RDWR),
    tree: open(run.life.tree, constants.O_WRONLY),
  };
}

function wrappersOf(spec: ServiceSpec, change: Switch | null): readonly (readonly string[])[] {
  const wrappers: (readonly string[])[] = [];
  if (spec.nice !== null) {
    const nice = findProgram("nice", "/", DEFAULT_PATH);
    if (nice.kind === "found") wrappers.push([nice.path, "-n", String(spec.nice)]);
  }
  if (change !== null && change.wrapper !== null) wrappers.push(change.wrapper);
  return wrappers;
}
