import { fstatSync } from "node:fs";

/** One listening socket of procs that this process has inherited. */
export interface Given {
  readonly fd: number;
  /** Tells that the descriptor still is that socket: numbers are used again. */
  readonly ino: number;
  readonly port: number | null;
  readonly host: string | null;
  readonly path: string | null;
  readonly backlog: number | null;
}

/** How procs will tell this process to end. */
export interface StopOrder {
  readonly signal: NodeJS.Signals;
  /** Milliseconds from the signal until everything is killed. */
  readonly graceMs: number;
}

/** The sockets that the environment names; `isHeld` says which of them this process really has. Never throws. */
export function readGiven(env: NodeJS.ProcessEnv): readonly Given[] {
  const text = env.PROCS_LISTEN;
  if (text === undefined) return [];
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.map(givenIn) : [];
  } catch {
    return [];
  }
}

export function givenText(list: readonly Given[]): string {
  return JSON.stringify(list);
}

/** Whether the descriptor is that socket in this process. */
export function isHeld({ fd, ino }: Given): boolean {
  try {
    const stats = fstatSync(fd);
    return stats.isSocket() && stats.ino === ino;
  } catch {
    return false;
  }
}

/** `SIGTERM 10000`; null where nothing of the kind is said. */
export function readStop(env: NodeJS.ProcessEnv): StopOrder | null {
  const [, signal, grace] = /^(SIG[A-Z0-9]+) (\d+)$/.exec(env.PROCS_STOP ?? "") ?? [];
  if (signal === undefined || signal === "SIGKILL" || signal === "SIGSTOP") return null;
  // A name that this system does not know is refused by process.on later, and then left alone.
  return { signal: signal as NodeJS.Signals, graceMs: Number(grace) };
}

function givenIn(value: unknown): Given {
  const entry: Readonly<Record<string, unknown>> = Object(value);
  return {
    fd: numberIn(entry.fd) ?? -1,
    ino: numberIn(entry.ino) ?? -1,
    port: numberIn(entry.port),
    host: textIn(entry.host),
    path: textIn(entry.path),
    backlog: numberIn(entry.backlog),
  };
}

function numberIn(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) ? value : null;
}

function textIn(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
