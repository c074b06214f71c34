import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Diagnostic, EXIT, UserError } from "../../errors.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { fixTabs } from "../fix-tabs.ts";
import { count } from "../format.ts";
import { githubLine } from "../github.ts";
import { type Place, placeOf } from "../project.ts";
import { readProject } from "../read-project.ts";
import { errorObject, PROBLEMS_MAX, renderDiagnostics } from "../report.ts";

export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const format = chosenFormat(context, args);
  const places = args.positionals.map((file) => placeOf(file, context.cwd));
  const chosen = places.length > 0 ? places : [await context.place()];
  const checks = chosen.map((place) => {
    const first = check(place, context);
    return args.flag("fix") && fix(first, context) ? check(place, context) : first;
  });
  const items = checks.flatMap((one) => one.items);
  const errors = items.filter((item) => item.severity === "error").length;
  const isOk = errors === 0 && (!args.flag("strict") || items.length === 0);

  const { out } = context;
  if (format === "json") {
    const shown = items.slice(0, PROBLEMS_MAX).map((item) => {
      const { v: _v, kind: _kind, ...rest } = errorObject(item);
      return rest;
    });
    out.json({ v: 1, kind: "diagnostics", ok: isOk, total: items.length, items: shown });
  } else if (format === "github") {
    for (const item of items.slice(0, PROBLEMS_MAX)) out.line(githubLine(item));
  } else {
    if (items.length > 0) out.write(`${await renderDiagnostics(items, out)}\n`);
    if (!context.globals.quiet) out.line(verdict(checks, errors, items.length - errors));
  }
  return isOk ? EXIT.ok : EXIT.config;
}

interface Check {
  readonly file: string;
  readonly services: number;
  readonly items: readonly Diagnostic[];
}

function check(place: Place, context: Context): Check {
  const file = place.files[0] ?? place.folder;
  try {
    const { project, warnings } = readProject(place, context.env, context.cwd);
    return { file, services: project.services.length, items: warnings };
  } catch (error) {
    if (!(error instanceof UserError) || error.exitCode !== EXIT.config) throw error;
    return { file, services: 0, items: error.diagnostics };
  }
}

/** Rewrites files that are indented with tabs; whether there was one. */
function fix(found: Check, context: Context): boolean {
  const files = found.items.flatMap((item) => (item.code === "P101" && item.file) || []);
  for (const file of new Set(files)) {
    const path = resolve(context.cwd, file);
    const fixed = fixTabs(readFileSync(path, "utf8"));
    writeFileSync(path, fixed.text);
    context.say(`${file}: tabs replaced in ${count(fixed.lines, "line")}`);
  }
  return files.length > 0;
}

/** `procs.yaml is valid: 6 services`, or how many problems there are. */
function verdict(checks: readonly Check[], errors: number, warnings: number): string {
  const parts = [
    errors > 0 ? count(errors, "error") : "",
    warnings > 0 ? count(warnings, "warning") : "",
  ].filter((part) => part !== "");
  if (errors > 0) return parts.join(", ");
  const good = checks.map((one) => {
    const name = one.file.replace(/^.*\//, "");
    return `${name} is valid: ${count(one.services, "service")}`;
  });
  return [...good, ...parts].join(", ");
}

function chosenFormat(context: Context, args: ParsedArgs): "text" | "json" | "github" {
  if (context.globals.json) return "json";
  const format = args.text("format") ?? "text";
  if (format === "text" || format === "json" || format === "github") return format;
  throw args.wrongUse(`--format must be text, json or github, not "${format}"`);
}
