import { spawn } from "node:child_process";
import { argvOf } from "../core/command.ts";
import type { Check, Millis, Probe } from "../core/spec.ts";
import type { Sharing } from "./accepting.ts";
import { attempt } from "./attempt.ts";
import { askAccepts, askHttp, askTcp } from "./socket-probes.ts";
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
  /** The sockets that procs gave it; null: it binds its own, or has none. */
  readonly sharing?: Sharing | null;
  /** Where it may be reached instead of at its port, when that is there: of a proxied instance. */
  readonly upstream?: string | null;
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
    case "accepts":
      return askAccepts(target, limitMs);
    case "exec":
      return askProgram(check.command, target, limitMs);
    default:
      return null;
  }
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
