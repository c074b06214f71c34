import { EXIT } from "../../errors.ts";
import { chooseRuns, listSlots } from "../../logs/catalogue.ts";
import { entryText, type LogEntry } from "../../logs/entry.ts";
import { followLogs } from "../../logs/follow.ts";
import { type History, openHistory } from "../../logs/history.ts";
import { JSON_FIELDS, toJsonEntry } from "../../logs/json-entry.ts";
import { LogPrinter, type PrintOptions } from "../../logs/print.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { chooseFields, pick } from "../fields.ts";
import { printPaths } from "../log-paths.ts";
import { type LogRequest, readLogRequest } from "../log-request.ts";

export async function run(context: Context, args: ParsedArgs): Promise<number> {
  if (args.flag("clear")) return (await import("../clear-logs.ts")).clearLogs(context, args);
  const request = await readLogRequest(context, args);
  if (args.flag("path")) return printPaths(context, request.query);
  const history = openHistory(request.query);
  const show = createShow(context, args, request);
  let shown = 0;
  for await (const batch of history.batches) {
    shown += batch.length;
    if (batch.length > 0) await show(batch);
    if (context.signal.aborted) return EXIT.interrupted;
  }
  if (request.isFollowed) await follow(context, request, history, show);
  else if (shown === 0) sayNothing(context, request);
  return conclude(context, args, request);
}

type Show = (entries: readonly LogEntry[]) => Promise<void>;

/** Ends with Ctrl-C, or at `--until`; the services never notice. */
async function follow(
  context: Context,
  request: LogRequest,
  history: History,
  show: Show,
): Promise<void> {
  const { runs, targets, stream, choice, untilMs, filter } = request.query;
  const signals = [context.signal];
  const leftMs = untilMs === null ? null : untilMs - context.now();
  if (leftMs !== null && leftMs <= 0) return;
  if (leftMs !== null) signals.push(AbortSignal.timeout(leftMs));
  await followLogs({
    ...{ runs, targets, stream, filter },
    run: choice.kind === "number" ? choice.run : null,
    from: history.positions,
    onLines: show,
    signal: AbortSignal.any(signals),
  });
}

/** How entries leave: as JSON, as the bytes they are, or as people read them. */
function createShow(context: Context, args: ParsedArgs, request: LogRequest): Show {
  const { out } = context;
  const isRaw = args.flag("raw");
  if (out.mode === "json") {
    const { fields } = context.globals;
    const keys = fields === null ? null : chooseFields(fields, JSON_FIELDS, {});
    return async (entries) => {
      const objects = entries.map((entry) => {
        const json = toJsonEntry(entry, isRaw);
        return keys === null ? json : pick({ ...json }, keys);
      });
      out.write(objects.map((json) => `${JSON.stringify(json)}\n`).join(""));
      await out.drained();
    };
  }
  if (isRaw) {
    return async (entries) => {
      for (const entry of entries) if (entry.dropped !== undefined) context.say(entryText(entry));
      out.bytes(Buffer.concat(entries.flatMap(rawBytes)));
      await out.drained();
    };
  }
  const printer = new LogPrinter(printOptions(context, args, request));
  introduce(printer, request);
  return async (entries) => {
    for (const entry of entries) printer.expect(entry);
    out.write(entries.map((entry) => printer.print(entry)).join(""));
    await out.drained();
  };
}

/** The names of all that was chosen, so that the column is right from the first line on. */
function introduce(printer: LogPrinter, { query }: LogRequest): void {
  const seen = new Set<string>();
  for (const { service } of listSlots(query.runs)) {
    if (seen.has(service)) printer.number(service);
    seen.add(service);
  }
  for (const run of chooseRuns(query.runs, query.targets, query.choice)) printer.expect(run);
}

function rawBytes(entry: LogEntry): Buffer[] {
  if (entry.dropped !== undefined) return [];
  return entry.ends === "newline" || entry.ends === "eof"
    ? [entry.bytes, Buffer.from("\n")]
    : [entry.bytes];
}

function printOptions(context: Context, args: ParsedArgs, request: LogRequest): PrintOptions {
  const { out } = context;
  const isPretty = out.mode === "pretty";
  const isShown = !args.flag("no-time") && (isPretty || args.flag("time"));
  const clock = args.flag("utc") ? "clock-utc" : "clock";
  return {
    runs: request.query.runs,
    time: isShown ? (isPretty ? clock : "iso") : "none",
    color: out.paint.on,
    ascii: out.ascii,
    rules: isPretty,
    readsJson: isPretty,
    prefix: !args.flag("no-prefix"),
    others: [],
  };
}

function sayNothing(context: Context, request: LogRequest): void {
  if (request.query.filter === null) context.say("nothing was written");
}

function conclude(context: Context, args: ParsedArgs, request: LogRequest): number {
  const { filter } = request.query;
  if (filter === null) return EXIT.ok;
  const { matched, scanned } = filter;
  const matches = matched === 1 ? "1 match" : `${matched.toLocaleString("en")} matches`;
  if (context.out.mode === "pretty") {
    context.say(`${matches} in ${scanned.toLocaleString("en")} lines`);
  }
  return args.flag("exit-code") && matched === 0 ? EXIT.no : EXIT.ok;
}
