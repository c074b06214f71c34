import type { Diagnostic } from "../errors.ts";
import { foreignKey, foreignValue } from "./foreign.ts";
import { problemAt } from "./problems.ts";
import type { Shape } from "./shape.ts";
import { shapeAt } from "./shape-of.ts";
import { similarName } from "./similar.ts";
import type { Place } from "./source.ts";
import { child, type Tree, treeAt } from "./tree.ts";
import { inlineYaml } from "./yaml-text.ts";

/** One thing that does not fit the schema. */
export type Fault =
  | { readonly kind: "unknown"; readonly path: readonly string[] }
  | { readonly kind: "value"; readonly path: readonly string[] }
  | { readonly kind: "missing"; readonly path: readonly string[]; readonly key: string }
  /** A map that must have exactly one of several keys has none of them, or two. */
  | { readonly kind: "none" | "several"; readonly path: readonly string[] };

/** A fault in words, at the exact place. */
export function explain(fault: Fault, tree: Tree): Diagnostic {
  const value = treeAt(tree, fault.path) ?? tree;
  const key = keyPlace(tree, fault.path) ?? value.place;
  const name = nameOf(fault.path);
  switch (fault.kind) {
    case "unknown":
      return unknownKey(fault.path, value, key);
    case "value":
      return wrongValue(fault.path, value);
    case "missing":
      return problemAt(key, {
        code: "P104",
        message: `${name} needs "${fault.key}"`,
        help: `add it: ${exampleOf([...fault.path, fault.key])}`,
      });
    case "none":
    case "several": {
      const kinds = oneOfKeys(fault.path);
      const message =
        fault.kind === "none"
          ? `${name} needs one of ${listed(kinds)}`
          : `${name} can have only one of ${listed(kinds)}`;
      return problemAt(key, { code: "P104", message, help: exampleOf(fault.path) });
    }
  }
}

function unknownKey(path: readonly string[], value: Tree, place: Place): Diagnostic {
  const key = path.at(-1) ?? "";
  const parent = path.slice(0, -1);
  const shape = shapeAt(parent);
  if (shape?.keys === undefined && shape?.rest !== undefined) return badName(path, place);
  const known = Object.keys(shape?.keys ?? {});
  const isService = parent.length === 2 && parent[0] === "services";
  const similar = similarName(key, known);
  const foreign = foreignKey(key, value, parent);
  const help =
    foreign ??
    (similar !== undefined
      ? `a key with a similar name exists: ${similar}`
      : parent.length === 0
        ? otherHome(key)
        : known.length <= 8
          ? `the keys here are ${listed(known)}`
          : "all keys are in docs/config.md; one that begins with x- is free");
  return problemAt(place, {
    code: "P103",
    message: `unknown key "${key}"${whereOf(parent)}`,
    label: isService
      ? "not a service key"
      : parent.length === 0
        ? "not a key of the file"
        : `not a key of ${parent.at(-1)}`,
    before: 1,
    after: 1,
    help,
    fix: foreign === undefined ? similar : undefined,
  });
}

/** A key of a service that was written at the top, or anything else. */
function otherHome(key: string): string {
  const ofService = shapeAt(["services", "any"])?.keys ?? {};
  return Object.hasOwn(ofService, key)
    ? `"${key}" belongs to a service: put it below services: and a name`
    : "the keys of the file are listed in docs/config.md; one that begins with x- is free";
}

/** A name that the user chose, of a service or of a variable. */
function badName(path: readonly string[], place: Place): Diagnostic {
  const name = path.at(-1) ?? "";
  const isService = path.length === 2 && path[0] === "services";
  const plain = name
    .slice(0, 100)
    .trim()
    // An accent is left out, not its letter.
    .normalize("NFD")
    .replace(/\p{Mn}+/gu, "")
    .replace(/[^A-Za-z0-9_]+/g, isService ? "-" : "_")
    .replace(/^[-_]+|[-_]+$/g, "");
  return problemAt(place, {
    code: "P104",
    message: isService
      ? `"${name}" cannot be the name of a service`
      : `"${name}" cannot be the name of a variable`,
    label: isService
      ? "a name has letters, digits, - and _, at most 63, and begins with a letter or digit"
      : "a name has letters, digits and _, and begins with a letter",
    ...(/^[A-Za-z]/.test(plain) && plain.length < 64 && { help: `for example: ${plain}` }),
  });
}

