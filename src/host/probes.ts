import { spawn } from "node:child_process";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { connect, type LookupFunction } from "node:net";
import { argvOf } from "../core/command.ts";
import type { Check, Millis, Probe } from "../core/spec.ts";
import { identifyChild, killTrees } from "./tree.ts";

/** One attempt of a readiness probe ends here, however long the verdict may take. */
const ATTEMPT_MS_MAX = 5_000;
/** Of what an exec probe prints, its last line is shown; no more than this is kept. */
const OUTPUT_MAX = 4_096;
const LINE_MAX = 200;

export interface ProbeAnswer {
  readonly ok: boolean;
  /** One line for people: `GET :3000/health 200 in 3ms`. */
  readonly detail: string;
}

/** What a probe needs to know of the instance that it asks. */
export interface ProbeTarget {
  readonly port: number | null;
  readonly cwd: string;
  readonly shell: string;
  readonly env: Readonly<Record<string, string>>;
  /** Carried by what an exec probe starts. Of this attempt alone: ending it must not end the run that is asked. */
  readonly mark: string;
  /** Aborted: nobody waits for the answer any more, and what the probe started ends. */
  readonly signal?: AbortSignal;
}

/** How long one attempt may take: the probe's own limit for `alive`; `ready` has one for all attempts. */
export function attemptLimit(which: "ready" | "alive", probe: Probe): Millis {
  if (which === "alive") return probe.timeout;
  return Math.min(probe.timeout, Math.max(probe.interval, ATTEMPT_MS_MAX));
}

/** One attempt. Never rejects: what goes wrong is the answer. null: this check reports by itself. */
export async function attemptProbe(
  check: Check,
  target: ProbeTarget,
  limitMs: Millis,
): Promise<ProbeAnswer | null> {
  switch (check.kind) {
    case "http":
      return askHttp(check.url, target, limitMs);
    case "tcp":
      return askTcp(check, target, limitMs);
    case "exec":
      return askProgram(check.command, target, limitMs);
    default:
      return null;
  }
}

/** `localhost` means this machine, whichever of its two addresses the program listens on. */
const lookupLocal: LookupFunction = (_host, options, callback) => {
  const both = [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 },
  ];
  if (options.all === true) callback(null, both);
  else callback(null, "127.0.0.1", 4);
};

function askHttp(url: string, target: ProbeTarget, limitMs: Millis): Promise<ProbeAnswer> {
  const { port } = target;
  const label = `GET ${url.startsWith("/") ? `:${port}` : ""}${url}`;
  if (url.startsWith("/") && port === null) {
    return Promise.resolve({ ok: false, detail: `GET ${url}: the service has no port` });
  }
  const whole = /^https?:/.test(url)
    ? url
    : `http://localhost${url.startsWith("/") ? `:${port}` : ""}${url}`;
  const isLocal = whole !== url;
  const request = whole.startsWith("https:") ? requestHttps : requestHttp;
  return attempt({ label, limitMs, signal: target.signal }, (settle, signal, elapsed) => {
    const options = { signal, agent: false, ...(isLocal ? { lookup: lookupLocal } : {}) };
    const asked = request(whole, options, (response) => {
      const status = response.statusCode ?? 0;
      // The status is the answer; a body without an end is none of our concern.
      response.destroy();
      settle(status >= 200 && status < 400, `${label} ${status} in ${elapsed()}`);
    });
    asked.on("error", (error) => settle(false, `${label} ${failureWord(error)}`));
    asked.end();
  });
}

function askTcp(
  check: Check & { readonly kind: "tcp" },
  target: ProbeTarget,
  limitMs: Millis,
): Promise<ProbeAnswer> {
  const { host } = check;
  const port = check.port ?? target.port;
  if (port === null) return Promise.resolve({ ok: false, detail: "tcp: the service has no port" });
  const label = `tcp ${host ?? ""}:${port}`;
  return attempt({ label, limitMs, signal: target.signal }, (settle, signal, elapsed) => {
    const options = host === null ? { host: "localhost", lookup: lookupLocal } : { host };
    const socket = connect({ port, ...options });
    signal.addEventListener("abort", () => socket.destroy());
    socket.once("connect", () => {
      socket.destroy();
      settle(true, `${label} open in ${elapsed()}`);
    });
    socket.on("error", (error) => settle(false, `${label} ${failureWord(error)}`));
  });
}

/** In a process group of its own, all of which is killed at the limit. */
function askProgram(
  command: string | readonly string[],
  target: ProbeTarget,
  limitMs: Millis,
): Promise<ProbeAnswer> {
  const [file = "", ...args] = argvOf(command, target.shell);
  const label = `exec ${typeof command === "string" ? command : command.join(" ")}`.slice(
    0,
    LINE_MAX,
  );
  return attempt({ label, limitMs, signal: target.signal }, (settle, signal, elapsed) => {
    const child = spawn(file, args, {
      cwd: target.cwd,
      env: { ...target.env, PROCS_ID: target.mark },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const self = child.pid === undefined ? null : identifyChild(child.pid);
    signal.addEventListener("abort", () => {
      const isOpen = !child.stdout.readableEnded || !child.stderr.readableEnded;
      // What it left in the background and still holds its output is of no use to anybody.
      if (self !== null && isOpen)
        killTrees([{ shim: self, mark: target.mark, fifo: null }], new Set());
      child.stdout.destroy();
      child.stderr.destroy();
    });
    let output = "";
    const keep = (data: Buffer): void => {
      output = (output + data.toString("utf8")).slice(-OUTPUT_MAX);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", (error) => settle(false, `${label}: ${error.message}`));
    child.once("exit", (code, killer) => {
      // What the last line says is worth a turn of the loop, in which the pipes are read.
      setImmediate(() => {
        const last = output.trimEnd().split("\n").at(-1)?.slice(0, LINE_MAX) ?? "";
        const how = killer === null ? `exit ${code}` : `killed by ${killer}`;
        settle(code === 0, `${label}: ${how} in ${elapsed()}${last === "" ? "" : `: ${last}`}`);
      });
    });
  });
}

type Settle = (ok: boolean, detail: string) => void;

interface Limits {
  readonly label: string;
  readonly limitMs: Millis;
  readonly signal: AbortSignal | undefined;
}

/** One answer, and everything ended, within the limit. */
function attempt(
  { label, limitMs, signal }: Limits,
  ask: (settle: Settle, signal: AbortSignal, elapsed: () => string) => void,
): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const abort = new AbortController();
    const startedAt = performance.now();
    const elapsed = () => `${Math.round(performance.now() - startedAt)}ms`;
    let isSettled = false;
    const settle: Settle = (ok, detail) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      abort.abort();
      resolve({ ok, detail });
    };
    const timer = setTimeout(
      () => settle(false, `${label}: no answer in ${formatLimit(limitMs)}`),
      limitMs,
    );
    const giveUp = () => settle(false, `${label}: not asked any more`);
    signal?.addEventListener("abort", giveUp, { once: true });
    abort.signal.addEventListener("abort", () => signal?.removeEventListener("abort", giveUp));
    try {
      ask(settle, abort.signal, elapsed);
    } catch (error) {
      settle(false, `${label}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
}

function failureWord(error: Error): string {
  const code = "code" in error ? error.code : undefined;
  if (code === "ECONNREFUSED") return "refused";
  if (code === "ECONNRESET") return "reset";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "unknown host";
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return "unreachable";
  return error.message;
}

function formatLimit(limitMs: Millis): string {
  return limitMs % 1_000 === 0 ? `${limitMs / 1_000}s` : `${limitMs}ms`;
}
