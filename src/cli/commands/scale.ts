import type { ResultItem } from "../../control/protocol.ts";
import type { Snapshot } from "../../control/snapshot.ts";
import { EXIT, userError } from "../../errors.ts";
import { act, appliedServices, by, exitOf, waiting } from "../acting.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { type Row, renderRows, resultRow, took } from "../results.ts";
import { actionResult } from "../results-json.ts";
import { type Selectable, selectServices } from "../select.ts";

/** Sets how many instances run, by hand; with --save also in the file. */
export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const engine = await context.engine();
  const applied = await appliedServices(engine);
  if (applied === null) {
    throw userError(EXIT.supervisor, "P602", "nothing runs, so there is nothing to scale", {
      help: ["procs up -d --scale api=3"],
    });
  }
  const counts = readCounts(args.positionals, applied, "scale");
  if (Object.keys(counts).length === 0) {
    throw userError(EXIT.usage, "P803", "procs scale needs a service and a number", {
      help: ["procs scale api=3"],
    });
  }
  const before = await engine.snapshot();
  const { result } = await act(
    context,
    { op: "scale", by: by(), counts, ...waiting(args) },
    { verb: "scale", names: Object.keys(counts), indent: 0, silent: true },
  );
  if (result === null) return EXIT.interrupted;
  const isSaved = args.flag("save") && result.ok;
  if (isSaved) await save(context, counts);
  if (context.globals.json) context.out.json(actionResult("scale", result));
  else {
    for (const line of renderRows(scaleRows(result, counts, before), context.err, 0)) {
      context.say(line);
    }
    if (!isSaved) for (const line of keepWords(counts, before)) context.say(line);
  }
  return exitOf(result);
}

/** `api=3` of each word, names as in every selection. Throws UserError (exit 2). */
export function readCounts(
  words: readonly string[],
  services: readonly Selectable[],
  command: string,
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const word of words) {
    const parts = /^(.+)=(\d{1,4})$/.exec(word);
    if (parts === null) {
      throw userError(EXIT.usage, "P803", `"${word}" is not a service and a number`, {
        help: [`procs ${command === "up" ? "up --scale" : command} api=3`],
      });
    }
    for (const name of selectServices([parts[1] ?? ""], services, command)) {
      counts[name] = Number(parts[2]);
    }
  }
  return counts;
}

/** `api   2 -> 4 in 1.2s` for what went well; failures have been shown as they are. */
function scaleRows(
  result: ResultItem,
  counts: Readonly<Record<string, number>>,
  before: Snapshot | null,
): readonly Row[] {
  return result.services
    .filter((service) => service.ok)
    .map((service) => {
      const from = before?.services.find((one) => one.name === service.name)?.wanted;
      const to = Object.hasOwn(counts, service.name) ? counts[service.name] : undefined;
      const row = resultRow(service, "scale");
      if (from === undefined || to === undefined) return row;
      const time = service.elapsed_ms === null ? "" : ` in ${took(service.elapsed_ms)}`;
      const words = from === to ? `runs ${to} already` : `${from} -> ${to}${time}`;
      return { ...row, words, extras: [] };
    });
}

/** What the file says, and how to make it say the same. */
export function keepWords(
  counts: Readonly<Record<string, number>>,
  before: Snapshot | null,
): readonly string[] {
  return Object.entries(counts).flatMap(([name, count]) => {
    const file = before?.services.find((one) => one.name === name)?.by_hand.file_instances;
    if (file === undefined || file === count) return [];
    return [`procs.yaml says ${file}. Keep ${count}: procs scale ${name}=${count} --save`];
  });
}

async function save(context: Context, counts: Readonly<Record<string, number>>): Promise<void> {
  const [{ saveInstances }, place] = await Promise.all([
    import("../results-save.ts"),
    context.place(),
  ]);
  for (const line of saveInstances(place.files, counts, context.cwd)) context.say(line);
}
