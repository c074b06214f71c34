// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what procs.yaml would replace
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../simulator/random.ts";

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly examples?: readonly unknown[];
  readonly definitions?: Readonly<Record<string, Schema>>;
}

/** What is never right, or right in some places only. */
export const ODD: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  1.5,
  255,
  65_536,
  2 ** 31,
  2 ** 53,
  1e308,
  -0,
  "",
  " ",
  "\n",
  "0",
  "-1",
  "true",
  "null",
  "~",
  "NaN",
  ".inf",
  "0x1f",
  "0o17",
  "1_000",
  "99999999999999999999999999h",
  "1e999s",
  "100%",
  "101%",
  "5m5m",
  "1ms..",
  "..",
  "../..",
  "/",
  "./-",
  "--",
  "a b",
  "a,b",
  "a=b",
  "$",
  "$$",
  "${",
  "${}",
  "${A",
  "${A:-${B:-${C}}}",
  "${procs.instance}",
  "${services.a.port}",
  "${services.constructor.port}",
  "${procs.nope}",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "é",
  "\u{1f600}",
  "\u202e",
  "\u0000",
  "\u0007",
  "\u001b[31m",
  "\ufeff",
  "\ud800",
  "x".repeat(300),
  "(",
  "(?<a>",
  "[",
  "(a+)+$",
  "\\",
  "/(/",
  "/x/gy",
  "/x/zz",
  "* * * * *",
  "61 25 * * *",
  "@reboot",
  "Mars/Phobos",
  [],
  {},
  [[]],
  [null],
  { a: null },
  { __proto__x: 1 },
  ["a", 1, null],
  { "": 1 },
  { "<<": {} },
];

const NAMES = ["a", "b", "api", "db", "web-1", "constructor", "toString", "A_B", "x".repeat(63)];

let schema: Schema | null = null;

/** A procs.yaml as data: by the shape of the schema, and here and there not, by `wildness` from 0 to 1. Its commands do no harm. */
export function madeUpProject(random: Random, wildness: number): unknown {
  schema ??= JSON.parse(
    readFileSync(join(import.meta.dirname, "../../schema/procs.schema.json"), "utf8"),
  ) as Schema;
  return made(random, schema, { depth: 0, key: "", wildness });
}

/** Refused for now, so they would hide everything else. */
const LATER: ReadonlySet<string> = new Set(["hooks", "tty", "include", "was", "memory", "cpus"]);

interface Where {
  readonly depth: number;
  readonly key: string;
  /** How often something is put there that does not belong there. */
  readonly wildness: number;
}

function made(random: Random, given: Schema, where: Where): unknown {
  if (where.depth > 8 || random.chance(where.wildness)) return random.pick(ODD);
  const one = resolved(random, given);
  if (one.const !== undefined) return one.const;
  if (one.enum !== undefined) return random.pick(one.enum);
  if (one.examples !== undefined && random.chance(0.7)) return random.pick(one.examples);
  const type = typeof one.type === "string" ? one.type : random.pick(one.type ?? ["object"]);
  switch (type) {
    case "object":
      return object(random, one, where);
    case "array":
      return Array.from({ length: random.int(0, 3) }, () =>
        made(random, one.items ?? {}, { ...where, depth: where.depth + 1 }),
      );
    case "integer":
    case "number":
      return random.int(one.minimum ?? 0, Math.min(one.maximum ?? 100, (one.minimum ?? 0) + 100));
    case "boolean":
      return random.chance(0.5);
    case "null":
      return null;
    default:
      return text(random, where);
  }
}

function resolved(random: Random, given: Schema): Schema {
  let one = given;
  for (let steps = 0; steps < 10; steps++) {
    const [part] = one.allOf ?? [];
    const choices = one.anyOf ?? (one.properties === undefined ? one.oneOf : undefined);
    if (one.$ref !== undefined) one = schema?.definitions?.[one.$ref.split("/").at(-1) ?? ""] ?? {};
    else if (part !== undefined) one = part;
    else if (choices !== undefined) one = random.pick(choices);
    else return one;
  }
  return one;
}

function object(random: Random, one: Schema, where: Where): unknown {
  const known = Object.entries(one.properties ?? {});
  const isTop = where.depth === 0;
  const chosen = known.filter(([key]) => {
    if (isTop && key === "services") return random.chance(0.97);
    return random.chance(LATER.has(key) ? where.wildness : 0.15);
  });
  const entries = chosen.map(([key, value]): [string, unknown] => [
    random.chance(where.wildness / 4) ? key.slice(1) : key,
    made(random, value, { ...where, depth: where.depth + 1, key }),
  ]);
  const free = Object.values(one.patternProperties ?? {}).at(0);
  if (free !== undefined && (known.length === 0 || random.chance(0.1))) {
    for (const name of random.shuffle(NAMES).slice(0, random.int(1, 4))) {
      entries.push([name, made(random, free, { ...where, depth: where.depth + 1, key: name })]);
    }
  }
  const isService = known.some(([key]) => key === "command");
  if (isService && random.chance(0.9))
    entries.unshift(["command", text(random, { ...where, key: "command" })]);
  return Object.fromEntries(entries);
}

function text(random: Random, { key, wildness }: Where): string {
  if (random.chance(wildness)) return String(random.pick(ODD));
  if (/command|exec|run|hook|pre_|post_|on_fail/.test(key)) {
    return random.pick([
      "exec sleep 1000",
      "true",
      "sleep 1; false",
      "echo $PORT | cat",
      'echo "a b"',
    ]);
  }
  if (/path|cwd|include|file|ignore/.test(key))
    return random.pick(["src", ".", "a.yaml", ".env", "no/such", "**/*.ts"]);
  return random.pick([
    ...NAMES,
    "5s",
    "10MB",
    "100ms..30s",
    "/health",
    "localhost:80",
    "0 3 * * *",
    "${A:-b}",
  ]);
}
