import type { ChildProcess } from "node:child_process";
import { Socket } from "node:net";
import { watchFifo } from "../host/fifos.ts";
import { findProcess } from "../host/tree.ts";
import { type GuardianCommand, type Handed, startSuccessor } from "./guardian.ts";
import { BEGIN_WORD, HEIR_FD } from "./guardian-text.ts";

/** A guardian, as the supervisor that it guards sees it. */
export interface Keeper {
  readonly pid: number;
  /** Started by this supervisor, which is its ward; else it is the supervisor's parent. */
  readonly isChild: boolean;
  /** It looks up who is in charge before it starts a supervisor: those of older versions do not. */
  readonly canRead: boolean;
  readonly ended: Promise<void>;
  isThere(): boolean;
  /** "I am well". Nothing happens when it has gone: its number may be somebody else's by now. */
  tell(): void;
  /** Asks it to leave, and resolves when it has gone. */
  end(): Promise<void>;
}

/** One that waits beside another guardian. */
export interface Heir extends Keeper {
  begin(): void;
  /** It was not named, and is not needed. */
  kill(): void;
}

/** How long a guardian may take to leave when it is asked to: one that is stopped hears nothing. */
const LEAVE_MS_MAX = 2_000;
const LOOK_EVERY_MS = 5;

/** The guardian that started this process; null: there is none. */
export function parentKeeper(env: NodeJS.ProcessEnv): Keeper | null {
  const pid = Number(env.PROCS_GUARDED);
  if (!(pid > 1)) return null;
  const pipe = Number(env.PROCS_PIPE);
  const isThere = () => process.ppid === pid;
  const hasPipe = pipe > 2;
  const ended = new Promise<void>((resolve) => {
    // It may have been killed before we got here: the pipe's end is there all the same.
    if (hasPipe) watchFifo(pipe, { end: resolve });
    else if (!isThere()) resolve();
  });
  const signal = (name: NodeJS.Signals) => {
    if (isThere()) process.kill(pid, name);
  };
  // Its pipe ends before its last socket is closed.
  const gone = () => untilGone(() => isThere() || findProcess(pid) !== null);
  const end = () => asked(signal, hasPipe ? ended.then(gone) : gone());
  const canRead = env.PROCS_CHARGE === "1";
  return { pid, isChild: false, canRead, ended, isThere, tell: () => signal("SIGUSR2"), end };
}

/** Starts one beside the guardian that there is; null: it could not be started. */
export function startHeir(command: GuardianCommand, handed: Omit<Handed, "ward">): Heir | null {
  const born = findProcess(process.pid)?.start ?? "";
  const child = startSuccessor(command, { ...handed, ward: `${process.pid} ${born}` });
  const { pid } = child;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  if (pid === undefined) return null;
  const isThere = () => child.exitCode === null && child.signalCode === null;
  const signal = (name: NodeJS.Signals) => void child.kill(name);
  const pipe = pipeOf(child);
  let isReady = false;
  pipe?.once("data", () => {
    isReady = true;
  });
  // What is left of it hears by this that it is over.
  const ended = gone.then(() => void pipe?.destroy());
  return {
    ...{ pid, isChild: true, canRead: true, ended, isThere },
    tell: () => {
      // Before that it would be its death.
      if (isReady) signal("SIGUSR2");
    },
    kill: () => signal("SIGKILL"),
    end: () => asked(signal, ended),
    begin: () => void pipe?.write(`${BEGIN_WORD}\n`),
  };
}

/** The other end tells it of our death. */
function pipeOf(child: ChildProcess): Socket | null {
  const ends: readonly unknown[] = child.stdio;
  const pipe = ends[HEIR_FD];
  if (!(pipe instanceof Socket)) return null;
  pipe.on("error", () => undefined);
  pipe.unref();
  return pipe;
}

async function asked(signal: (name: NodeJS.Signals) => void, gone: Promise<void>): Promise<void> {
  signal("SIGQUIT");
  const timer = setTimeout(() => signal("SIGKILL"), LEAVE_MS_MAX);
  await gone;
  clearTimeout(timer);
}

/** Told by nobody, so it has to be looked for. */
function untilGone(isThere: () => boolean): Promise<void> {
  if (!isThere()) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (isThere()) return;
      clearInterval(timer);
      resolve();
    }, LOOK_EVERY_MS);
  });
}
