import { expect, test } from "vitest";
import {
  count,
  either,
  list,
  nullable,
  object,
  oneOf,
  optional,
  record,
  signalName,
  tagged,
  text,
} from "../../src/control/check.ts";

const shape = object<{ name: string; ports: readonly number[] }>({
  name: text,
  ports: optional(list(count), []),
});

test("unknown fields are left out and missing ones are filled in", () => {
  expect(shape({ name: "api", extra: 1, __proto__: null }, "the request")).toEqual({
    name: "api",
    ports: [],
  });
});

test("a wrong type names the field, what it must be, and what it is", () => {
  const at = "the request";
  expect(() => shape({ name: 7 }, at)).toThrow("name must be a string, not 7");
  expect(() => shape({ name: "a", ports: [1, "x"] }, at)).toThrow(
    'ports[1] must be a whole number from 0, not "x"',
  );
  expect(() => shape({}, at)).toThrow("name is missing: it must be a string");
  expect(() => shape([], at)).toThrow("the request must be an object, not []");
  expect(() => shape(null, at)).toThrow("the request must be an object, not null");
  expect(() => shape(undefined, at)).toThrow("the request is missing");
});

test("what is shown of a wrong value is short", () => {
  expect(() => count("x".repeat(10_000), "a")).toThrow(/^.{1,100}$/);
});

test("numbers are whole and not below zero", () => {
  for (const value of [-1, 1.5, Number.NaN, "1", 2 ** 60]) {
    expect(() => count(value, "n")).toThrow("n must be a whole number");
  }
});

test("a NUL byte in a string is refused: it would end it early in every system call", () => {
  expect(() => text("a\0b", "cwd")).toThrow("cwd holds a NUL byte");
});

test("signals are those of this machine, by their full name", () => {
  expect(signalName("SIGUSR2", "signal")).toBe("SIGUSR2");
  for (const value of ["USR2", "SIGNONE", "toString", 9]) {
    expect(() => signalName(value, "signal")).toThrow("signal must be");
  }
});

test("unions are told apart by their tag", () => {
  const check = tagged<{ kind: "a"; n: number } | { kind: "b" }>("kind", {
    a: object({ n: count }),
    b: object({}),
  });
  expect(check({ kind: "a", n: 1, x: 2 }, "it")).toEqual({ kind: "a", n: 1 });
  expect(() => check({ kind: "constructor" }, "it")).toThrow("it.kind must be a or b");
  expect(() => check({ kind: "a" }, "it")).toThrow("it.n is missing");
});

test("either, nullable, oneOf and record read what they say", () => {
  expect(either("number", count, text)("a", "x")).toBe("a");
  expect(either("number", count, text)(3, "x")).toBe(3);
  expect(nullable(text)(null, "x")).toBeNull();
  expect(() => oneOf("a", "b")("c", "x")).toThrow('x must be a or b, not "c"');
  expect(record(count)({ a: 1 }, "x")).toEqual({ a: 1 });
  expect(() => record(count)({ a: "1" }, "x")).toThrow("x.a must be");
});

test("a value that is nested deeper than the stack, or huge, is still only named", () => {
  const deep = JSON.parse(`${"[".repeat(200_000)}${"]".repeat(200_000)}`);
  expect(() => text(deep, "name")).toThrow("name must be a string, not a list");
  expect(() => text({ deep }, "name")).toThrow("name must be a string, not an object");
  expect(() => count(7, "x".repeat(10_000))).not.toThrow();
  expect(() => count("7", "x".repeat(10_000))).toThrow(/^.{1,150}$/);
});
