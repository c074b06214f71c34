import type { PlanRequest } from "../control/protocol.ts";
import type { Project } from "../core/spec.ts";
import type { Engine } from "../engines/engine.ts";
import type { Output } from "./output.ts";
import type { Place } from "./project.ts";

/** All that a command is given. Everything heavy is loaded when it is first asked for. */
export interface Context {
  readonly globals: Globals;
  /** The answer: a table, JSON, log lines. */
  readonly out: Output;
  /** The talk: progress, hints, warnings, errors. */
  readonly err: Output;
  readonly env: Env;
  /** After -C. */
  readonly cwd: string;
  /** Milliseconds since 1970, for people only. */
  now(): number;
  /** A line of talk, for people: not with -q, not with --json. */
  say(line: string): void;
  /** With -v: what procs decides. */
  detail(line: string): void;
  /** One next command, at the end: only at a terminal, not with -q, not with PROCS_HINTS=0. */
  hint(line: string): void;
  /** Aborts at the first SIGINT, SIGTERM or SIGHUP; a second SIGINT ends the program with 130. */
  readonly signal: AbortSignal;
  /** Takes the signals over; ends when the returned function is called. `count` counts SIGINTs from 1. */
  onSignal(handler: (signal: StopWord, count: number) => void): () => void;
  /** Where the project is. Throws P100 (exit 3) when there is none, P606 (4) for an unknown -p. */
  place(): Promise<Place>;
  /** The resolved file. Throws its diagnostics (exit 3); warnings are said. Read once a command. */
  loadProject(): Promise<Project>;
  engine(): Promise<Engine>;
  /** What the engine compares: this project as `change` varies it. */
  planRequest(project: Project, change?: Partial<PlanRequest>): PlanRequest;
  /** Asks a person. null: nobody can be asked (not a terminal, or CI). */
  prompt(question: string): Promise<string | null>;
  /** `yes` at once with -y; `nobody` when nobody can be asked. The default answer is no. */
  confirm(question: string): Promise<"yes" | "no" | "nobody">;
}

export type Env = Readonly<Record<string, string | undefined>>;

export type StopWord = "SIGINT" | "SIGTERM" | "SIGHUP";

export interface Globals {
  readonly files: readonly string[];
  readonly project: string | null;
  readonly directory: string | null;
  readonly profiles: readonly string[];
  readonly json: boolean;
  readonly fields: readonly string[] | null;
  readonly plain: boolean;
  readonly color: "auto" | "always" | "never" | null;
  readonly ascii: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly yes: boolean;
}
