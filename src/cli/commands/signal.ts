import type { Snapshot, Target } from "../../control/protocol.ts";
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
  const before = await engine.snapshot();
  const { result } = await act(
    context,
    { op: "signal", by: by(), targets, signal },
    { verb: "signal", names: [], indent: 0, silent: true },
  );
  if (result === null) return EXIT.interrupted;
  if (context.globals.json) context.out.json(actionResult("signal", result));
  else if (result.ok) context.say(`sent ${signal} to ${reached(targets, before).join(", ")}`);
  return exitOf(result);
}

/** The instances that were meant and have a process. */
export function reached(targets: readonly Target[], before: Snapshot | null): readonly string[] {
  return targets.flatMap(({ service, instance }) => {
    const status = before?.services.find((one) => one.name === service);
    const living = (status?.instances ?? []).filter(
      (one) => one.pid !== null && (instance === null || one.instance === instance),
    );
    return living.map((one) => `${service}.${one.instance}`);
  });
}
