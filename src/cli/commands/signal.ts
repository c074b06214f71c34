import type { ResultItem } from "../../control/protocol.ts";
import { EXIT, userError } from "../../errors.ts";
import { act, appliedServices, by, exitOf } from "../acting.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { actionResult } from "../results-json.ts";
import { select } from "../select.ts";
import { signalName } from "../signal-name.ts";

/** Sends a signal to services or single instances. */
export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const words = args.positionals.slice(0, -1);
  const last = args.positionals.at(-1);
  if (last === undefined || words.length === 0) {
    throw userError(EXIT.usage, "P803", "procs signal needs a service and a signal", {
      help: ["procs signal api SIGUSR2"],
    });
  }
  const signal = signalName(last);
  const engine = await context.engine();
  const services = await appliedServices(engine);
  if (services === null) {
    throw userError(EXIT.supervisor, "P602", "nothing runs, so there is nobody to signal", {
      help: ["procs up -d"],
    });
  }
  const { targets } = select(words, services);
  const { result } = await act(
    context,
    { op: "signal", by: by(), targets, signal },
    { verb: "signal", names: [], indent: 0, silent: true },
  );
  if (result === null) return EXIT.interrupted;
  if (context.globals.json) context.out.json(actionResult("signal", result));
  else for (const line of sentWords(result, signal)) context.say(line);
  return exitOf(result);
}

/** `sent SIGUSR2 to api.1, api.2`; those that do not run are shown as what failed. */
export function sentWords(result: ResultItem, signal: string): readonly string[] {
  const reached = result.services.filter((service) => service.ok);
  if (reached.length === 0) return [];
  return [`sent ${signal} to ${reached.map(({ name, detail }) => detail ?? name).join(", ")}`];
}
