import { Chalk, type ChalkInstance } from "chalk";
import { keepColours, stripControls } from "./clean.ts";
import { entryText, type LogEntry } from "./entry.ts";
import { describeJsonLine } from "./json-line.ts";
import { runFiles } from "./layout.ts";
import { readLedger, statusWords } from "./ledger.ts";
import { Prefixes } from "./prefix.ts";

export interface PrintOptions {
  /** The project's folder of runs: where the exit of an earlier run is looked up. */
  readonly runs: string;
  /** `clock`: 12:04:31, for people; `iso`: RFC 3339 in UTC, for programs. */
  readonly time: "none" | "clock" | "clock-utc" | "iso";
  /** Keep the programs' own colours, and colour the names. */
  readonly color: boolean;
  readonly ascii: boolean;
  /** Draw a line where an instance goes on in another run. */
  readonly rules: boolean;
  /** Show JSON log lines as `message key=value`. */
  readonly readsJson: boolean;
  readonly prefix: boolean;
  /** Words beside the instances in the name column: `procs`, where procs speaks too. */
  readonly others: readonly string[];
}

/**
 * Makes the merged stream that people read. Stateful: it knows which run of each instance was shown
 * last, and whether the last piece left a line open.
 */
export class LogPrinter {
  readonly #options: PrintOptions;
  readonly #prefixes: Prefixes;
  readonly #chalk: ChalkInstance;
  readonly #runs = new Map<string, number>();
  /** The stream whose long line stands without its newline. */
  #open: string | null = null;

  constructor(options: PrintOptions) {
    this.#options = options;
    this.#prefixes = new Prefixes(options);
    this.#chalk = new Chalk({ level: options.color ? 1 : 0 });
  }

  /** Makes an instance known before its first line, so that the name column is right from the start. */
  expect(instance: { readonly service: string; readonly slot: number }): void {
    this.#prefixes.add(instance.service, instance.slot);
  }

  /** Makes known that a service has several instances, also where only one of them is shown. */
  number(service: string): void {
    this.#prefixes.number(service);
  }

  /** The text of one entry, with its newline, and with a rule before it where one is due. */
  print(entry: LogEntry): string {
    const key = `${entry.service}.${entry.slot}.${entry.run}.${entry.stream}`;
    const goesOn = !entry.begins && this.#open === key;
    const before = goesOn ? "" : this.#closeOpen();
    // The newline of a line that was already shown as unfinished.
    if (!entry.begins && !goesOn && entry.bytes.length === 0) return before;
    const head = goesOn ? "" : this.#rule(entry) + this.#head(entry);
    return before + head + this.#body(entry) + this.#end(entry, key);
  }

  /** A line of procs itself (or of another word in `others`). */
  other(word: string, text: string, timeMs: number): string {
    return `${this.#closeOpen()}${this.#time(timeMs)}${this.#prefixes.ofOther(word)}${text}\n`;
  }

  #end(entry: LogEntry, key: string): string {
    this.#open = entry.ends === "piece" ? key : null;
    if (entry.ends === "piece") return "";
    return entry.ends === "partial" ? `${this.#ellipsis}\n` : "\n";
  }

  #closeOpen(): string {
    if (this.#open === null) return "";
    this.#open = null;
    return `${this.#ellipsis}\n`;
  }

  #head(entry: LogEntry): string {
    const { prefix } = this.#options;
    const name = prefix ? this.#prefixes.of(entry.service, entry.slot) : "";
    return this.#time(entry.timeMs) + name + (entry.begins ? "" : this.#ellipsis);
  }

  #body(entry: LogEntry): string {
    const { color, readsJson } = this.#options;
    const text = entryText(entry);
    if (entry.dropped !== undefined) return this.#chalk.dim(text);
    const isWhole = entry.begins && entry.ends === "newline";
    const described = readsJson && isWhole ? describeJsonLine(text) : null;
    return color ? keepColours(described ?? text) : stripControls(described ?? text);
  }

  /** Only forwards: in a rolling replacement two runs of an instance write for a while. */
  #rule(entry: LogEntry): string {
    const { service, slot, run } = entry;
    const key = `${service}.${slot}`;
    const last = this.#runs.get(key);
    if (last === undefined || run > last) this.#runs.set(key, run);
    if (!this.#options.rules || last === undefined || run <= last) return "";
    this.#prefixes.add(service, slot);
    const { status } = readLedger(runFiles(this.#options.runs, service, slot, run - 1).ledger);
    const how = status === null ? "started anew" : `${statusWords(status)}, restarted`;
    const line = this.#options.ascii ? "--" : "──";
    const name = this.#prefixes.nameOf(service, slot);
    return `${this.#chalk.dim(`   ${line} ${name} ${how} (run ${run}) ${line}`)}\n`;
  }

  #time(timeMs: number): string {
    const { time } = this.#options;
    if (time === "none") return "";
    const text = time === "clock" ? localClock(timeMs) : isoTime(timeMs);
    if (time === "iso") return `${text} `;
    return `${this.#chalk.dim(time === "clock" ? text : text.slice(11, 19))} `;
  }

  get #ellipsis(): string {
    return this.#options.ascii ? "..." : "…";
  }
}

/** RFC 3339 in UTC with milliseconds. */
export function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function localClock(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
