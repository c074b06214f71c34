import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call } from "../../src/control/client.ts";
import type { PlanRequest, VersionReply } from "../../src/control/protocol.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { localEngine } from "../../src/engines/local.ts";
import { type ProjectPaths, projectPaths } from "../../src/paths.ts";
import type { Finding } from "./config.ts";
import { type ControlCase, controlCase } from "./control-cases.ts";

export interface ControlRun {
  readonly findings: readonly Finding[];
  /** HTTP statuses, and what else became of requests, with their counts. */
  readonly answers: ReadonlyMap<string, number>;
  /** The longest that `GET /v1/version` took in between. */
  readonly slowestMs: number;
  readonly memoryMb: number;
  /** Commands of processes that were still there after the down. */
  readonly left: readonly string[];
}

export interface ControlSettings {
  /** The supervisor's program, compiled. */
  readonly entry: string;
  readonly from: number;
  readonly count: number;
  /** How long an answer may take. */
  readonly limitMs: number;
}

const AT_A_TIME = 8;
/** How long a stream is listened to. */
const STREAM_MS = 100;
const MEMORY_MB_MAX = 250;

/** Sends made-up requests to a real supervisor with real processes, and looks whether it bears them. */
export async function fuzzControl(settings: ControlSettings): Promise<ControlRun> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "procs-fuzz-")));
  const folder = join(root, "project");
  mkdirSync(folder);
  const env = {
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    HOME: root,
    PROCS_STATE_DIR: join(root, "s"),
  };
  const paths = projectPaths(folder, env, process.getuid?.() ?? 0);
  const engine = localEngine(paths, { env, entry: settings.entry });
  try {
    await engine.operate(
      {
        op: "apply",
        command: "up",
        by: BY,
        expect: null,
        scale: {},
        force: false,
        wait: false,
        timeout_ms: 0,
        ...empty(folder),
      },
      { launch: true },
    );
    const fuzzer = new Fuzzer(settings, paths);
    await fuzzer.run();
    await fuzzer.end(engine);
    return { ...fuzzer.result(), left: await leftIn(root) };
  } finally {
    // More than once: a guardian may be just starting what was killed.
    for (let round = 0; round < 20; round++) {
      for (const [pid] of processesOf(root)) killQuietly(pid);
    }
    rmSync(root, { recursive: true, force: true });
  }
}

const BY = { user: "fuzz", via: "cli", pid: process.pid } as const;

class Fuzzer {
  readonly #settings: ControlSettings;
  readonly #paths: ProjectPaths;
  readonly #findings: Finding[] = [];
  readonly #answers = new Map<string, number>();
  #slowestMs = 0;
  #memoryMb = 0;
  #pid: number | null = null;

  constructor(settings: ControlSettings, paths: ProjectPaths) {
    this.#settings = settings;
    this.#paths = paths;
  }