function wrongValue(path: readonly string[], value: Tree): Diagnostic {
  const shape = shapeAt(path);
  const text = value.kind === "scalar" ? value.text : "";
  const key = path.at(-1) ?? "";
  const similar = similarValue(text, shape);
  // `timeout: 10`: of what?
  const isBare = shape?.expects?.startsWith("a duration") === true && /^\d+$/.test(text);
  const help =
    foreignValue(key, text) ??
    (similar !== undefined
      ? `a value with a similar name exists: ${similar}`
      : isBare
        ? `${key}: ${text}s`
        : path.length === 0
          ? FIRST_FILE
          : exampleOf(path));
  return problemAt(value.place, {
    code: "P104",
    message: `${nameOf(path)} must be ${shape?.expects ?? "something else"}`,
    label: isBare ? "no unit" : labelOf(value, shape),
    help,
    fix: similar,
  });
}

export const FIRST_FILE = "say what should run:\nservices:\n  web:\n    command: npm start";

function similarValue(text: string, shape: Shape | undefined): string | undefined {
  const values = shape?.values ?? [];
  const signal = `SIG${text.toUpperCase()}`;
  return values.includes(signal) ? signal : similarName(text, values);
}

/** What stands there, when that is what is wrong with it. */
function labelOf(value: Tree, shape: Shape | undefined): string {
  const types = shape?.types ?? [];
  if (value.kind !== "scalar") {
    const isEmpty = value.kind === "list" && value.items.length === 0;
    return isEmpty ? "an empty list" : `a ${value.kind}`;
  }
  switch (typeof value.value) {
    case "string":
      if (value.value.trim() === "") return "empty";
      if (types.includes("number") || !types.includes("string")) return "a string";
      return shape?.values === undefined ? "not in this form" : "not one of these";
    case "number":
      return types.includes("number") ? "out of range" : "a number";
    case "boolean":
      return String(value.value);
    default:
      return "nothing";
  }
}

/** `"stop.timeout"`, as a path below the service; `service "api"` for a whole one. */
function nameOf(path: readonly string[]): string {
  if (path.length === 0) return "the file";
  if (path[0] !== "services" || path.length === 1) return `"${path.join(".")}"`;
  return path.length === 2 ? `service "${path[1]}"` : `"${path.slice(2).join(".")}"`;
}

function whereOf(parent: readonly string[]): string {
  if (parent.length === 0) return " at the top of the file";
  if (parent[0] !== "services") return ` in "${parent.join(".")}"`;
  const inner = parent.length > 2 ? ` in "${parent.slice(2).join(".")}" of` : " in";
  return `${inner} service "${parent[1]}"`;
}

/** The value as it could be: `instances: 2`. */
function exampleOf(path: readonly string[]): string | undefined {
  const example = shapeAt(path)?.example;
  const key = path.at(-1);
  if (example === undefined || key === undefined) return undefined;
  return `${/^\d+$/.test(key) ? "" : `${key}: `}${inlineYaml(example)}`;
}

function oneOfKeys(path: readonly string[]): readonly string[] {
  const keys = Object.keys(shapeAt(path)?.keys ?? {});
  return keys.filter((key) => !["interval", "timeout", "failures", "then"].includes(key));
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function keyPlace(tree: Tree, path: readonly string[]): Place | undefined {
  const key = path.at(-1);
  const parent = treeAt(tree, path.slice(0, -1));
  if (key === undefined || parent?.kind !== "map") return undefined;
  return child(parent, key) === undefined ? undefined : parent.entries.get(key)?.keyPlace;
}
