import { userInfo } from "node:os";
import type { By, Operation, ResultItem, StreamItem } from "../control/protocol.ts";
import type { Engine } from "../engines/engine.ts";
import { EXIT } from "../errors.ts";
import type { ParsedArgs } from "./args.ts";
import type { Context } from "./context.ts";
import { reportLasting } from "./lasting.ts";
import { createReport, type Report, type ReportSettings } from "./progress-report.ts";
import { type Selectable, selectServices } from "./select.ts";

/** How long a command waits for verdicts unless told otherwise. */
const WAIT_MS = 60_000;

/** Who asks, for the project's events. */
export function by(): By {
  return { user: userName(), via: "cli", pid: process.pid };
}

/** `--wait-timeout` and `--no-wait`, as every waiting command has them. */
export function waiting(args: ParsedArgs): { readonly wait: boolean; readonly timeout_ms: number } {
  return { wait: !args.flag("no-wait"), timeout_ms: args.durationMs("wait-timeout") ?? WAIT_MS };
}

export interface Acted {
  /** null: the user interrupted the waiting; what was asked for goes on. */
  readonly result: ResultItem | null;
  readonly items: readonly StreamItem[];
}

export interface ActSettings extends ReportSettings {
  readonly launch?: boolean;
  /** A report that is shown already; otherwise one is made. */
  readonly report?: Report;
  readonly signal?: AbortSignal;
  /** Says nothing when the waiting is given up: the caller has words of its own. */
  readonly quietly?: boolean;
}

/** Performs an operation while showing how it goes. Ctrl-C ends the watching, not the operation. */
export async function act(
  context: Context,
  operation: Operation,
  settings: ActSettings,
): Promise<Acted> {
  const engine = await context.engine();
  const report = settings.report ?? createReport(context, settings);
  const signal = settings.signal ?? context.signal;
  const items: StreamItem[] = [];
  try {
    const result = await engine.operate(operation, {
      launch: settings.launch ?? false,
      signal,
      onItem: (item) => {
        items.push(item);
        if (item.kind !== "result") report.item(item);
      },
      onReplaced: () => {
        if (settings.quietly !== true) context.say("The supervisor died; the next one goes on.");
      },
    });
    report.finish(result);
    if (settings.quietly !== true) await reportLasting(context, result);
    return { result, items };
  } catch (error) {
    report.abandon();
    if (!signal.aborted) throw error;
    if (settings.quietly === true) return { result: null, items };
    context.say("Stopped waiting; what was asked for goes on: procs ps");
    return { result: null, items };
  }
}

/** The exit code that a performed operation ends its command with. */
export function exitOf(result: ResultItem | null): number {
  return result === null ? EXIT.interrupted : result.exit;
}

/** The services that the running project has, as last applied; null: nothing runs. */
export async function appliedServices(engine: Engine): Promise<readonly Selectable[] | null> {
  const reply = await engine.project();
  return reply === null ? null : reply.project.services;
}

/**
 * The services that words on the command line name, for a command that acts on what runs. No words: none.
 * With nothing running the words are held against the file, so that a slip is said all the same.
 */
export async function namedServices(
  context: Context,
  words: readonly string[],
  command: string,
): Promise<{ readonly names: readonly string[]; readonly running: boolean }> {
  const applied = await appliedServices(await context.engine());
  const known = applied ?? (words.length > 0 ? (await context.loadProject()).services : []);
  const names = words.length > 0 ? selectServices(words, known, command) : [];
  return { names, running: applied !== null };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without an entry in the user database, as in many containers.
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}
