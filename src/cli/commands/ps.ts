import type { State } from "../../control/protocol.ts";
import type { ServiceStatus, Snapshot } from "../../control/snapshot.ts";
import { EXIT, userError } from "../../errors.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { chooseFields, pick } from "../fields.ts";
import { isAccessible } from "../output.ts";
import { instanceRows, instancesTable } from "../render-instances.ts";
import {
  isFine,
  PS_FIELD_ALIASES,
  PS_FIELDS,
  PS_FIELDS_ALL,
  psColumns,
  psRows,
  psSentences,
  psSummary,
  psTable,
  type Screen,
} from "../render-ps.ts";
import { takeSnapshot } from "../take-snapshot.ts";

const WATCH_MS = 2000;

export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const states = chosenStates(args);
  const order = chosenOrder(args);
  const once = async (): Promise<Snapshot> => {
    const snapshot = await takeSnapshot(context, args.positionals);
    const services = snapshot.services
      .filter((service) => states.length === 0 || states.includes(service.state))
      .toSorted(order);
    return { ...snapshot, services };
  };
  if (args.flag("watch")) return watch(context, args, once);
  const snapshot = await once();
  context.out.write(screenful(context, args, snapshot));
  if (context.out.mode === "pretty") {
    context.say("");
    context.hint(psSummary(snapshot));
  }
  return args.flag("exit-code") && !snapshot.services.every(isFine) ? EXIT.no : EXIT.ok;
}

/** Repaints its own lines only, so that what was above stays; ends at Ctrl-C with 0. */
async function watch(
  context: Context,
  args: ParsedArgs,
  once: () => Promise<Snapshot>,
): Promise<number> {
  const { signal, out } = context;
  let painted = 0;
  while (!signal.aborted) {
    const snapshot = await once();
    const text = screenful(context, args, snapshot);
    const footer = out.mode === "pretty" ? `\n${out.paint.dim(psSummary(snapshot))}\n` : "";
    const back = out.canRepaint && painted > 0 ? `\x1b[${painted}F\x1b[J` : "";
    out.write(back + text + footer);
    painted = (text + footer).split("\n").length - 1;
    await pause(WATCH_MS, signal);
  }
  return EXIT.ok;
}

function screenful(context: Context, args: ParsedArgs, snapshot: Snapshot): string {
  const { out, globals } = context;
  const wanted = globals.fields;
  const screen: Screen = {
    width: out.columns,
    paint: out.paint,
    ascii: out.ascii,
    nowMs: context.now(),
  };
  const { services } = snapshot;
  if (out.mode === "json") return `${JSON.stringify(jsonOf(snapshot, wanted))}\n`;
  if (args.flag("instances")) {
    return block(out.mode === "pretty" ? instancesTable(services, screen) : instanceRows(services));
  }
  const fields =
    wanted === null
      ? out.mode === "pretty"
        ? psColumns(services)
        : PS_FIELDS
      : chooseFields(wanted, PS_FIELDS_ALL, PS_FIELD_ALIASES);
  if (out.mode === "plain") return block(psRows(services, fields));
  if (isAccessible(context.env)) return block(psSentences(services, screen.nowMs));
  return block(psTable(services, fields, screen));
}

function jsonOf(snapshot: Snapshot, wanted: readonly string[] | null): unknown {
  if (wanted === null) return snapshot;
  const keys = chooseFields(wanted, Object.keys(snapshot.services[0] ?? {}), PS_FIELD_ALIASES);
  return {
    ...snapshot,
    services: snapshot.services.map((service) => pick({ ...service }, keys)),
  };
}

const STATE_WORDS: readonly State[] = [
  "waiting",
  "starting",
  "ready",
  "unready",
  "reloading",
  "idle",
  "stopping",
  "stopped",
  "done",
  "crashed",
  "failed",
  "disabled",
];

function chosenStates(args: ParsedArgs): readonly State[] {
  const words = args.list("state").flatMap((text) => text.split(","));
  return words.map((word) => {
    const state = STATE_WORDS.find((known) => known === word);
    if (state !== undefined) return state;
    throw userError(EXIT.usage, "P803", `there is no state "${word}"`, {
      help: [`the states are: ${STATE_WORDS.join(", ")}`],
    });
  });
}

type Order = (a: ServiceStatus, b: ServiceStatus) => number;

const ORDERS: Readonly<Record<string, Order>> = {
  name: (a, b) => a.name.localeCompare(b.name),
  state: (a, b) => a.state.localeCompare(b.state),
  up: (a, b) => (a.since ?? "~").localeCompare(b.since ?? "~"),
  restarts: (a, b) => b.restarts - a.restarts,
  cpu: (a, b) => (b.cpu_percent ?? -1) - (a.cpu_percent ?? -1),
  mem: (a, b) => (b.memory_bytes ?? -1) - (a.memory_bytes ?? -1),
};

/** Without --sort: as in the file. Numbers: the most first. */
function chosenOrder(args: ParsedArgs): Order {
  const word = args.text("sort");
  if (word === null) return () => 0;
  const order = ORDERS[word];
  if (order !== undefined) return order;
  throw userError(EXIT.usage, "P803", `procs ps cannot sort by "${word}"`, {
    help: [`it sorts by: ${Object.keys(ORDERS).join(", ")}`],
  });
}

function block(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function pause(millis: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, millis);
    signal.addEventListener("abort", done);
  });
}
