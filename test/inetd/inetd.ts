import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { InetdSettings } from "../../src/core/inetd.ts";
import { RawListener } from "../../src/host/raw-sockets.ts";
import { builtPackage } from "../rig/built.ts";
import { freePort } from "../rig/served.ts";

/** A super server with a listening socket that this process holds, as a supervisor would. */
export interface Inetd {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  /** What it and the programs said on stderr so far. */
  log(): string;
  connect(): Socket;
  /** Sends, ends, and gives what came back. */
  ask(text: string): Promise<string>;
  /** Process ids of what it has started and is still there. */
  children(): readonly number[];
}

export async function inetd(
  argv: readonly string[],
  change: Partial<InetdSettings> & { readonly isUnix?: boolean; readonly env?: object } = {},
): Promise<Inetd> {
  const { isUnix = false, env = {}, ...settings } = change;
  const folder = mkdtempSync(join(tmpdir(), "procs-inetd-"));
  const path = join(folder, "s");
  const where = isUnix ? { path } : { host: "127.0.0.1", port: await freePort() };
  const listener = RawListener.bind(
    isUnix ? { kind: "unix", path, mode: 0o600 } : { kind: "tcp", host: null, port: 0, ...where },
    511,
  );
  const all: InetdSettings = {
    ...{ argv, max_connections: 64, per_source: null, rate: null, idle_stop: null },
    stop: { signal: "SIGTERM", timeout: 10_000 },
    ...settings,
  };
  const main = join(builtPackage(), "dist/inetd/main.js");
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, PROCS_INETD: JSON.stringify(all), LISTEN_FDS: "1", ...env },
    stdio: ["ignore", "inherit", "pipe", listener.fd],
    detached: true,
  });
  let log = "";
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    log += text;
  });
  const exited = new Promise<number | null>((done) => child.once("exit", done));
  const sockets: Socket[] = [];
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    const left = childrenOf(child.pid ?? 0);
    child.kill("SIGKILL");
    for (const pid of left) killQuietly(-pid);
    await exited;
    listener.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const one = (): Socket => {
    const socket = connect({ ...where, allowHalfOpen: true });
    socket.on("error", () => {});
    sockets.push(socket);
    return socket;
  };
  return {
    child,
    exited,
    log: () => log,
    connect: one,
    ask: (text) => asked(one(), text),
    children: () => childrenOf(child.pid ?? 0),
  };
}

/** What comes over a connection until its end. Fails when it is reset. */
export function asked(socket: Socket, text: string): Promise<string> {
  return new Promise((done, fail) => {
    let answer = "";
    socket.setEncoding("utf8").on("data", (part) => {
      answer += part;
    });
    socket.once("error", fail);
    socket.once("end", () => {
      socket.end();
      done(answer);
    });
    socket.end(text);
  });
}

function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text.trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}
