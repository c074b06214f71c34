import type { ResultItem, ServiceResult, State } from "../control/protocol.ts";
import { clean } from "./clean.ts";
import { count, took as tookLong } from "./format.ts";
import type { Output } from "./output.ts";
import { marksFor, stateSymbol } from "./symbols.ts";
import { cut, displayWidth, pad } from "./width.ts";

/** One service on one line, with its last words below it when it failed. */
export interface Row {
  readonly name: string;
  /** Chooses the symbol and its colour. */
  readonly state: State;
  readonly words: string;
  /** Where it answers, how many instances: a column of its own. */
  readonly extras: readonly string[];
  readonly lines: readonly string[];
  /** A bar before the words: so many of so many. */
  readonly bar?: { readonly done: number; readonly of: number };
  /** Of a replacement under way: another text whenever there is something to tell; empty: nothing yet. */
  readonly news?: string;
}

/** What was asked for: chooses between `replaced` and `restarted`. */
export type Verb = "up" | "reload" | "restart" | "start" | "stop" | "scale" | "signal" | "down";

export type Look = Pick<Output, "paint" | "ascii" | "columns">;

/** The verdict on one service in the words that a person reads. */
export function resultRow(result: ServiceResult, verb: Verb): Row {
  const extras = [
    ...(result.where === null ? [] : [result.where]),
    ...(result.instances > 1 && result.outcome !== "replaced"
      ? [count(result.instances, "instance")]
      : []),
  ];
  const words = resultWords(result, verb);
  return {
    name: result.name,
    state: resultState(result),
    words,
    // What has stopped answers nowhere; what is idle says itself where it listens.
    extras: result.ok && !SILENT.has(result.outcome) ? extras : [],
    lines: result.ok ? [] : lastLines(result),
  };
}

const SILENT: ReadonlySet<ServiceResult["outcome"]> = new Set([
  "stopped",
  "killed",
  "removed",
  "idle",
]);

/** The words of a program that is gone again must not be taken for those of the one that runs. */
function lastLines(result: ServiceResult): readonly string[] {
  const lines = result.last_lines.map(clean);
  if (result.outcome !== "rolled_back" || lines.length === 0) return lines;
  return ["last lines of the new one:", ...lines.map((line) => `  ${line}`)];
}

/** Rows as aligned lines, no line break at their ends. `indent` spaces come first. */
export function renderRows(rows: readonly Row[], look: Look, indent: number): readonly string[] {
  const nameWidth = widest(rows.map((row) => row.name));
  const wordsWidth = widest(rows.filter((row) => row.extras.length > 0).map((row) => row.words));
  const margin = " ".repeat(indent);
  const { ellipsis } = marksFor(look.ascii);
  return rows.flatMap((row) => {
    const sign = stateSymbol(row.state, look.paint, look.ascii);
    const words = row.extras.length > 0 ? pad(row.words, wordsWidth) : row.words;
    const bar = row.bar === undefined ? "" : barOf(row.bar, look.ascii);
    const text = [`${pad(row.name, nameWidth)}   ${bar}${words}`, ...row.extras].join("   ");
    const room = look.columns - indent - displayWidth(sign) - 1;
    return [
      `${margin}${sign} ${cut(text, room, ellipsis)}`,
      ...row.lines.map((line) => cut(`${margin}    ${line}`, look.columns, ellipsis)),
    ];
  });
}

const BAR_MAX = 20;

/** `[■■□] `: a cell an instance, as long as there is room. */
function barOf(bar: NonNullable<Row["bar"]>, ascii: boolean): string {
  const { full, empty } = marksFor(ascii);
  const cells = Math.min(bar.of, BAR_MAX);
  const done = bar.of === 0 ? 0 : Math.floor((bar.done * cells) / bar.of);
  return `[${full.repeat(done)}${empty.repeat(cells - done)}] `;
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(displayWidth));
}

/** How long something took, exact where it was quick: `12ms`, `0.3s`, `41s`, `1m 20s`. */
export function took(ms: number): string {
  return ms < 95 ? `${Math.max(1, Math.round(ms))}ms` : tookLong(ms);
}

