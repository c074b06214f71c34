import { createHash } from "node:crypto";
import { isSpecKey, KEY_CLASS, listenSeen } from "../core/classes.ts";
import type { ServiceSpec } from "../core/spec.ts";

/**
 * Names what a process was started with: two specs with the same digest need no restart. Travels with each
 * run in its shim's environment, so that one that nobody remembers can be matched to a spec.
 */
export function digestOf(spec: ServiceSpec): string {
  const { inherited, inherit_env: _, ...own } = spec;
  const keys = Object.entries(own).filter(([key, value]) => isSeen(key, value));
  // What the program sees: a variable may have moved from the shell into the file.
  const part = {
    ...Object.fromEntries(keys),
    ...(spec.listen === null ? {} : { listen: listenSeen(spec.listen) }),
    ...(spec.stop.message === undefined ? {} : { message: spec.stop.message }),
    env: { ...inherited, ...spec.env },
  };
  return createHash("sha256").update(sortedJson(part)).digest("hex").slice(0, 32);
}

/** Keys that came later are left out where they say nothing: what an older procs started has its digest still. */
function isSeen(key: string, value: unknown): boolean {
  if (!isSpecKey(key) || KEY_CLASS[key] !== "process") return false;
  return value !== null || !LATER.has(key);
}

const LATER: ReadonlySet<string> = new Set(["listen", "helps"]);

/** JSON whose keys are in order at every depth: specs are read from files and from records. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each !== "object" || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
