import { REDACTED } from "../../core/secret.ts";
import { EXIT, userError } from "../../errors.ts";
import type { ParsedArgs } from "../args.ts";
import { clean } from "../clean.ts";
import type { Context } from "../context.ts";
import { type Variable, variablesOf } from "../env-view.ts";
import { renderTable } from "../table.ts";

export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const word = args.positionals[0];
  if (word === undefined) throw args.wrongUse("procs env needs a service: procs env api");
  const project = await context.loadProject();
  const { selectServices } = await import("../select.ts");
  const name = selectServices([word], project.services, "env")[0];
  const spec = project.services.find((one) => one.name === name);
  if (spec === undefined) throw userError(EXIT.usage, "P804", `no service is called "${word}"`);
  const running = await (await context.engine()).project();
  const variables = variablesOf({
    project,
    spec,
    ambient: running?.ambient ?? context.planRequest(project).ambient,
    applied: running?.project.services.find((one) => one.name === name) ?? null,
  });
  const values = args.flag("show-values");
  if (context.out.mode === "json") {
    context.out.json({
      v: 1,
      kind: "env",
      service: spec.name,
      vars: variables.map((one) => jsonOf(one, values)),
    });
  } else if (args.flag("export")) {
    exportLines(context, variables, values);
  } else {
    tableLines(context, args, variables);
  }
  return EXIT.ok;
}

/** Inherited values are those of a whole shell: they are only shown when asked for. */
function isHidden(variable: Variable, values: boolean): boolean {
  return !values && (variable.secret || variable.from === "inherited");
}

function jsonOf(variable: Variable, values: boolean): Record<string, unknown> {
  const hidden = isHidden(variable, values);
  return {
    name: variable.name,
    value: hidden ? null : variable.value,
    redacted: hidden,
    from: variable.from,
    source: variable.source,
    not_applied: variable.runsWith !== null,
  };
}

/** Lines for a shell, of what the file gives. A masked value would be a wrong one, so it is left out. */
function exportLines(context: Context, variables: readonly Variable[], values: boolean): void {
  let left = 0;
  for (const one of variables) {
    if (one.from === "inherited" || (one.source === null && one.runsWith !== null)) continue;
    if (isHidden(one, values)) left += 1;
    else context.out.line(`export ${one.name}='${one.value.replaceAll("'", `'\\''`)}'`);
  }
  if (left > 0) context.say(`${left} left out, they look secret: add --show-values`);
}

function tableLines(context: Context, args: ParsedArgs, variables: readonly Variable[]): void {
  const { out } = context;
  const values = args.flag("show-values");
  const shown = variables.filter((one) => one.from !== "inherited" || values);
  const inherited = variables.length - shown.length;
  const shownValue = (one: Variable) => (isHidden(one, values) ? REDACTED : clean(one.value));
  if (out.mode === "plain") {
    for (const one of shown) {
      const origin = args.flag("origin") ? `\t${originOf(one)}` : "";
      out.line(`${one.name}\t${shownValue(one)}${origin}`);
    }
    return;
  }
  const columns = [
    { key: "name", title: "NAME" },
    { key: "value", title: "VALUE", cutTo: 20 },
    ...(args.flag("origin") ? [{ key: "origin", title: "" }] : []),
    { key: "note", title: "", cutTo: 12, drop: 1 },
  ];
  const rows = shown.map((one) => ({
    cells: {
      name: { text: one.name },
      value: { text: shownValue(one) },
      origin: { text: originOf(one), style: out.paint.dim },
      note: { text: noteOf(one, values), style: out.paint.yellow },
    },
  }));
  for (const line of renderTable({
    columns,
    rows,
    width: out.columns,
    heading: out.paint.dim,
    ellipsis: out.ascii ? "..." : "…",
    header: false,
  })) {
    out.line(line);
  }
  if (inherited > 0) context.hint(`and ${inherited} inherited ones: --show-values`);
}

function originOf(variable: Variable): string {
  if (variable.source !== null) return `${variable.source.file}:${variable.source.line}`;
  return variable.from === "file" ? "" : `(${variable.from})`;
}

function noteOf(variable: Variable, values: boolean): string {
  if (variable.runsWith === null) return "";
  const { value } = variable.runsWith;
  if (value === null) return "added, not applied";
  const runs = variable.secret && !values ? "another value" : clean(value);
  const isGone = variable.source === null && variable.value === "";
  return `${isGone ? "removed" : "changed"}, not applied (runs with ${runs})`;
}
