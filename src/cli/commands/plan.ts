import { EXIT } from "../../errors.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { planScreen, renderPlan } from "../render-plan.ts";

export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const { out } = context;
  const project = await context.loadProject();
  const engine = await context.engine();
  const only =
    args.positionals.length === 0 ? null : await chosen(args.positionals, project.services);
  const plan = await engine.plan(
    context.planRequest(project, {
      only,
      no_remove: args.flag("no-remove"),
      reset_scale: args.flag("reset-scale"),
      refresh_env: args.flag("refresh-env"),
    }),
  );
  if (out.mode === "json") {
    out.json({ v: 1, kind: "plan", ...plan });
  } else if (!context.globals.quiet) {
    const file = project.file.replace(/^.*\//, "");
    const full = args.flag("full");
    for (const line of renderPlan(plan, file, planScreen(out, full))) out.line(line);
    if (plan.changed) out.line();
    if (plan.changed) {
      const apply = out.mode === "pretty" ? "Nothing was changed. Apply: procs reload     " : "";
      out.line(`${apply}plan ${plan.id}`);
    }
  }
  return args.flag("exit-code") && plan.changed ? EXIT.no : EXIT.ok;
}

async function chosen(
  words: readonly string[],
  services: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[],
): Promise<readonly string[]> {
  const { selectServices } = await import("../select.ts");
  return selectServices(words, services, "plan");
}
