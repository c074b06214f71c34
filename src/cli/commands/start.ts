import type { ResultItem } from "../../control/protocol.ts";
import type { Snapshot } from "../../control/snapshot.ts";
import { EXIT, userError } from "../../errors.ts";
import { act, by, exitOf, namedServices, waiting } from "../acting.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { actionResult } from "../results-json.ts";

/** Starts stopped or failed services and what they depend on. */
export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const { names, running } = await namedServices(context, args.positionals, "start");
  if (!running) {
    throw userError(EXIT.supervisor, "P602", "nothing runs, so there is nothing to start into", {
      help: [["procs up -d", ...names].join(" ")],
    });
  }
  const engine = await context.engine();
  const services = names.length > 0 ? names : restingServices(await engine.snapshot());
  if (services.length === 0) {
    if (context.globals.json) context.out.json(actionResult("start", nothing()));
    context.say("Nothing to start: no service was stopped by hand or gave up.");
    return EXIT.ok;
  }
  const { result } = await act(
    context,
    { op: "start", by: by(), services, deps: !args.flag("no-deps"), ...waiting(args) },
    { verb: "start", names: services, indent: 0 },
  );
  if (result === null) return EXIT.interrupted;
  if (context.globals.json) context.out.json(actionResult("start", result));
  return exitOf(result);
}

/** What `start` without a name means: stopped by hand, or given up. */
function restingServices(snapshot: Snapshot | null): readonly string[] {
  return (snapshot?.services ?? [])
    .filter((service) => service.by_hand.stopped || service.state === "failed")
    .map((service) => service.name);
}

function nothing(): ResultItem {
  return {
    v: 1,
    kind: "result",
    op: "start",
    ok: true,
    exit: EXIT.ok,
    elapsed_ms: 0,
    services: [],
    rolled_back: [],
    plan: null,
  };
}
