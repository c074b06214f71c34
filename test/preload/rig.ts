import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, fstatSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll } from "vitest";
import type { ListenAddress } from "../../src/core/spec.ts";
import { RawListener } from "../../src/host/raw-sockets.ts";
import { freePort } from "../rig/served.ts";
import { until } from "../rig/until.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Made once for a file of tests, from the sources as they are now. */
const PRELOAD = mkdtempSync(join(tmpdir(), "procs-preload-"));
const BUNDLE = join(ROOT, "scripts/bundle.mjs");
execFileSync(process.execPath, [BUNDLE, "--preload", join(ROOT, "src/preload"), PRELOAD]);
afterAll(() => rmSync(PRELOAD, { recursive: true, force: true }));

/** The Nodes that are tried: the one that runs the tests, and those that PROCS_TEST_NODES names, between colons. */
export const NODES: readonly string[] = [process.execPath, ...namedNodes()];

/** One socket of procs, and programs that are started with it as procs starts them. */
export interface Rig {
  readonly folder: string;
  readonly port: number;
  /** A socket file, where it was asked for. */
  readonly path: string | null;
  /** Runs a program; resolves when it has said `listening`. */
  run(file: string, text: string, env?: Readonly<Record<string, string>>): Promise<Program>;
  /** Runs a command; does not wait for what it says. */
  start(argv: readonly string[], env?: Readonly<Record<string, string>>): Program;
  close(): void;
}

export interface Program {
  readonly pid: number;
  said(): string;
  /** Resolves when it has said it. */
  says(text: string): Promise<void>;
  /** To it and all that it has started, as procs sends it. */
  signal(name: NodeJS.Signals): void;
  /** The exit code, or the signal that ended it. */
  readonly exit: Promise<number | NodeJS.Signals>;
}

export async function createRig(kind: "tcp" | "unix" = "tcp"): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), "procs-preload-"));
  const port = await freePort();
  const path = kind === "unix" ? join(folder, "api.sock") : null;
  const address: ListenAddress =
    path === null ? { kind: "tcp", host: null, port } : { kind: "unix", path, mode: 0o600 };
  const socket = RawListener.bind(address, 511);
  const { ino } = fstatSync(socket.fd);
  const share = join(folder, "share");
  writeFileSync(share, "");
  const programs: ChildProcess[] = [];
  let slot = 0;
  const start: Rig["start"] = (argv, env = {}) => {
    const [file = "", ...args] = argv;
    const where = path === null ? { port, host: null } : { path };
    const child = spawn(file, args, {
      ...{ cwd: folder, detached: true, stdio: ["ignore", "pipe", "pipe", socket.fd] },
      env: {
        ...{ PATH: process.env.PATH, HOME: folder, PORT: String(port) },
        PROCS_LISTEN: JSON.stringify([{ fd: 3, ino, backlog: 511, ...where }]),
        ...{ PROCS_STOP: "SIGTERM 10000", PROCS_SHARE: share, PROCS_ID: `x:api.${++slot}.1` },
        NODE_OPTIONS: `--require "${join(PRELOAD, "main.cjs")}"`,
        ...env,
      },
    });
    programs.push(child);
    return programOf(child);
  };
  return {
    ...{ folder, port, path, start },
    run: async (file, text, { NODE = process.execPath, ...env } = {}) => {
      writeFileSync(join(folder, file), text);
      const program = start([NODE, file], env);
      await program.says("listening");
      return program;
    },
    close: () => {
      for (const child of programs) killGroup(child.pid ?? 0, "SIGKILL");
      socket.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function programOf(child: ChildProcess): Program {
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => (said += text));
  const exit = new Promise<number | NodeJS.Signals>((done) => {
    child.once("exit", (code, signal) => done(signal ?? code ?? -1));
  });
  const { pid = 0 } = child;
  return {
    ...{ pid, exit, said: () => said },
    says: (text) =>
      until(
        () => `"${text}" is said; said was: ${said}`,
        () => said.includes(text),
      ).then(() => undefined),
    signal: (name) => killGroup(pid, name),
  };
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly connection: string | undefined;
}

/** One request on a connection of its own, which it would keep. */
export function ask(rig: Rig, path = "/", host = "127.0.0.1"): Promise<Answer> {
  const where = rig.path === null ? { host, port: rig.port } : { socketPath: rig.path };
  return new Promise((done, fail) => {
    const headers = { connection: "keep-alive" };
    const asked = request({ ...where, path, headers, agent: false }, (response) => {
      let body = "";
      response.on("data", (part) => (body += part));
      const { statusCode: status = 0, headers } = response;
      response.on("end", () => {
        asked.destroy();
        done({ status, body, connection: headers.connection });
      });
      response.on("error", fail);
    });
    asked.on("error", fail).end();
  });
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has gone.
  }
}

function namedNodes(): readonly string[] {
  const named = (process.env.PROCS_TEST_NODES ?? "").split(":").filter((path) => path !== "");
  if (named.length === 0) {
    console.warn("notice: PROCS_TEST_NODES names no other Nodes; the preload is tried in this one");
  }
  return named.filter((path) => existsSync(path));
}
