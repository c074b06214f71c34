// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what procs.yaml would replace

import { service } from "../rig/specs.ts";
import { createRandom, type Random } from "../simulator/random.ts";
import { BIG, COMMANDS, GUARDED, HEAVY } from "./control-odd.ts";
import { ODD } from "./made-up.ts";

export interface ControlCase {
  readonly bytes: Buffer;
  /** `deaf`: never reads. `half`: ends in the middle. `reset`: gone as soon as it was sent. `slow`: in drops. */
  readonly manner: "whole" | "deaf" | "half" | "reset" | "slow";
  /** The answer may go on for as long as anything happens. */
  readonly isStream: boolean;
}

/** The same seed gives the same bytes for the same project folder. */
export function controlCase(seed: number, folder: string): ControlCase {
  const random = createRandom(seed);
  const request = random.pick(REQUESTS)(random, folder);
  const wildness = random.pick([0, 1, 1, 2, 5]);
  let { body } = request;
  for (let change = 0; change < wildness; change++) body = changed(random, body, "");
  const text = body === undefined ? "" : (JSON.stringify(body) ?? "");
  const json = random.chance(0.02) ? random.pick(HEAVY) : text;
  const head = headOf(random, request, Buffer.byteLength(json), wildness > 0);
  const one = `${head.text}\r\n\r\n${head.isChunked ? inChunks(random, json) : json}`;
  const whole = random.chance(0.03) ? one.repeat(random.int(2, 20)) : one;
  // Bytes are changed where no command stands: it would be another command then.
  const isHarmless = !json.includes("command");
  const bytes = isHarmless && random.chance(0.06) ? spoilt(random, whole) : Buffer.from(whole);
  const manner = random.chance(0.85)
    ? "whole"
    : random.pick(["deaf", "half", "reset", "slow"] as const);
  return { bytes, manner, isStream: /operate|events|attach/.test(head.text) };
}

