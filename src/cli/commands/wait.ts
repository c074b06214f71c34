import { EXIT, userError } from "../../errors.ts";
import { act, appliedServices, by, exitOf } from "../acting.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { waitResult } from "../results-json.ts";
import { selectServices } from "../select.ts";

const WAIT_MS = 60_000;

/** Waits until services are ready, stopped or done. */
export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const goal = args.text("for") ?? "ready";
  if (goal !== "ready" && goal !== "stopped" && goal !== "done" && goal !== "idle") {
    throw userError(EXIT.usage, "P803", "procs wait --for knows ready, stopped, done and idle", {
      help: ["procs wait --for ready"],
    });
  }
  const applied = await appliedServices(await context.engine());
  if (applied === null) {
    throw userError(EXIT.supervisor, "P602", "nothing runs, so there is nothing to wait for", {
      help: ["procs up -d"],
    });
  }
  const services =
    args.positionals.length > 0
      ? selectServices(args.positionals, applied, "wait")
      : applied.map((service) => service.name);
  const { result } = await act(
    context,
    {
      op: "wait",
      by: by(),
      services,
      for: goal,
      timeout_ms: args.durationMs("timeout") ?? WAIT_MS,
    },
    { verb: "up", names: services, indent: 0, silent: true },
  );
  if (result === null) return EXIT.interrupted;
  if (context.globals.json) context.out.json(waitResult(result));
  return exitOf(result);
}
