import { KEY_CLASS, listenSeen, PART_CLASS } from "./classes.ts";
import type { KeyClass } from "./plan-doc.ts";
import type { ServiceSpec } from "./spec.ts";

/** One difference between two specs of a service. */
export interface FieldChange {
  /** `env.PORT`, `stop.timeout`, `command`: what the user typed. */
  readonly path: string;
  /** As in the spec; null: absent. */
  readonly from: unknown;
  readonly to: unknown;
  readonly class: KeyClass;
}

/**
 * Whether a process started with one spec needs nothing to be what the other describes: what it was
 * given at exec is the same. Compares what the program sees, so a variable that moves from the shell
 * into the file with the same value is no difference.
 */
export function sameProcess(a: ServiceSpec, b: ServiceSpec): boolean {
  return a === b || compare(a, b).process;
}

/** Whether nothing at all differs, down to labels and descriptions. */
export function sameSpec(a: ServiceSpec, b: ServiceSpec): boolean {
  return a === b || compare(a, b).changes.length === 0;
}

/** The paths that differ and can be applied to a running instance without touching its process. */
export function livePaths(a: ServiceSpec, b: ServiceSpec): readonly string[] {
  return a === b ? [] : compare(a, b).live;
}

/** Every difference, key by key in the order of the class table, then by name. */
export function diffSpecs(from: ServiceSpec, to: ServiceSpec): readonly FieldChange[] {
  return from === to ? [] : compare(from, to).changes;
}

interface Comparison {
  readonly changes: readonly FieldChange[];
  readonly process: boolean;
  readonly live: readonly string[];
}

/** Specs never change, so each pair is compared once however often the loop looks. */
const compared = new WeakMap<ServiceSpec, WeakMap<ServiceSpec, Comparison>>();

function compare(a: ServiceSpec, b: ServiceSpec): Comparison {
  const known = compared.get(a)?.get(b);
  if (known !== undefined) return known;
  const changes = changesBetween(a, b);
  const comparison = {
    changes,
    process: changes.every((change) => change.class !== "process"),
    live: changes.filter((change) => change.class !== "process").map((change) => change.path),
  };
  const ofA = compared.get(a) ?? new WeakMap<ServiceSpec, Comparison>();
  ofA.set(b, comparison);
  compared.set(a, ofA);
  return comparison;
}

function changesBetween(a: ServiceSpec, b: ServiceSpec): FieldChange[] {
  const changes: FieldChange[] = [];
  // Object.keys of a total table of the spec's keys: the table has no other key.
  for (const key of Object.keys(KEY_CLASS) as (keyof ServiceSpec)[]) {
    if (a[key] === b[key]) continue;
    for (const { path, from, to } of changesOfKey(key, a[key], b[key])) {
      changes.push({ path, from, to, class: classOfChange(path, a, b) });
    }
  }
  // A new inherit_env says it all: the forty variables that come or go with it are no news.
  const told = changes.some((change) => change.path === "inherit_env");
  return told ? changes.filter((change) => !change.path.startsWith("inherited.")) : changes;
}

type Difference = Omit<FieldChange, "class">;

/** Keys whose parts users give one by one; those of the second kind have parts only when both have a value. */
const MAPS: ReadonlySet<string> = new Set(["env", "inherited", "labels", "depends_on"]);
const RECORDS: ReadonlySet<string> = new Set([
  "limits",
  "listen",
  "ready",
  "alive",
  "restart",
  "stop",
  "rollout",
  "log",
  "watch",
  "schedule",
]);
/** Lists in which the order says nothing. */
const SETS: ReadonlySet<string> = new Set(["profiles", "success_codes", "inherit_env"]);

function changesOfKey(key: string, from: unknown, to: unknown): Difference[] {
  const isSplit = MAPS.has(key) || RECORDS.has(key);
  if (isSplit && isRecord(from) && isRecord(to)) return changesOfParts(key, from, to);
  const same = SETS.has(key) ? sameJson(sorted(from), sorted(to)) : sameJson(from, to);
  return same ? [] : [{ path: key, from: absent(from), to: absent(to) }];
}

