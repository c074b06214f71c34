import type { ClearReply } from "../control/protocol.ts";
import { EXIT, userError } from "../errors.ts";
import { type LogTarget, listSlots } from "../logs/catalogue.ts";
import type { ParsedArgs } from "./args.ts";
import type { Context } from "./context.ts";
import { bytes } from "./format.ts";
import { type LogRequest, readLogRequest } from "./log-request.ts";

/** `procs logs --clear`: asks, and deletes what is stored of the output of these services; they go on. */
export async function clearLogs(context: Context, args: ParsedArgs): Promise<number> {
  const { query } = await readLogRequest(context, args);
  refuseChoice(query);
  const names = namesOf(query);
  if (names.length === 0) {
    context.say("nothing was written");
    return EXIT.ok;
  }
  if (!(await agrees(context, names.join(", ")))) return EXIT.ok;
  const engine = await context.engine();
  const targets = query.targets?.map(({ service, slot }) => ({ service, instance: slot })) ?? null;
  const reply = await engine.clearLogs(targets);
  tell(context, reply);
  return reply.failed.length === 0 ? EXIT.ok : EXIT.failed;
}

/** A part of them cannot be deleted: what is asked for is whose, not which. */
function refuseChoice({ choice, stream, sinceMs, untilMs, filter }: LogRequest["query"]): void {
  const isPart =
    choice.kind !== "all" || [stream, sinceMs, untilMs, filter].some((each) => each !== null);
  if (!isPart) return;
  throw userError(
    EXIT.usage,
    "P803",
    "--clear deletes all that a service wrote, not a part of it",
    {
      help: ["procs logs --clear SERVICE"],
    },
  );
}

/** What has logs and was chosen: a service, or one instance of it. */
function namesOf({ runs, targets }: LogRequest["query"]): readonly string[] {
  const stored = listSlots(runs);
  const has = ({ service, slot }: LogTarget) =>
    stored.some((one) => one.service === service && (slot === null || one.slot === slot));
  if (targets === null) return [...new Set(stored.map(({ service }) => service))];
  return targets
    .filter(has)
    .map(({ service, slot }) => (slot === null ? service : `${service}.${slot}`));
}

async function agrees(context: Context, names: string): Promise<boolean> {
  switch (await context.confirm(`Delete what ${names} wrote so far?`)) {
    case "yes":
      return true;
    case "no":
      context.say("Nothing was changed.");
      return false;
    case "nobody":
      throw userError(
        EXIT.usage,
        "P802",
        `--clear would delete what ${names} wrote, and nobody can be asked here (stdin is not a terminal)`,
        { help: ["procs logs --clear -y"] },
      );
  }
}

function tell({ out, err }: Context, reply: ClearReply): void {
  if (out.mode === "json") {
    out.json(reply);
    return;
  }
  const isWhole = (service: string) =>
    !reply.failed.some(({ name }) => name.replace(/\.\d+$/, "") === service);
  for (const { name, freed_bytes } of reply.services.filter((one) => isWhole(one.name))) {
    const freed = freed_bytes === 0 ? "" : `, ${bytes(freed_bytes)} freed`;
    out.line(`${name}: cleared${freed}`);
  }
  for (const { name, why } of reply.failed) {
    err.line(`${name}: something of it is still there: ${why}`);
  }
}
