import { constants } from "node:os";
import type { Signal } from "../core/spec.ts";

/**
 * Reads one value that came from outside and returns it as a T, or throws ShapeError naming the field.
 * Fields that are not known are left out of what is returned.
 */
export type Check<T> = (value: unknown, path: string) => T;

/** What came over the socket is not what the protocol says; `message` names the field. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

export const text: Check<string> = (value, path) => {
  if (typeof value !== "string") throw wrong(path, "a string", value);
  if (value.includes("\0")) throw new ShapeError(`${path} holds a NUL byte`);
  return value;
};

export const flag: Check<boolean> = (value, path) => {
  if (typeof value !== "boolean") throw wrong(path, "true or false", value);
  return value;
};

/** A whole number from 0. */
export const count: Check<number> = (value, path) => {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw wrong(path, "a whole number from 0", value);
  }
  return value;
};

/** A number from 0, fractions too: milliseconds. */
export const amount: Check<number> = (value, path) => {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    throw wrong(path, "a number from 0", value);
  }
  return value;
};

/** A signal of this machine by its full name: `SIGTERM`. */
export const signalName: Check<Signal> = (value, path) => {
  const name = text(value, path);
  if (!Object.hasOwn(constants.signals, name)) throw wrong(path, "a signal such as SIGTERM", value);
  // Every key of constants.signals begins with SIG.
  return name as Signal;
};

export function oneOf<const T extends string>(...allowed: readonly T[]): Check<T> {
  return (value, path) => {
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw wrong(path, allowed.join(" or "), value);
    return found;
  };
}

export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value, path) => (value === null ? null : check(value, path));
}

/** What stands for a field that is not there. */
export function optional<T>(check: Check<T>, fallback: T): Check<T> {
  return (value, path) => (value === undefined ? fallback : check(value, path));
}

export function list<T>(check: Check<T>): Check<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw wrong(path, "a list", value);
    return value.map((item, index) => check(item, `${path}[${index}]`));
  };
}

export function record<T>(check: Check<T>): Check<Readonly<Record<string, T>>> {
  return (value, path) => {
    const entries = Object.entries(map(value, path));
    return Object.fromEntries(entries.map(([key, item]) => [key, check(item, join(path, key))]));
  };
}

export function object<T>(fields: { readonly [K in keyof T]-?: Check<T[K]> }): Check<T> {
  return (value, path) => {
    const given = map(value, path);
    const checks: readonly (readonly [string, Check<unknown>])[] = Object.entries(fields);
    const read = checks.map(([key, check]) => {
      const own = Object.hasOwn(given, key) ? given[key] : undefined;
      return [key, check(own, join(path, key))] as const;
    });
    // Each field of T was read by the check for that very field.
    return Object.fromEntries(read) as T;
  };
}

/** A union told apart by one field: `{ kind: "http", … }`. */
export function tagged<T>(tag: string, members: Readonly<Record<string, Check<object>>>): Check<T> {
  return (value, path) => {
    const name = map(value, path)[tag];
    if (typeof name !== "string" || !Object.hasOwn(members, name)) {
      throw wrong(join(path, tag), Object.keys(members).join(" or "), name);
    }
    // The members of T by their tag: each was read by its own check.
    return { [tag]: name, ...members[name]?.(value, path) } as T;
  };
}

/** Tries `first`, unless the value is of the JavaScript type that `second` is for. */
export function either<A, B>(
  type: "string" | "number" | "boolean" | "object",
  first: Check<A>,
  second: Check<B>,
): Check<A | B> {
  return (value, path) => (typeof value === type ? first(value, path) : second(value, path));
}

function map(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong(path, "an object", value);
  }
  // An object that is no array and not null has string keys.
  return value as Record<string, unknown>;
}

function join(path: string, key: string): string {
  return path === "the request" ? key : `${path}.${key}`;
}

function wrong(path: string, expected: string, value: unknown): ShapeError {
  if (value === undefined) return new ShapeError(`${path} is missing: it must be ${expected}`);
  return new ShapeError(`${short(path)} must be ${expected}, not ${shown(value)}`);
}

/** Not the whole value: it may be megabytes, and nested deeper than the stack. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "[]" : "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? JSON.stringify(short(value)) : String(value);
}

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
