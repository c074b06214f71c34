import { EXIT } from "../../errors.ts";
import type { ParsedArgs } from "../args.ts";
import { clean } from "../clean.ts";
import type { Context } from "../context.ts";
import { takeSnapshot } from "../take-snapshot.ts";
import { wrap } from "../width.ts";

export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const word = args.positionals[0];
  if (word === undefined) {
    throw args.wrongUse("procs why needs a service: procs why api");
  }
  const snapshot = await takeSnapshot(context, [word]);
  const { out } = context;
  for (const { name } of snapshot.services) {
    const engine = await context.engine();
    const reply = snapshot.supervisor === null ? null : await engine.why(name);
    const lines = reply?.lines ?? [
      `${name} is not running, because ${snapshot.project} is not running`,
      "start it: procs up",
    ];
    if (out.mode === "json") {
      out.json(reply ?? { v: 1, kind: "why", service: name, lines });
      continue;
    }
    const [first = "", ...more] = lines.map((line) => clean(line));
    for (const line of wrap(first, out.columns, "  ")) out.line(line);
    for (const one of more)
      for (const line of wrap(`  ${one}`, out.columns, "    ")) out.line(line);
  }
  return EXIT.ok;
}
