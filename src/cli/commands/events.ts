import type { EventItem } from "../../control/protocol.ts";
import type { Snapshot } from "../../control/snapshot.ts";
import type { Engine } from "../../engines/engine.ts";
import { EXIT, UserError } from "../../errors.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { eventLine, eventRow } from "../render-events.ts";
import { storedEvents } from "../stored-events.ts";
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
  "socket",
  "demand",
  "signal",
  "supervisor",
];

/** How much of the past comes before what is followed. */
const FOLLOWED_MAX = 100;

export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const types = chosenTypes(args);
  const isOpen = args.flag("follow") && args.text("since") === null;
  const lastMax = args.count("lines") ?? (isOpen ? FOLLOWED_MAX : Number.POSITIVE_INFINITY);
  const engine = await context.engine();
  const snapshot = await snapshotOf(engine, args.flag("follow"));
  const known = snapshot?.services.map((one) => one.name) ?? namesIn(storedEvents(engine.paths));
  const names = await chosenNames(args, known);
  const nameWidth = Math.min(16, Math.max(8, ...names.map((name) => name.length + 2)));
  const isWanted = (event: EventItem) =>
    (types.length === 0 || types.includes(event.type)) &&
    (args.positionals.length === 0 ||
      (event.service !== undefined && names.includes(event.service)));
  const show = (event: EventItem) => showEvent(context, event, nameWidth);

  // The past is read whole first, so that the last lines of it are known.
  const since = args.text("since");
  const sinceMs = since === null ? null : parseWhen(since, context.now());
  const past = await pastEvents(engine, snapshot !== null, sinceMs);
  const wanted = past.filter(isWanted);
  for (const event of wanted.slice(Math.max(0, wanted.length - lastMax))) show(event);
  if (!args.flag("follow")) return EXIT.ok;
  await engine.events({
    since: past.at(-1)?.seq ?? snapshot?.seq ?? null,
    follow: true,
    signal: context.signal,
    onEvent: (event) => {
      if (isWanted(event)) show(event);
    },
  });
  return EXIT.ok;
}

/** What has happened is in a file, and can be read also when a supervisor died and left instances behind. */
async function snapshotOf(engine: Engine, isFollowed: boolean): Promise<Snapshot | null> {
  try {
    return await engine.snapshot();
  } catch (error) {
    const isLeft = error instanceof UserError && error.diagnostics[0]?.code === "P602";
    if (isFollowed || !isLeft) throw error;
    return null;
  }
}

/** From the supervisor, or from the file of the last one. */
async function pastEvents(
  engine: Engine,
  isRunning: boolean,
  sinceMs: number | null,
): Promise<readonly EventItem[]> {
  if (!isRunning) {
    const stored = storedEvents(engine.paths);
    return sinceMs === null ? stored : stored.filter((one) => Date.parse(one.time) >= sinceMs);
  }
  const past: EventItem[] = [];
  const since = sinceMs === null ? null : new Date(sinceMs).toISOString();
  await engine.events({ since, follow: false, onEvent: (event) => past.push(event) });
  return past;
}

function namesIn(events: readonly EventItem[]): readonly string[] {
  return [...new Set(events.flatMap((event) => event.service ?? []))];
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
