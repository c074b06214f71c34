import type { Project, ServiceSpec } from "../core/spec.ts";
import { type Check, ShapeError, text } from "./check.ts";

/**
 * What has the right type may still be something that no part of procs can work with. The command line never
 * sends such things, because reading procs.yaml refuses them; others who speak to the socket may.
 */
export function sound<T>(check: Check<T>, fault: (value: T) => string | null): Check<T> {
  return (value, path) => {
    const read = check(value, path);
    const wrong = fault(read);
    if (wrong !== null) throw new ShapeError(`${path} ${wrong}`);
    return read;
  };
}

/** Becomes part of file names, and stands in lists with commas. The same rule as in procs.schema.json. */
export const serviceName: Check<string> = sound(text, (name) =>
  /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(name)
    ? null
    : `is no name for a service: ${JSON.stringify(name.slice(0, 60))}`,
);

/** From `min` to `max`, both allowed. */
export function within(check: Check<number>, min: number, max: number): Check<number> {
  return sound(check, (value) =>
    value >= min && value <= max ? null : `is ${value}, and goes from ${min} to ${max}`,
  );
}

/** Values of an environment: by names that can stand there. */
export function environment(
  check: Check<Readonly<Record<string, string>>>,
): Check<Readonly<Record<string, string>>> {
  return sound(check, (values) => {
    const wrong = Object.keys(values).find((name) => name === "" || /[=\0]/.test(name));
    return wrong === undefined
      ? null
      : `has ${JSON.stringify(wrong.slice(0, 60))}, which is no name for a variable`;
  });
}

/** Why a pattern cannot be used, or null. */
export function patternFault(check: { readonly pattern: string; readonly flags: string }) {
  try {
    new RegExp(check.pattern, check.flags);
    return null;
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message.slice(0, 200) : "not a pattern"}`;
  }
}

/** Why services do not go together, or null. */
export function projectFault({ services }: Project): string | null {
  const byName = new Map(services.map((spec) => [spec.name, spec]));
  if (byName.size < services.length) return "has two services of one name";
  for (const { name, depends_on } of services) {
    const missing = Object.keys(depends_on).find((other) => !byName.has(other));
    if (missing !== undefined)
      return `has ${name}, which needs ${missing.slice(0, 63)}, and no such service`;
  }
  const circle = circleOf(byName);
  return circle === null ? null : `has services that wait for each other: ${circle.join(", ")}`;
}

/** What is left when again and again those that wait for nobody are taken away. */
function circleOf(services: ReadonlyMap<string, ServiceSpec>): readonly string[] | null {
  const waits = new Map([...services].map(([name, spec]) => [name, waitCount(spec)]));
  const needed = new Map<string, string[]>();
  for (const [name, { depends_on }] of services) {
    for (const other of Object.keys(depends_on)) {
      const list = needed.get(other);
      if (list === undefined) needed.set(other, [name]);
      else list.push(name);
    }
  }
  const free = [...waits].filter(([, count]) => count === 0).map(([name]) => name);
  for (let name = free.pop(); name !== undefined; name = free.pop()) {
    waits.delete(name);
    for (const other of needed.get(name) ?? []) {
      const left = (waits.get(other) ?? 0) - 1;
      waits.set(other, left);
      if (left === 0) free.push(other);
    }
  }
  return waits.size === 0 ? null : [...waits.keys()].slice(0, 5);
}

function waitCount(spec: ServiceSpec): number {
  return Object.keys(spec.depends_on).length;
}