/** `4 ready, 1 done, 1 crashed in 2.6s`. */
export function summary(result: Pick<ResultItem, "services" | "elapsed_ms">): string {
  const counts = new Map<string, number>();
  for (const service of result.services) {
    const word = summaryWord(service);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const order = [...new Set(Object.values(SUMMARY_WORDS))].filter((word) => counts.has(word));
  const parts = order.map((word) => `${counts.get(word)} ${word}`);
  return `${parts.join(", ") || "nothing to do"} in ${took(result.elapsed_ms)}`;
}

/** As the summary counts it: `ready`, `done`, `crashed`. */
export function summaryWord(service: ServiceResult): string {
  return wasDone(service) ? "done" : SUMMARY_WORDS[service.outcome];
}

const SUMMARY_WORDS: Readonly<Record<ServiceResult["outcome"], string>> = {
  ready: "ready",
  unchanged: "ready",
  replaced: "ready",
  updated: "ready",
  scaled: "ready",
  done: "done",
  idle: "idle",
  signalled: "signalled",
  stopped: "stopped",
  killed: "killed",
  removed: "stopped",
  remains: "left alone",
  waiting: "waiting",
  pending: "not ready yet",
  unready: "not ready",
  rolled_back: "rolled back",
  crashed: "crashed",
  failed: "gave up",
  lasting: "not ended",
};

const STATES: Readonly<Record<ServiceResult["outcome"], State>> = {
  ready: "ready",
  unchanged: "ready",
  replaced: "ready",
  updated: "ready",
  scaled: "ready",
  signalled: "ready",
  stopped: "ready",
  removed: "ready",
  remains: "stopped",
  done: "done",
  idle: "idle",
  killed: "unready",
  waiting: "waiting",
  pending: "starting",
  unready: "unready",
  rolled_back: "crashed",
  crashed: "crashed",
  failed: "failed",
  lasting: "failed",
};

/** A task that ran before, and is as it should be: nothing of it lives. */
function wasDone(result: ServiceResult): boolean {
  return result.outcome === "unchanged" && result.instances === 0;
}

function resultState(result: ServiceResult): State {
  if (wasDone(result)) return "done";
  const state = STATES[result.outcome];
  return !result.ok && state === "ready" ? "failed" : state;
}

function resultWords(result: ServiceResult, verb: Verb): string {
  const time = result.elapsed_ms === null ? "" : ` in ${took(result.elapsed_ms)}`;
  const { detail } = result;
  switch (result.outcome) {
    case "ready":
      return `ready${time}`;
    case "done":
      return `done${time}`;
    case "idle":
      return idleWords(result, verb);
    case "unchanged":
      if (wasDone(result)) return "done, unchanged";
      return verb === "up" ? "ready, unchanged" : (detail ?? "unchanged");
    case "replaced":
      return replacedWords(result, verb) + time;
    case "updated":
      return detail ?? "updated, no restart needed";
    case "scaled":
      return detail ?? `${count(result.instances, "instance")}${time}`;
    case "stopped":
    case "removed":
      if (!result.ok) return detail ?? "not running";
      return `stopped${time}${detail === null ? "" : `; ${detail}`}`;
    case "killed":
      return `did not stop${time}, killed${detail === null ? "" : `; ${detail}`}`;
    case "remains":
      return detail ?? "stopped by hand, left alone";
    case "waiting":
      return detail ?? "waits";
    case "pending":
      return detail ?? "not ready yet";
    case "unready":
      return detail === null ? "not ready" : `not ready: ${detail}`;
    case "failed":
      return gaveUpWords(detail);
    default:
      return detail ?? result.outcome.replaceAll("_", " ");
  }
}

/** A task that waits for its time, or a service that waits for its first connection. */
function idleWords({ detail }: ServiceResult, verb: Verb): string {
  if (detail === null) return "idle";
  if (!detail.startsWith("listens on ")) return `idle   ${detail}`;
  const on = detail.slice("listens on ".length);
  if (verb === "restart")
    return `idle, nothing to restart: starts with the first connection on ${on}`;
  return verb === "start" ? `idle, ${detail}: starts with the first connection` : `idle, ${detail}`;
}

function gaveUpWords(detail: string | null): string {
  if (detail === null) return "gave up";
  return detail.startsWith("gave up") ? detail : `gave up: ${detail}`;
}

function replacedWords(result: ServiceResult, verb: Verb): string {
  if (verb === "restart") return "restarted";
  return result.instances > 1 ? `${result.instances} of ${result.instances} replaced` : "replaced";
}
