import type { Project } from "../../core/spec.ts";
import { EXIT } from "../../errors.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { capsForm, type FileValue, fileForm, prune } from "../file-form.ts";
import { type Comment, yamlLines } from "../yaml-text.ts";

export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const project = await context.loadProject();
  const names = await chosen(args.positionals, project);
  const forms: Record<string, FileValue> = {};
  for (const spec of project.services) {
    if (names.includes(spec.name)) forms[spec.name] = fileForm(spec, args.flag("show-values"));
  }
  const { out } = context;
  const log = prune(capsForm(project.log));
  const head = { name: project.name, reload: project.reload, log };
  if (out.mode === "json") {
    const origins = args.flag("origins") ? { origins: project.sources } : {};
    out.json({ v: 1, kind: "config", ...head, services: forms, ...origins });
    return EXIT.ok;
  }
  const comment: Comment = args.flag("origins") ? originComment(project) : () => null;
  for (const line of yamlLines({ ...head, services: forms }, comment)) {
    const at = line.indexOf("   # ");
    const note = at === -1 ? "" : line.slice(at);
    out.line((at === -1 ? line : line.slice(0, at)) + out.paint.dim(note));
  }
  return EXIT.ok;
}

/** `services.api.env.PORT` was written where `api`'s sources say `env.PORT` was. */
function originComment(project: Project): Comment {
  return ([top, service, ...path]) => {
    if (top !== "services" || service === undefined) return null;
    const source = project.sources[service]?.[path.join(".")];
    return source === undefined ? null : `${source.file}:${source.line}`;
  };
}

async function chosen(words: readonly string[], project: Project): Promise<readonly string[]> {
  if (words.length === 0) return project.services.map((spec) => spec.name);
  const { select } = await import("../select.ts");
  return select(words, project.services).services;
}
