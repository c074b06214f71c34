import type { FieldChange } from "./diff.ts";
import type { Change } from "./plan-doc.ts";
import { isSecret } from "./secret.ts";
import type { Source } from "./spec.ts";
import { formatValue } from "./units.ts";

/** Path of a key -> where it was written. */
export type Sources = Readonly<Record<string, Source>>;

/** One difference as people read it: secrets are not in it. */
export function tellChange(change: FieldChange, sources: Sources): Change {
  const { path } = change;
  const [from, to] = [formatValue(path, change.from), formatValue(path, change.to)];
  // The names of variables and labels tell; `depends_on.auth` is no secret.
  const name = /^(?:env|inherited|labels)\.(.*)$/s.exec(path)?.[1] ?? "";
  const redacted = [from, to].some((value) => value !== null && isSecret(name, value));
  const source = change.to === null ? null : sourceOf(path, sources);
  return {
    path,
    ...(redacted ? { from: null, to: null } : { from, to }),
    redacted,
    class: change.class,
    source,
  };
}

/** Where the value, or the nearest key around it, was written. */
function sourceOf(path: string, sources: Sources): Source | null {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf("."))) {
    const found = sources[at];
    if (found !== undefined) return found;
    if (!at.includes(".")) return null;
  }
}
