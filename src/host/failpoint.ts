import { appendFileSync, statSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { unreachable } from "../assert.ts";
import { EXIT, userError } from "../errors.ts";

/** What procs does to the world outside of its own memory: a supervisor may die before and after each. */
const EFFECTS = [
  "spawn",
  "record",
  "rename",
  "copy",
  "punch",
  "compress",
  "drop",
  "signal",
  "kill",
  "ledger",
  "adopt",
  "guardian",
] as const;

export type FailpointName = `${(typeof EFFECTS)[number]}.${"before" | "after"}`;

/** Every failpoint that there is. */
export const FAILPOINTS: readonly FailpointName[] = EFFECTS.flatMap(
  (effect) => [`${effect}.before`, `${effect}.after`] as const,
);

type Act =
  | { readonly kind: "off" }
  | { readonly kind: "error"; readonly code: string }
  | { readonly kind: "kill" }
  | { readonly kind: "delay"; readonly ms: number };

/** One link of a chain: `act`, for so many passes; Infinity: from then on. */
export interface Link {
  readonly passes: number;
  readonly act: Act;
}

interface Armed {
  readonly chain: readonly Link[];
  /** The link that acts now, and how often it has. */
  at: number;
  passed: number;
}

/** null: this process was not told to fail, which is all that `failpoint` looks at then. */
let armed: ReadonlyMap<string, Armed> | null = null;
let folder = "/";

/** A place where a test may have this process killed, refused or held up. Costs a comparison otherwise. */
export function failpoint(name: FailpointName): void {
  if (armed !== null) pass(name, armed.get(name));
}

/**
 * Makes failpoints act as `text` says, the value of PROCS_FAILPOINTS: `spawn.before=kill;
 * rename.after=2*off->error(ENOSPC); punch.before=delay(100)`. `kill` happens once in the life of a state
 * folder (`3*kill`: three times), or every successor would die as well: `failpoint.<name>` in that folder
 * has a byte for each. Undefined: none acts. Throws P619 (exit 4) when it cannot be read.
 */
export function armFailpoints(text: string | undefined, stateFolder: string): void {
  folder = stateFolder;
  armed =
    text === undefined || text.trim() === ""
      ? null
      : new Map(
          [...parseFailpoints(text)].map(([name, chain]) => [name, { chain, at: 0, passed: 0 }]),
        );
}

/** The chain of each failpoint that is named. Throws P619 (exit 4). */
export function parseFailpoints(text: string): ReadonlyMap<FailpointName, readonly Link[]> {
  const chains = new Map<FailpointName, readonly Link[]>();
  for (const rule of text.split(";").filter((each) => each.trim() !== "")) {
    const [, word = "", actions = ""] = /^\s*([^=]*?)\s*=(.*)$/s.exec(rule) ?? [];
    const name = FAILPOINTS.find((each) => each === word);
    if (name === undefined) throw unreadable(rule, `it is not one of ${FAILPOINTS.join(", ")}`);
    if (chains.has(name)) throw unreadable(rule, `${name} is there twice`);
    const words = actions.split("->");
    chains.set(
      name,
      words.map((each, index) => link(rule, each.trim(), index === words.length - 1)),
    );
  }
  return chains;
}

function link(rule: string, word: string, isLast: boolean): Link {
  const [, count, kind, value = ""] =
    /^(?:(\d+)\*)?(off|error|kill|delay)(?:\((\w+)\))?$/.exec(word) ?? [];
  if (count === undefined && !isLast) throw unreadable(rule, `"${word}" needs a count: 2*${word}`);
  const passes = count === undefined ? Number.POSITIVE_INFINITY : Number(count);
  const isBare = value === "";
  if (kind === "off" && isBare) return { passes, act: { kind } };
  if (kind === "kill" && isBare) return { passes: count === undefined ? 1 : passes, act: { kind } };
  if (kind === "error" && value in constants.errno) return { passes, act: { kind, code: value } };
  if (kind === "delay" && /^\d+$/.test(value)) return { passes, act: { kind, ms: Number(value) } };
  throw unreadable(rule, `"${word}" is none of off, error(ENOSPC), kill, delay(100)`);
}

function unreadable(rule: string, why: string): Error {
  const message = `PROCS_FAILPOINTS cannot be read: "${rule.trim()}": ${why}`;
  return userError(EXIT.supervisor, "P619", message);
}

function pass(name: FailpointName, point: Armed | undefined): void {
  while (point !== undefined && point.at < point.chain.length) {
    const { passes, act } = point.chain[point.at] ?? NOTHING;
    const passed = act.kind === "kill" ? killsBy(name) : point.passed;
    if (passed < passes) {
      point.passed += 1;
      perform(name, act);
      return;
    }
    point.at += 1;
    point.passed = 0;
  }
}

const NOTHING: Link = { passes: 0, act: { kind: "off" } };

function perform(name: FailpointName, act: Act): void {
  switch (act.kind) {
    case "off":
      return;
    case "error": {
      const errno = -(
        Object.entries(constants.errno).find(([code]) => code === act.code)?.[1] ?? 0
      );
      throw Object.assign(new Error(`${act.code}: failpoint ${name}`), { code: act.code, errno });
    }
    case "delay":
      sleep(act.ms);
      return;
    case "kill":
      // Unless it can be noted, nobody dies: the successors would all die of it.
      appendFileSync(noteOf(name), "x", { mode: 0o600 });
      process.kill(process.pid, "SIGKILL");
      sleep(Number.POSITIVE_INFINITY);
      return;
    default:
      unreachable(act);
  }
}

/** How many supervisors of this project have died of it. */
function killsBy(name: FailpointName): number {
  return statSync(noteOf(name), { throwIfNoEntry: false })?.size ?? 0;
}

function noteOf(name: FailpointName): string {
  return join(folder, `failpoint.${name}`);
}

/** Nothing else happens in this process meanwhile: it is held up as by a slow disk. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
