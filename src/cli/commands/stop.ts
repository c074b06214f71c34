import type { ResultItem } from "../../control/protocol.ts";
import type { Snapshot } from "../../control/snapshot.ts";
import { EXIT } from "../../errors.ts";
import { act, by, exitOf, namedServices, waiting } from "../acting.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { actionResult } from "../results-json.ts";
import { signalName } from "../signal-name.ts";

/** Stops services, which stay stopped across reloads; also answers to `kill NAME`. */
export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const { names, running } = await namedServices(context, args.positionals, "stop");
  const given = args.invokedAs === "kill" ? "KILL" : args.text("signal");
  const signal = given === null ? null : signalName(given);
  if (!running) {
    context.say("Nothing runs.");
    return EXIT.ok;
  }
  const engine = await context.engine();
  const before = await engine.snapshot();
  const services = names.length > 0 ? names : (before?.services ?? []).map(({ name }) => name);
  const dependents = args.flag("dependents");
  const { result } = await act(
    context,
    {
      op: "stop",
      by: by(),
      services,
      dependents,
      signal,
      grace_ms: args.durationMs("grace"),
      ...waiting(args),
    },
    { verb: "stop", names: services, indent: 0 },
  );
  if (result === null) return EXIT.interrupted;
  if (context.globals.json) context.out.json(actionResult("stop", result));
  else for (const line of stopWords(result, dependents ? null : before)) context.say(line);
  return exitOf(result);
}

/** How to undo it, and who suffers. `before` null: nobody that was left running. */
export function stopWords(result: ResultItem, before: Snapshot | null): readonly string[] {
  const stopped = result.services.filter((service) => service.ok).map((service) => service.name);
  if (stopped.length === 0) return [];
  const lines = (before?.services ?? [])
    .filter((service) => stopped.includes(service.name))
    .flatMap((service) => {
      const left = service.needed_by.filter(
        (name) => !stopped.includes(name) && isUp(before, name),
      );
      if (left.length === 0) return [];
      const verb = left.length === 1 ? "waits" : "wait";
      return [
        `${left.join(", ")} ${verb} for ${service.name} and will not be ready without it. ` +
          `Too: procs stop ${service.name} --dependents`,
      ];
    });
  const who = stopped.length === 1 ? "It stays" : "They stay";
  return [...lines, `${who} stopped until: procs start ${stopped.join(" ")}`];
}

function isUp(snapshot: Snapshot | null, name: string): boolean {
  const service = snapshot?.services.find((one) => one.name === name);
  return service !== undefined && !["stopped", "disabled", "done"].includes(service.state);
}
