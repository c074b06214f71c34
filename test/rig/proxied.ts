import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { createServer as createTcp, type Socket, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DrainedReport, ProxyTable, ProxyUpstream } from "../../src/control/proxying.ts";
import { RawListener } from "../../src/host/raw-sockets.ts";
import { builtPackage } from "./built.ts";
import { until } from "./until.ts";

/** What a table says beside its upstreams. */
type Settings = Partial<Omit<ProxyTable, "upstreams">>;

/** A proxy in a process of its own, and what it takes for its supervisor. */
export interface Proxied extends AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  /** Tells it who is there; `slot.run` of what it is given. */
  tell(upstreams: readonly ProxyUpstream[], settings?: Settings): void;
  /** `slot.run` of what it last said is drained. */
  drained(): readonly string[];
  /** The supervisor dies, or another one is there. */
  supervise(isThere: boolean): Promise<void>;
  rssBytes(): number;
  files(): number;
  signal(signal: NodeJS.Signals): void;
  /** The code with which it ended. */
  ended(limitMs?: number): Promise<number | null>;
}

const SETTINGS: ProxyTable = {
  upstreams: [],
  ...{ v: 1, kind: "table", service: "api", hopeless: false, accepts: true, sticky: false },
  ...{ proxy_protocol: false, hold_ms: 10_000, drain_ms: 10_000 },
};

/** Built while the test file is loaded: no test is to wait for it. */
const MAIN = join(builtPackage(), "dist/proxy/main.js");

/** `nofile`: its limit of open files. */
export async function startProxy(options: { readonly nofile?: number } = {}): Promise<Proxied> {
  const folder = mkdtempSync(join(tmpdir(), "procs-proxy-"));
  const socket = join(folder, "sock");
  const port = await unusedPort();
  const listener = RawListener.bind({ kind: "tcp", host: "127.0.0.1", port }, 511);
  let table: ProxyTable = SETTINGS;
  let last: readonly string[] = [];
  const streams = new Set<ServerResponse>();
  const line = () => `${JSON.stringify(table)}\n`;
  let server: Server | null = null;
  const supervise = async (isThere: boolean) => {
    for (const stream of streams) stream.destroy();
    await new Promise<void>((done) => (server === null ? done() : server.close(() => done())));
    server = null;
    if (!isThere) return;
    server = createServer((request, response) => {
      if (request.method === "GET") {
        streams.add(response);
        response.once("close", () => streams.delete(response));
        response.writeHead(200, { "content-type": "application/x-ndjson" });
        response.write(line());
        return;
      }
      let body = "";
      request.on("data", (part) => {
        body += part;
      });
      request.on("end", () => {
        const report: DrainedReport = JSON.parse(body);
        last = report.instances.map(({ slot, run }) => `${slot}.${run}`);
        response.end('{"ok":true}\n');
      });
    });
    await new Promise<void>((done) => server?.listen(socket, done));
  };
  await supervise(true);
  const limit = options.nofile === undefined ? "" : `ulimit -n ${options.nofile}; `;
  const child = spawn("sh", ["-c", `${limit}exec "$0" "$1"`, process.execPath, MAIN], {
    env: { PROCS_SOCKET: socket, PROCS_PROXIED: "api", LISTEN_FDS: "1" },
    stdio: ["ignore", "pipe", "inherit", listener.fd],
  });
  let said = "";
  child.stdout?.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  const over = new Promise<number | null>((done) => child.once("exit", (code) => done(code)));
  await until("the proxy accepts", () => said.includes("accepts connections"));
  return {
    ...{ port, folder, supervise },
    tell(upstreams, settings = {}) {
      table = { ...SETTINGS, ...settings, upstreams };
      for (const stream of streams) stream.write(line());
    },
    drained: () => last,
    rssBytes: () => rssOf(child),
    files: () => readdirSync(`/proc/${child.pid}/fd`).length,
    signal: (signal) => void child.kill(signal),
    ended: (limitMs = 10_000) => within("the proxy has ended", over, limitMs),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await over;
      await supervise(false);
      listener.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A TCP server that does with each connection what a test says. */
export interface Program extends AsyncDisposable {
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  as(slot: number, state?: ProxyUpstream["state"], run?: number): ProxyUpstream;
}

export async function serve(
  onConnection: (socket: Socket) => void,
  at: { readonly path?: string } = {},
): Promise<Program> {
  const sockets = new Set<Socket>();
  const server = createTcp({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
    onConnection(socket);
  });
  await new Promise<void>((done) => {
    if (at.path === undefined) server.listen(0, "127.0.0.1", done);
    else server.listen(at.path, done);
  });
  const port = portOf(server);
  return {
    ...{ port, sockets },
    as: (slot, state = "ready", run = 1) => ({
      ...{ slot, run, state, path: at.path ?? null },
      port: at.path === undefined ? port : null,
    }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

/** A port that nobody has now. */
export async function unusedPort(): Promise<number> {
  const server = createTcp();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const port = portOf(server);
  await new Promise((done) => server.close(done));
  return port;
}

function portOf(server: TcpServer): number {
  const address = server.address();
  return address === null || typeof address === "string" ? 0 : address.port;
}

function rssOf(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, "latin1");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

async function within<T>(what: string, answer: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not so within ${limitMs} ms: ${what}`)), limitMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
