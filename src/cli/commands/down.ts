import type { ResultItem } from "../../control/protocol.ts";
import { EXIT } from "../../errors.ts";
import { act, by, exitOf } from "../acting.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { took } from "../results.ts";
import { actionResult } from "../results-json.ts";

/** Stops everything, dependents first, and the supervisor. */
export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const engine = await context.engine();
  const version = await engine.version();
  if (version === null) {
    if (context.globals.json) context.out.json(actionResult("down", NOTHING));
    context.say("Nothing runs.");
    return EXIT.ok;
  }
  const operation = { op: "down", by: by(), grace_ms: args.durationMs("grace") } as const;
  const { result } = await act(context, operation, { verb: "down", names: [], indent: 0 });
  if (result === null) return EXIT.interrupted;
  if (context.globals.json) context.out.json(actionResult("down", result));
  else for (const line of downWords(result)) context.say(line);
  return exitOf(result);
}

/** What is said at the end: how long it took, and who had to be killed. */
export function downWords(result: ResultItem): readonly string[] {
  const killed = result.services
    .filter((service) => service.outcome === "killed")
    .map((service) => service.name);
  const end = result.ok ? "down" : "not everything is down, after";
  const first = `${end}${result.ok ? " in" : ""} ${took(result.elapsed_ms)}.`;
  if (killed.length === 0) return [first];
  const who = killed.join(", ");
  const verb = killed.length === 1 ? "ignored its stop signal" : "ignored their stop signals";
  return [`${first} ${who} ${verb}: stop.signal and stop.timeout choose others`];
}

const NOTHING: ResultItem = {
  v: 1,
  kind: "result",
  op: "down",
  ok: true,
  exit: EXIT.ok,
  elapsed_ms: 0,
  services: [],
  rolled_back: [],
  plan: null,
};
