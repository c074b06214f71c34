import { EXIT, messageOf, UserError, userError } from "../errors.ts";
import { type LogTarget, listSlots, type RunChoice } from "../logs/catalogue.ts";
import { LineFilter } from "../logs/filter.ts";
import type { LogQuery } from "../logs/history.ts";
import type { Stream } from "../logs/layout.ts";
import { LEVELS, type Level, parseLevel } from "../logs/level.ts";
import type { ParsedArgs } from "./args.ts";
import type { Context } from "./context.ts";
import type { Selectable } from "./select.ts";
import { parseWhen } from "./when.ts";

/** Lines shown when nothing says how many, and no search or time says which. */
const LAST_DEFAULT = 100;

/** What the flags of `procs logs` ask for. */
export interface LogRequest {
  readonly query: LogQuery;
  readonly isFollowed: boolean;
}

/** Reads the flags. Throws UserError, exit 2, for values and combinations that mean nothing. */
export async function readLogRequest(context: Context, args: ParsedArgs): Promise<LogRequest> {
  const isFollowed = args.flag("follow");
  const { paths } = await context.engine();
  const when = (name: string) => {
    const text = args.text(name);
    return text === null ? null : parseWhen(text, context.now());
  };
  const [sinceMs, untilMs] = [when("since"), when("until")];
  if (sinceMs !== null && untilMs !== null && sinceMs > untilMs) {
    throw wrong("--since is later than --until, so no line can lie between");
  }
  const filter = readFilter(args);
  const searches = sinceMs !== null || untilMs !== null || filter !== null;
  const query: LogQuery = {
    runs: paths.runs,
    targets: await readTargets(context, args.positionals, paths.runs),
    choice: readChoice(args, isFollowed),
    stream: readStream(args),
    ...{ sinceMs, untilMs, filter, isFollowed },
    last: readLast(args, searches ? null : LAST_DEFAULT),
  };
  return { query, isFollowed };
}

/** Services that have logs can be named even when the file no longer has them, or cannot be read. */
async function readTargets(
  context: Context,
  words: readonly string[],
  runs: string,
): Promise<readonly LogTarget[] | null> {
  if (words.length === 0) return null;
  const { select } = await import("./select.ts");
  const { targets } = select(words, await knownServices(context, words, runs));
  return targets.map(({ service, instance }) => ({ service, slot: instance }));
}

/** The file is only read when a word is not the name of something that has logs. */
async function knownServices(
  context: Context,
  words: readonly string[],
  runs: string,
): Promise<readonly Selectable[]> {
  const stored = [...new Set(listSlots(runs).map((slot) => slot.service))];
  const isStored = (word: string) => stored.includes(word.replace(/^!/, "").replace(/\.\d+$/, ""));
  const inFile = words.every(isStored) ? [] : await servicesOfFile(context);
  const gone = stored.filter((name) => !inFile.some((service) => service.name === name));
  return [...inFile, ...gone.map((name) => ({ name, labels: {} }))];
}

async function servicesOfFile(context: Context): Promise<readonly Selectable[]> {
  try {
    return (await context.loadProject()).services;
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

function readChoice(args: ParsedArgs, isFollowed: boolean): RunChoice {
  const run = args.count("run");
  if (!args.flag("previous")) return run === null ? { kind: "all" } : { kind: "number", run };
  if (run !== null) throw wrong("--previous and --run both choose a run");
  if (isFollowed) throw wrong("the previous run is over, so --follow has nothing to follow");
  return { kind: "previous" };
}

function readStream(args: ParsedArgs): Stream | null {
  const text = args.text("stream");
  const isOut = args.flag("out") || text === "out" || text === "stdout";
  const isErr = args.flag("err") || text === "err" || text === "stderr";
  if (text !== null && !isOut && !isErr) throw wrong(`--stream must be out or err, not "${text}"`);
  if (isOut === isErr) return null;
  return isOut ? "stdout" : "stderr";
}

function readLast(args: ParsedArgs, otherwise: number | null): number | null {
  if (args.text("lines") === "all") return null;
  return args.count("lines") ?? otherwise;
}

function readFilter(args: ParsedArgs): LineFilter | null {
  const text = args.text("grep");
  const level = readLevel(args.text("level"));
  const contextLines = args.count("context") ?? 0;
  if (text === null) {
    for (const name of ["ignore-case", "invert"]) {
      if (args.flag(name)) throw wrong(`--${name} says how to search: it needs --grep REGEX`);
    }
    return level === null
      ? null
      : new LineFilter({ pattern: null, invert: false, level, contextLines });
  }
  const pattern = readPattern(text, args.flag("ignore-case"));
  return new LineFilter({ pattern, invert: args.flag("invert"), level, contextLines });
}

function readPattern(text: string, ignoresCase: boolean): RegExp {
  try {
    return new RegExp(text, ignoresCase ? "i" : "");
  } catch (error) {
    const reason = messageOf(error);
    const why = reason.replace(/^Invalid regular expression: .*: /, "");
    throw wrong(`--grep "${text}" is not a regular expression: ${why.toLowerCase()}`);
  }
}

function readLevel(text: string | null): Level | null {
  if (text === null) return null;
  const level = parseLevel(text);
  if (level === null)
    throw wrong(`there is no level "${text}"; the levels are ${LEVELS.join(", ")}`);
  return level;
}

function wrong(message: string) {
  return userError(EXIT.usage, "P803", message, { help: ["procs logs --help"] });
}