  result() {
    const [answers, slowestMs, memoryMb] = [this.#answers, this.#slowestMs, this.#memoryMb];
    return { findings: this.#findings, answers, slowestMs, memoryMb };
  }

  async run(): Promise<void> {
    const { from, count } = this.#settings;
    for (let seed = from; seed < from + count && this.#findings.length < 20; seed += AT_A_TIME) {
      const seeds = Array.from(
        { length: Math.min(AT_A_TIME, from + count - seed) },
        (_, index) => seed + index,
      );
      await Promise.all([...seeds.map((one) => this.#try(one)), this.#look(seed)]);
    }
  }

  /** It still does what it is told. */
  async end(engine: Engine): Promise<void> {
    await this.#look(-1);
    const down = await engine.operate({ op: "down", by: BY, grace_ms: 100 }, { launch: false });
    if (!down.ok) this.#find(-1, "down did not end everything");
    const log = readFileSync(this.#paths.supervisorLog, "utf8");
    const stack = /^.*\n\s+at .*$/m.exec(log)?.[0];
    if (stack !== undefined) this.#find(-1, `its log tells of a fault: ${log.slice(-3_000)}`);
  }

  async #try(seed: number): Promise<void> {
    const one = controlCase(seed, this.#paths.folder);
    const answer = await send(this.#paths.socket, one, this.#settings.limitMs);
    const status = /^HTTP\/1\.1 (\d{3})/.exec(answer.text)?.[1] ?? answer.how;
    this.#answers.set(status, (this.#answers.get(status) ?? 0) + 1);
    if (answer.how === "hangs") this.#find(seed, `no end within ${this.#settings.limitMs} ms`);
    if (status.startsWith("5")) this.#find(seed, answer.text.slice(0, 1_000));
    if (/\n\s+at .*:\d+:\d+|node:internal/.test(answer.text))
      this.#find(seed, `a stack: ${answer.text}`);
    const isProject = one.bytes.includes("/v1/project") || one.bytes.includes('"project"');
    if (answer.text.includes("s3cr3t") && !isProject) this.#find(seed, `a secret: ${answer.text}`);
  }

  /** Asked by somebody else meanwhile: does it answer, soon, and is it still the same process? */
  async #look(seed: number): Promise<void> {
    const began = performance.now();
    // The route's answer by protocol.ts.
    const reply = (await call({
      socket: this.#paths.socket,
      method: "GET",
      path: "/v1/version",
    }).catch((error: unknown) => this.#find(seed, `it does not answer: ${String(error)}`))) as
      | VersionReply
      | null
      | undefined;
    const ms = performance.now() - began;
    this.#slowestMs = Math.max(this.#slowestMs, ms);
    if (ms > this.#settings.limitMs) this.#find(seed, `version took ${Math.round(ms)} ms`);
    const pid = reply?.pid ?? null;
    if (pid === null || (this.#pid !== null && pid !== this.#pid)) {
      const log = readFileSync(this.#paths.supervisorLog, "utf8");
      this.#find(seed, `the supervisor died: ${log.slice(-3_000)}`);
    }
    this.#pid = pid;
    if (pid !== null) this.#memoryMb = Math.max(this.#memoryMb, memoryMbOf(pid));
    if (this.#memoryMb > MEMORY_MB_MAX) this.#find(seed, `it has ${this.#memoryMb} MB`);
  }

  #find(seed: number, what: string): void {
    this.#findings.push({ seed, what });
  }
}

interface Answer {
  readonly text: string;
  readonly how: "ended" | "left" | "hangs";
}

function send(path: string, one: ControlCase, limitMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let text = "";
    const finish = (how: Answer["how"]) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, how });
    };
    const isLeft = one.isStream || one.manner !== "whole";
    const timer = setTimeout(() => finish(isLeft ? "left" : "hangs"), isLeft ? STREAM_MS : limitMs);
    socket.on("error", () => undefined);
    socket.on("close", () => finish("ended"));
    if (one.manner === "deaf") socket.pause();
    else socket.on("data", (data) => (text += data.toString("latin1")));
    socket.on("connect", () => {
      const { bytes, manner } = one;
      if (manner === "half") return void socket.end(bytes.subarray(0, bytes.length / 2));
      if (manner === "slow") return void socket.write(bytes.subarray(0, 20));
      socket.write(bytes, () => {
        if (manner === "reset") finish("left");
        // What says less than it announced waits for the rest; that is for the server to end.
        else if (!one.isStream) socket.end();
      });
    });
  });
}

function empty(folder: string): PlanRequest {
  const file = `${folder}/procs.yaml`;
  const log = { max_total: null, max_age: null };
  const project = {
    name: "fuzz",
    folder,
    file,
    inputs: [],
    reload: "manual",
    log,
    services: [],
    sources: {},
    variables: {},
  } as const;
  return {
    project,
    select: null,
    profiles: null,
    ambient: {},
    refresh_env: false,
    no_remove: false,
    reset_scale: false,
    only: null,
  };
}

function memoryMbOf(pid: number): number {
  try {
    return (
      Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024
    );
  } catch {
    return 0;
  }
}

/** By a path below the folder in the command line or the environment: no other process has one. */
function processesOf(root: string): readonly (readonly [number, string])[] {
  return readdirSync("/proc").flatMap((name) => {
    try {
      if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
      const isOurs =
        command.includes(root) || readFileSync(`/proc/${name}/environ`, "latin1").includes(root);
      const isDead = readFileSync(`/proc/${name}/stat`, "latin1").includes(") Z ");
      return isOurs && !isDead ? [[Number(name), command.replaceAll("\0", " ")] as const] : [];
    } catch {
      return [];
    }
  });
}

/** The guardian is the last to go, a moment after the answer to the down. */
async function leftIn(root: string): Promise<readonly string[]> {
  const until = performance.now() + 5_000;
  while (processesOf(root).length > 0 && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return processesOf(root).map(([, command]) => command);
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone meanwhile.
  }
}