function changesOfParts(key: string, from: JsonRecord, to: JsonRecord): Difference[] {
  const changes: Difference[] = [];
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  for (const name of MAPS.has(key) ? names.sort() : names) {
    const [a, b] = [absent(from[name]), absent(to[name])];
    if (sameJson(a, b)) continue;
    changes.push(
      name === "check" ? changeOfCheck(key, a, b) : { path: pathOf(key, name), from: a, to: b },
    );
  }
  return changes;
}

/** Where a service listens is what its `listen` says before all: `listen: 3000`. */
function pathOf(key: string, name: string): string {
  return key === "listen" && name === "addresses" ? key : `${key}.${name}`;
}

/** `ready.http` when only its argument differs; `ready` when it asks in another way. */
function changeOfCheck(key: string, from: unknown, to: unknown): Difference {
  const [a, b] = [isRecord(from) ? from.kind : null, isRecord(to) ? to.kind : null];
  return { path: a === b ? `${key}.${a}` : key, from, to };
}

function classOfChange(path: string, a: ServiceSpec, b: ServiceSpec): KeyClass {
  const dot = path.indexOf(".");
  // The paths above begin with a key of the spec.
  const key = (dot === -1 ? path : path.slice(0, dot)) as keyof ServiceSpec;
  const name = path.slice(dot + 1);
  if (key === "listen" && isSeenOfListen(name, a, b)) return "process";
  return isUnseen(key, name, a, b) ? "live" : (PART_CLASS[path] ?? KEY_CLASS[key]);
}

/** A part of `listen` is of the process where the mode gives it to the program. */
function isSeenOfListen(name: string, a: ServiceSpec, b: ServiceSpec): boolean {
  if (a.listen === null || b.listen === null) return true;
  // See pathOf.
  const part = name === "listen" ? "addresses" : name;
  return Object.hasOwn(listenSeen(a.listen), part) || Object.hasOwn(listenSeen(b.listen), part);
}

/** Keys that are fixed at exec, where this edit makes no difference to the program. */
function isUnseen(key: keyof ServiceSpec, name: string, a: ServiceSpec, b: ServiceSpec): boolean {
  switch (key) {
    case "shell":
      return typeof a.command !== "string" && typeof b.command !== "string";
    case "env":
    case "inherited":
      return seen(a, name) === seen(b, name);
    case "inherit_env":
      return sameEnvironment(a, b);
    case "listen":
      // What is seen of it was told apart before.
      return true;
    default:
      return false;
  }
}

/** The value of a variable as the program sees it: the file's wins over the shell's. */
function seen(spec: ServiceSpec, name: string): string | null {
  if (Object.hasOwn(spec.env, name)) return spec.env[name] ?? null;
  return Object.hasOwn(spec.inherited, name) ? (spec.inherited[name] ?? null) : null;
}

function sameEnvironment(a: ServiceSpec, b: ServiceSpec): boolean {
  const names = [a.env, a.inherited, b.env, b.inherited].flatMap((part) => Object.keys(part));
  return names.every((name) => seen(a, name) === seen(b, name));
}

type JsonRecord = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Nothing, an empty list and an empty map are the same. An empty string is a value. */
function absent(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.length === 0 ? null : value;
  return isRecord(value) && Object.keys(value).length === 0 ? null : value;
}

function sorted(value: unknown): unknown {
  return Array.isArray(value) ? value.map(String).sort() : value;
}

/** Deep equality of plain data, without regard to the order of keys; nothing, an empty list and an empty map are one. */
export function sameJson(left: unknown, right: unknown): boolean {
  const [a, b] = [absent(left), absent(right)];
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => sameJson(a[name], b[name]));
}
