import type { EventItem } from "../../control/protocol.ts";
import { EXIT } from "../../errors.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { isFine } from "../render-ps.ts";
import { type LastLine, renderStatus } from "../render-status.ts";
import { storedEvents } from "../stored-events.ts";
import { takeSnapshot } from "../take-snapshot.ts";

const HISTORY_MAX = 4;
const LINES_MAX = 5;

export async function run(context: Context, args: ParsedArgs): Promise<number> {
  if (args.positionals.length === 0) {
    const ps = await import("./ps.ts");
    return ps.run(context, args);
  }
  const { select } = await import("../select.ts");
  const snapshot = await takeSnapshot(context, []);
  const known = snapshot.services.map((service) => ({ name: service.name, labels: {} }));
  const names = select(args.positionals, known).services;
  const services = snapshot.services.filter((service) => names.includes(service.name));
  const others = Object.fromEntries(snapshot.services.map((one) => [one.name, one.state]));
  const { out } = context;
  const screen = {
    width: out.columns,
    paint: out.paint,
    ascii: out.ascii,
    nowMs: context.now(),
  };
  for (const [index, service] of services.entries()) {
    const history = await historyOf(context, service.name, snapshot.supervisor !== null);
    const lastLines = await lastLinesOf(context, service.name);
    if (out.mode === "json") {
      const lines = lastLines.map((line) => line.text);
      out.json({ v: 1, kind: "status", service, history, last_lines: lines });
      continue;
    }
    if (index > 0) out.line();
    const facts = { service, others, history, lastLines };
    for (const line of renderStatus(facts, screen)) out.line(line);
  }
  if (snapshot.supervisor === null) context.hint("not running: procs up");
  return args.flag("exit-code") && !services.every(isFine) ? EXIT.no : EXIT.ok;
}

async function historyOf(
  context: Context,
  service: string,
  isRunning: boolean,
): Promise<readonly EventItem[]> {
  const events: EventItem[] = [];
  const engine = await context.engine();
  const onEvent = (event: EventItem) => {
    if (event.service === service) events.push(event);
    if (events.length > HISTORY_MAX) events.shift();
  };
  if (isRunning) await engine.events({ since: null, follow: false, onEvent });
  else storedEvents(engine.paths).forEach(onEvent);
  return events;
}

async function lastLinesOf(context: Context, service: string): Promise<readonly LastLine[]> {
  const [{ openHistory }, { entryText }, engine] = await Promise.all([
    import("../../logs/history.ts"),
    import("../../logs/entry.ts"),
    context.engine(),
  ]);
  const { batches } = openHistory({
    runs: engine.paths.runs,
    targets: [{ service, slot: null }],
    choice: { kind: "all" },
    stream: null,
    sinceMs: null,
    untilMs: null,
    last: LINES_MAX,
    filter: null,
    isFollowed: false,
  });
  const lines: LastLine[] = [];
  for await (const batch of batches) {
    for (const entry of batch) {
      const name = `${entry.service}.${entry.slot}`;
      lines.push({ name, timeMs: entry.timeMs, text: entryText(entry) });
    }
  }
  return lines.slice(-LINES_MAX);
}
