import type { EventItem } from "../../control/protocol.ts";
import { EXIT } from "../../errors.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { eventLine, eventRow } from "../render-events.ts";
import { parseWhen } from "../when.ts";

const TYPES: readonly EventItem["type"][] = [
  "state",
  "rollout",
  "reload",
  "probe",
  "watch",
  "config",
  "scale",
  "schedule",
  "signal",
  "supervisor",
];

export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const types = chosenTypes(args);
  const lastMax = args.count("lines");
  const engine = await context.engine();
  const snapshot = await engine.snapshot();
  const names = await chosenNames(args, snapshot?.services.map((one) => one.name) ?? []);
  const nameWidth = Math.min(16, Math.max(8, ...names.map((name) => name.length + 2)));
  const show = (event: EventItem) => showEvent(context, event, nameWidth);

  const isWanted = (event: EventItem) =>
    (types.length === 0 || types.includes(event.type)) &&
    (args.positionals.length === 0 ||
      (event.service !== undefined && names.includes(event.service)));
  const since = args.text("since");
  const sinceTime = since === null ? null : new Date(parseWhen(since, context.now())).toISOString();

  // With -n the past is read whole first, so that its last lines are known.
  const past: EventItem[] = [];
  let seq: number | null = null;
  if (lastMax !== null) {
    await engine.events({
      since: sinceTime,
      follow: false,
      onEvent: (event) => {
        seq = event.seq;
        if (isWanted(event)) past.push(event);
      },
    });
    if (lastMax > 0) for (const event of past.slice(-lastMax)) show(event);
    if (!args.flag("follow")) return EXIT.ok;
  }
  const follow = args.flag("follow");
  await engine.events({
    since: seq ?? sinceTime,
    follow,
    onEvent: (event) => {
      if (isWanted(event)) show(event);
    },
    ...(follow && { signal: context.signal }),
  });
  return EXIT.ok;
}

function showEvent(context: Context, event: EventItem, nameWidth: number): void {
  const { out } = context;
  if (out.mode === "json") {
    out.json(event);
  } else if (out.mode === "plain") {
    out.line(eventRow(event));
  } else {
    const screen = { width: out.columns, paint: out.paint, nowMs: context.now(), nameWidth };
    out.line(eventLine(event, screen));
  }
}

async function chosenNames(args: ParsedArgs, known: readonly string[]): Promise<readonly string[]> {
  if (args.positionals.length === 0) return known;
  const { select } = await import("../select.ts");
  return select(
    args.positionals,
    known.map((name) => ({ name, labels: {} })),
  ).services;
}

function chosenTypes(args: ParsedArgs): readonly EventItem["type"][] {
  const words = args.list("type").flatMap((text) => text.split(","));
  return words.map((word) => {
    const type = TYPES.find((known) => known === word);
    if (type !== undefined) return type;
    const message = `there is no type of event "${word}": they are ${TYPES.join(", ")}`;
    throw args.wrongUse(message);
  });
}
