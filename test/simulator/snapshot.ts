/** Saves what a supervisor knows as text, as a state file would. */
export function save(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part instanceof Map) return { $map: [...part] };
    if (part instanceof Set) return { $set: [...part] };
    return part;
  });
}

/** The inverse of `save`, of the same type: nothing in it is shared with what was saved. */
export function load<T>(text: string): T {
  return JSON.parse(text, (_key, part: unknown) => {
    if (typeof part !== "object" || part === null) return part;
    if ("$map" in part && Array.isArray(part.$map)) return new Map(part.$map);
    if ("$set" in part && Array.isArray(part.$set)) return new Set(part.$set);
    return part;
  });
}