interface Made {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

const NAMES = ["a", "b", "c"];
const SOME = [
  "a",
  "b",
  "c",
  "d",
  "",
  "constructor",
  "__proto__",
  "a,b",
  "é",
  "../a",
  "x".repeat(5_000),
];

/** One right request of each kind; nothing here ends the supervisor. */
const REQUESTS: readonly ((random: Random, folder: string) => Made)[] = [
  () => ({ method: "GET", path: "/v1/version" }),
  (random) => ({
    method: "GET",
    path: `/v1/snapshot?services=${encodeURIComponent(random.pick(SOME))}`,
  }),
  () => ({ method: "GET", path: "/v1/snapshot" }),
  () => ({ method: "GET", path: "/v1/project" }),
  (random) => ({ method: "GET", path: `/v1/why?service=${encodeURIComponent(random.pick(SOME))}` }),
  (random) => ({
    method: "GET",
    path: `/v1/events?since=${encodeURIComponent(`${random.pick(ODD)}`.replaceAll("\ud800", ""))}`,
  }),
  () => ({ method: "GET", path: "/v1/events?follow=1&since=0" }),
  (random, folder) => ({ method: "POST", path: "/v1/plan", body: planning(random, folder) }),
  (random, folder) => operate(random, { ...planning(random, folder), op: "apply", scale: {} }),
  (random, folder) =>
    operate(random, { ...planning(random, folder), op: "apply", command: "reload" }),
  (random) =>
    operate(random, { op: "stop", services: names(random), grace_ms: random.int(0, 100) }),
  (random) => operate(random, { op: "start", services: names(random) }),
  (random) =>
    operate(random, { op: "restart", services: names(random), rolling: random.chance(0.5) }),
  (random) => operate(random, { op: "scale", counts: { [random.pick(NAMES)]: random.int(0, 3) } }),
  (random) =>
    operate(random, {
      op: "signal",
      signal: random.pick(["SIGUSR1", "SIGHUP", "SIGTERM", "SIGKILL", "SIGSTOP", "SIGCONT"]),
      targets: [{ service: random.pick(NAMES), instance: random.pick([null, 1, 2, 0, 1e9]) }],
    }),
  (random) =>
    operate(random, {
      op: "wait",
      services: names(random),
      for: random.pick(["ready", "stopped", "done"]),
    }),
  (random) => operate(random, { op: "kill" }),
  () => ({ method: "POST", path: "/v1/attach", body: { own: false } }),
  () => ({ method: "POST", path: "/v1/detach", body: {} }),
];

function operate(random: Random, fields: object): Made {
  const waiting = { wait: random.chance(0.3), timeout_ms: random.pick([0, 1, 50, 200]) };
  const by = { user: "fuzz", via: "cli", pid: random.int(1, 5) };
  return { method: "POST", path: "/v1/operate", body: { ...waiting, by, ...fields } };
}

function names(random: Random): readonly string[] {
  return random.shuffle(NAMES).slice(0, random.int(0, 3));
}

function planning(random: Random, folder: string): object {
  const file = `${folder}/procs.yaml`;
  const services = names(random).map((name) => made(random, name, folder));
  const project = { name: "fuzz", folder, file, inputs: [file], reload: "manual", services };
  return {
    project: { ...project, log: { max_total: null, max_age: null }, sources: {}, variables: {} },
    select: random.pick([null, null, [], ["a"]]),
    ambient: { PATH: "/usr/local/bin:/usr/bin:/bin" },
    no_remove: random.chance(0.3),
    only: random.pick([null, null, ["a"]]),
  };
}

function made(random: Random, name: string, folder: string): object {
  const check = random.pick([
    { kind: "log", pattern: "up", flags: "" },
    { kind: "tcp", host: null, port: 1 },
    { kind: "http", url: "http://127.0.0.1:1/" },
    { kind: "exec", command: ["true"] },
    { kind: "notify" },
  ]);
  const probe = { check, interval: 50, timeout: 200, failures: 1 };
  return service(name, {
    kind: random.chance(0.2) ? "task" : "service",
    command: random.pick(COMMANDS),
    cwd: folder,
    env: { SECRET: "s3cr3t" },
    instances: random.int(0, 2),
    stop: { signal: "SIGTERM", timeout: 100 },
    // Of the right form by the type of each choice.
    ...(random.chance(0.3) ? { ready: probe as never } : {}),
    ...(random.chance(0.2) ? { reload: "rolling" as const } : {}),
    ...(random.chance(0.1)
      ? { schedule: { cron: "* * * * * *", timezone: null, overlap: "skip", missed: "run" } }
      : {}),
  });
}

/** The value with one thing in it changed. */
function changed(random: Random, value: unknown, key: string): unknown {
  const guarded = Object.hasOwn(GUARDED, key) ? GUARDED[key] : undefined;
  if (guarded !== undefined) return random.pick(guarded);
  const isWhole = typeof value !== "object" || value === null;
  if (isWhole || random.chance(key === "" ? 0.02 : 0.08))
    return value === undefined ? undefined : random.pick([...ODD, ...BIG]);
  if (Array.isArray(value)) {
    if (value.length === 0 || random.chance(0.2))
      return [...value, random.pick([...ODD, value[0]])];
    const at = random.int(0, value.length - 1);
    return value.map((item, index) => (index === at ? changed(random, item, key) : item));
  }
  return changedObject(random, value);
}

function changedObject(random: Random, given: object): unknown {
  const entries = Object.entries(given);
  if (entries.length === 0 || random.chance(0.1))
    return { ...given, [oddKey(random)]: random.pick(ODD) };
  // What holds more is gone into more often: the deep things are the interesting ones.
  const deep = entries.flatMap(([, value], index) => (typeof value === "object" ? [index] : []));
  const isDeep = deep.length > 0 && random.chance(0.6);
  const at = isDeep ? random.pick(deep) : random.int(0, entries.length - 1);
  const [name = "", item] = entries[at] ?? [];
  if (random.chance(0.08)) return Object.fromEntries(entries.filter((_, index) => index !== at));
  const next = random.chance(0.05) ? oddKey(random) : name;
  return Object.fromEntries([
    ...entries.filter((_, index) => index !== at),
    [next, changed(random, item, name)],
  ]);
}

const oddKey = (random: Random) =>
  random.pick([
    "__proto__",
    "constructor",
    "toString",
    "",
    "\u0000",
    "a=b",
    "é",
    "x".repeat(3_000),
  ]);

function headOf(random: Random, { method, path }: Made, length: number, isWild: boolean) {
  const isOdd = isWild && random.chance(0.08);
  const verb = isOdd
    ? random.pick([method, "PUT", "HEAD", "OPTIONS", "TRACE", "get", "", "X"])
    : method;
  const where = isOdd
    ? random.pick([
        path,
        "/",
        "//",
        "*",
        `${path}#x`,
        `${path}?`,
        "/v1/../v1/version",
        "/V1/version",
        "http://x/v1/version",
        `/${"a".repeat(9_000)}`,
        "/%00",
        "/\u00e9",
      ])
    : path;
  const isChunked = random.chance(0.05);
  const lengths = isOdd
    ? [length, length + 10, Math.max(0, length - 3), "-1", "1e3", "99999999999"]
    : [length];
  const lines = [
    `${verb} ${where} HTTP/1.${isOdd ? random.pick([1, 0, 9]) : 1}`,
    "host: procs",
    ...(isChunked ? ["transfer-encoding: chunked"] : [`content-length: ${random.pick(lengths)}`]),
    ...(random.chance(0.05)
      ? [
          random.pick([
            "expect: 100-continue",
            "connection: upgrade",
            "upgrade: h2c",
            `x: ${"y".repeat(20_000)}`,
            "x-procs-version: 0.0.0-\u001b[31m",
            "content-type: text/html",
            "x",
          ]),
        ]
      : []),
  ];
  return { text: lines.join("\r\n"), isChunked };
}

function inChunks(random: Random, text: string): string {
  const bytes = Buffer.from(text);
  const size = random.chance(0.1) ? "zz" : bytes.length.toString(16);
  return bytes.length === 0 ? "0\r\n\r\n" : `${size}\r\n${text}\r\n0\r\n\r\n`;
}

function spoilt(random: Random, text: string): Buffer {
  const bytes = Buffer.from(text);
  for (let flip = random.int(1, 6); flip > 0; flip--) {
    bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
  }
  return random.chance(0.2) ? bytes.subarray(0, random.int(1, bytes.length)) : bytes;
}
