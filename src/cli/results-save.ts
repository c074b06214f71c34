import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { isMap, isNode, isScalar, parseDocument, type YAMLMap } from "yaml";
import { EXIT, userError } from "../errors.ts";

/**
 * Writes the counts into the files and returns what to say. Each service's count goes where the file
 * that wins has the service. Throws UserError (exit 3) when a service is written in none of them.
 */
export function saveInstances(
  files: readonly string[],
  counts: Readonly<Record<string, number>>,
  cwd: string,
): readonly string[] {
  return Object.entries(counts).map(([service, count]) => {
    for (const file of files.toReversed()) {
      const path = realpathSync(file);
      const text = readFileSync(path, "utf8");
      const edited = withInstances(text, service, count);
      if (edited === null) continue;
      if (edited.text !== text) writeFileSync(path, edited.text);
      return `saved: instances: ${count} (${relative(cwd, file) || file}:${edited.line})`;
    }
    throw userError(EXIT.config, "P110", `${service} is not written in a file of yours to edit`, {
      notes: ["it may come from an included file, an alias or a merge key"],
      help: [`add instances: ${count} to services.${service} by hand`],
    });
  });
}

/**
 * The text with `instances: count` in a service, every other character as it was; null when the service is
 * not written out here.
 */
export function withInstances(
  text: string,
  service: string,
  count: number,
): { readonly text: string; readonly line: number } | null {
  const document = parseDocument(text, { merge: true });
  const node: unknown = document.getIn(["services", service], true);
  if (document.errors.length > 0 || !isMap(node)) return null;
  const place = placeOf(node);
  if (place === null) return null;
  const added = place.isNew ? newEntry(text, place.start, node, count) : String(count);
  const edited = text.slice(0, place.start) + added + text.slice(place.end);
  // A last look, as a person would: the new text says this and nothing else new.
  if (parseDocument(edited, { merge: true }).getIn(["services", service, "instances"]) !== count) {
    return null;
  }
  return { text: edited, line: text.slice(0, place.start).split("\n").length };
}

interface Place {
  readonly start: number;
  readonly end: number;
  readonly isNew: boolean;
}

/** Where the number stands, or where an entry for it can begin: before the first key. */
function placeOf(map: YAMLMap): Place | null {
  for (const { key, value } of map.items) {
    if (!isScalar(key) || key.value !== "instances") continue;
    if (!isNode(value) || value.range == null) return null;
    return { start: value.range[0], end: value.range[1], isNew: false };
  }
  const first = map.items[0]?.key;
  if (!isNode(first) || first.range == null) return null;
  return { start: first.range[0], end: first.range[0], isNew: true };
}

function newEntry(text: string, start: number, map: YAMLMap, count: number): string {
  if (map.flow === true) return `instances: ${count}, `;
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const ending = text.includes("\r\n") ? "\r\n" : "\n";
  return `instances: ${count}${ending}${" ".repeat(start - lineStart)}`;
}
