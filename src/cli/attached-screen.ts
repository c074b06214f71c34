import type { EventItem } from "../control/protocol.ts";
import { isTarget, type LogTarget } from "../logs/catalogue.ts";
import { stripControls } from "../logs/clean.ts";
import { entryText, type LogEntry } from "../logs/entry.ts";
import { toJsonEntry } from "../logs/json-entry.ts";
import { LogPrinter } from "../logs/print.ts";
import type { Context } from "./context.ts";

/** What an attached `up` shows: the services' lines on stdout, procs' own on stderr. Only ever appended. */
export interface Screen {
  lines(entries: readonly LogEntry[]): Promise<void>;
  /** A line for what happened, where it is worth one. */
  event(event: EventItem): void;
  /** A line of procs itself. */
  note(text: string): void;
  /** Only these from now on; null: all that this `up` shows. */
  only(targets: readonly LogTarget[] | null): void;
  /** Only lines that contain the text from now on; null: all. */
  grep(text: string | null): void;
  readonly isGrepping: boolean;
  /** A typed command has the terminal: what comes meanwhile waits, and what it did itself is not told again. */
  hold(): void;
  release(): void;
}

export interface ScreenSettings {
  readonly runs: string;
  /** Known from the start, so that the name column is right from the first line on. */
  readonly instances: readonly { readonly service: string; readonly slot: number }[];
  /** What `--attach` and `--no-attach` left; null: everything. */
  readonly targets: readonly LogTarget[] | null;
  /** Where procs' own lines go. */
  readonly say: (text: string) => void;
}

export function createScreen(context: Context, settings: ScreenSettings): Screen {
  const { out } = context;
  const isJson = out.mode === "json";
  const printer = new LogPrinter({
    runs: settings.runs,
    time: out.mode === "pretty" ? "clock" : "none",
    color: out.paint.on,
    ascii: out.ascii,
    rules: false,
    readsJson: out.mode === "pretty",
    prefix: true,
    others: ["procs"],
  });
  for (const instance of settings.instances) printer.expect(instance);
  let only: readonly LogTarget[] | null = null;
  let wanted: string | null = null;

  const held = createHold();
  const isShown = (entry: LogEntry) =>
    isTarget(settings.targets, entry) &&
    isTarget(only, entry) &&
    // What procs runs for a service speaks when asked: procs logs api:proxy.
    (!entry.service.includes(":") || only !== null) &&
    (wanted === null || stripControls(entryText(entry)).includes(wanted));
  const note = (text: string) => {
    if (isJson || context.globals.quiet) return;
    const line = printer.other("procs", text, context.now());
    if (held.isHeld) void held.over().then(() => settings.say(line));
    else settings.say(line);
  };
  return {
    async lines(entries) {
      await held.over();
      const shown = entries.filter(isShown);
      const text = isJson
        ? shown.map((entry) => `${JSON.stringify(toJsonEntry(entry, false))}\n`)
        : shown.map((entry) => printer.print(entry));
      if (text.length > 0) out.write(text.join(""));
      await out.drained();
    },
    event(event) {
      if (isJson) return out.json(event);
      if (isWorthALine(event) && (!held.isHeld || isTrouble(event))) note(event.message);
    },
    note,
    only: (targets) => {
      only = targets;
    },
    grep: (text) => {
      wanted = text;
    },
    get isGrepping() {
      return wanted !== null;
    },
    hold: held.begin,
    release: held.end,
  };
}

/** Lets output wait. What waits goes on in the order in which it came. */
function createHold() {
  let resume: (() => void) | null = null;
  let isOver = Promise.resolve();
  return {
    get isHeld() {
      return resume !== null;
    },
    over: () => isOver,
    begin: () => {
      isOver = new Promise((resolve) => {
        resume = resolve;
      });
    },
    end: () => {
      resume?.();
      resume = null;
    },
  };
}

/** Bad news is told even when a typed command may have told it. */
function isTrouble(event: EventItem): boolean {
  return event.state === "crashed" || event.state === "failed" || event.type === "config";
}

/** Steps on the way are not news; where they lead to is. */
function isWorthALine(event: EventItem): boolean {
  // Of what procs runs for a service only trouble is.
  if (event.service?.includes(":") === true && !isTrouble(event)) return false;
  switch (event.type) {
    case "state":
      return event.state !== undefined && !ON_THE_WAY.has(event.state);
    case "probe":
      return false;
    default:
      return true;
  }
}

const ON_THE_WAY: ReadonlySet<string> = new Set(["waiting", "starting", "stopping", "reloading"]);
