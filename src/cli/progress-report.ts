import type { ResultItem, StreamItem } from "../control/protocol.ts";
import type { Context } from "./context.ts";
import { advance, isNews, progressRows, settled, startProgress } from "./progress.ts";
import { createPainter, type Painter } from "./progress-painter.ts";
import { type Look, type Row, renderRows, type Verb } from "./results.ts";

/** Shows an operation while it goes on, in the way that suits the stream. */
export interface Report {
  /** One more item of the operation's stream. */
  item(item: StreamItem): void;
  /** The user typed a line while the block was on the screen. */
  typed(): void;
  /** Text of others that must not wait for the end, such as the answer to a typed line. */
  insert(text: string): void;
  /** The verdicts, for good. */
  finish(result: ResultItem): void;
  /** The operation was given up: what is known stays on the screen. */
  abandon(): void;
}

export interface ReportSettings {
  readonly verb: Verb;
  /** The services to begin with, in order; a plan may add more. */
  readonly names: readonly string[];
  readonly indent: number;
  /** Show only what went wrong: the command has words of its own for the rest. */
  readonly silent?: boolean;
  /** With --json: every item as a line, rather than one document at the end. */
  readonly streams?: boolean;
}

/** The part of a command's context that a report writes to. */
type Screen = Pick<Context, "out" | "err"> & {
  readonly globals: Pick<Context["globals"], "json" | "quiet">;
};

/** A report on the talk stream, or NDJSON on the answer stream with --json. It ends once. */
export function createReport(context: Screen, settings: ReportSettings): Report {
  const report = chooseReport(context, settings);
  let isOver = false;
  let hasBegun = false;
  const end = (finish: () => void) => {
    if (!isOver) finish();
    isOver = true;
  };
  return {
    item: (item) => {
      hasBegun ||= item.kind === "event";
      if (!isOver) report.item(item);
    },
    typed: () => report.typed(),
    insert: (text) => report.insert(text),
    finish: (result) => end(() => report.finish(result)),
    // Refused before anything happened: there is nothing to show.
    abandon: () => end(() => hasBegun && report.abandon()),
  };
}

function chooseReport(context: Screen, settings: ReportSettings): Report {
  if (context.globals.json) return jsonReport(context, settings.streams === true);
  if (context.globals.quiet || settings.silent === true) return quietReport(context, settings);
  const isTall = settings.names.length > (process.stderr.rows ?? 24) - 4;
  const isPainted = context.err.canRepaint && !isTall;
  return isPainted ? paintedReport(context, settings) : lineReport(context, settings);
}

function jsonReport(context: Screen, streams: boolean): Report {
  return {
    item: (item) => {
      if (streams && item.kind !== "result") context.out.json(printed(item));
    },
    typed: () => {},
    insert: () => {},
    finish: () => {},
    abandon: () => {},
  };
}

/** Only what went wrong. */
function quietReport(context: Screen, settings: ReportSettings): Report {
  return {
    item: () => {},
    typed: () => {},
    insert: (text) => context.err.write(text),
    finish: (result) => {
      let progress = startProgress([], settings.verb);
      progress = advance(progress, {
        ...result,
        services: result.services.filter((service) => !service.ok),
      });
      write(context, renderRows(progressRows(progress), unbounded(context.err), settings.indent));
    },
    abandon: () => {},
  };
}

function paintedReport(context: Screen, settings: ReportSettings): Report {
  let progress = startProgress(settings.names, settings.verb);
  const painter: Painter = createPainter(context.err, () => process.stderr.rows ?? 24);
  // One cell stays free: a terminal that has just filled its last cell wraps differently from others.
  const look = (): Look => ({
    paint: context.err.paint,
    ascii: context.err.ascii,
    columns: context.err.columns - 1,
  });
  const rows = (of: Look) => renderRows(progressRows(progress), of, settings.indent);
  return {
    item: (item) => {
      progress = advance(progress, item);
      painter.paint(rows(look()));
    },
    typed: () => painter.typed(),
    insert: (text) => painter.insert(text),
    finish: (result) => {
      progress = settled(advance(progress, result));
      painter.finish(rows(unbounded(context.err)));
    },
    abandon: () => painter.finish(rows(unbounded(context.err))),
  };
}

/** One line for each change that a person or a log would want; nothing is repainted. */
function lineReport(context: Screen, settings: ReportSettings): Report {
  let progress = startProgress(settings.names, settings.verb);
  const last = new Map<string, string>();
  // How far a replacement is, is told once: that a drain is over is told by what follows.
  const told = new Set<string>();
  const show = (isEnd: boolean) => {
    const rows = progressRows(progress);
    const look = unbounded(context.err);
    for (const row of rows) {
      if (!isEnd && !isNews(row, settings.verb)) continue;
      const isGood = row.state === "ready" || row.state === "done";
      // The verdict on a failure comes whole, with its last words; a crash on the way is one line.
      const key = isGood ? row.state : isEnd ? "end" : `${row.state} ${row.news ?? row.words}`;
      if (last.get(row.name) === key || told.has(`${row.name} ${key}`)) continue;
      if (row.news !== undefined) told.add(`${row.name} ${key}`);
      last.set(row.name, key);
      const { bar: _, ...shown } = isEnd ? row : { ...row, lines: [] };
      write(context, aligned(shown, rows, look, settings.indent));
    }
  };
  return {
    item: (item) => {
      progress = advance(progress, item);
      show(false);
    },
    typed: () => {},
    insert: (text) => context.err.write(text),
    finish: (result) => {
      progress = settled(advance(progress, result));
      show(true);
    },
    abandon: () => show(true),
  };
}

/** One row, as wide as if all were printed together. */
function aligned(row: Row, rows: readonly Row[], look: Look, indent: number): readonly string[] {
  const width = Math.max(...rows.map((other) => other.name.length));
  return renderRows([{ ...row, name: row.name.padEnd(width) }], look, indent);
}

function unbounded(look: Look): Look {
  return { paint: look.paint, ascii: look.ascii, columns: Number.POSITIVE_INFINITY };
}

function write(context: Screen, lines: readonly string[]): void {
  for (const line of lines) context.err.line(line);
}

/** A plan has one form everywhere: that of `plan --json`. */
function printed(item: StreamItem): unknown {
  return item.kind === "plan" ? { v: 1, kind: "plan", ...item.plan } : item;
}
