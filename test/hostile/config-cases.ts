// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what procs.yaml would replace
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom, type Random } from "../simulator/random.ts";
import { madeUpProject, ODD } from "./made-up.ts";
import { writeYaml } from "./yaml-writer.ts";

/** The files of a folder in which procs is called; `procs.yaml` is among them. */
export type ConfigCase = Readonly<Record<string, Buffer>>;

/** The same seed gives the same files. */
export function configCase(seed: number): ConfigCase {
  const random = createRandom(seed);
  const main = mainFile(random);
  const files: Record<string, Buffer> = { "procs.yaml": main };
  if (random.chance(0.3)) files["a.yaml"] = random.chance(0.3) ? main : mainFile(random);
  if (random.chance(0.5)) files[".env"] = envFile(random);
  return files;
}

function mainFile(random: Random): Buffer {
  const kind = random.int(0, 99);
  if (kind < 45) return bytesOf(random, random.pick(corpus()));
  if (kind < 85) {
    const wildness = random.pick([0, 0, 0.01, 0.05]);
    const text = writeYaml(random, madeUpProject(random, wildness), wildness);
    return wildness === 0 ? Buffer.from(text) : bytesOf(random, text);
  }
  if (kind < 95) return bytesOf(random, expensive(random));
  return Buffer.from(Array.from({ length: random.int(0, 500) }, () => random.int(0, 255)));
}

let texts: readonly string[] | null = null;

/** Every procs.yaml of the examples and of the collection of wrong ones. */
function corpus(): readonly string[] {
  texts ??= ["../../examples", "../config/diagnostics"].flatMap((name) => {
    const folder = join(import.meta.dirname, name);
    return readdirSync(folder).flatMap((one) => {
      try {
        return [readFileSync(join(folder, one, "procs.yaml"), "utf8")];
      } catch {
        return [];
      }
    });
  });
  return texts;
}

const PIECES = [
  "\t",
  "  ",
  "\n",
  "\r\n",
  "\r",
  ": ",
  "- ",
  "[",
  "]",
  "{",
  "}",
  '"',
  "'",
  "*a",
  "&a ",
  "&a [*a]",
  "<<: *a",
  "<<: [*a, *a]",
  "${",
  "}",
  "$",
  "#",
  "|",
  ">",
  "? ",
  "!",
  "!!binary ",
  "!!set ",
  "!!timestamp ",
  "%",
  "%TAG ! x\n",
  "---\n",
  "...\n",
  "\0",
  "\u{1f600}",
  "\ufeff",
  "\u2028",
  "\u0085",
  "services",
  "command",
  "include: a.yaml\n",
  "env_file: .env\n",
  "null",
  "~",
  "0",
  "-0x1",
  "1e400",
  "99999999999999999999",
  "__proto__",
  "constructor",
  "x-a",
  "depends_on: [a, b]\n",
  "\\u0000",
  "\\x",
  "\u001b[2J",
];

/** Now and then changed: pieces put in, cut out, doubled and moved, bytes flipped, another encoding. */
function bytesOf(random: Random, given: string): Buffer {
  let text = given;
  const edits = random.chance(0.15) ? 0 : random.int(1, 8);
  for (let edit = 0; edit < edits; edit++) {
    const start = random.int(0, text.length);
    const length = random.chance(0.1) ? random.int(0, text.length) : random.int(0, 20);
    const piece = pieceFor(random, text);
    const times = random.chance(0.02) ? 2_000 : random.int(0, 3);
    text = text.slice(0, start) + piece.repeat(times) + text.slice(start + length);
    if (text.length > 2_000_000) break;
  }
  if (random.chance(0.05)) text = text.replaceAll("\n", "\r\n");
  if (random.chance(0.03)) text = `\ufeff${text}`;
  if (random.chance(0.02)) return Buffer.from(text, "utf16le");
  const bytes = Buffer.from(text);
  const flips = random.chance(0.1) && bytes.length > 0 ? random.int(1, 10) : 0;
  for (let flip = 0; flip < flips; flip++)
    bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
  return bytes;
}

function pieceFor(random: Random, text: string): string {
  if (random.chance(0.7)) return random.pick(PIECES);
  if (random.chance(0.5)) return JSON.stringify(random.pick(ODD));
  const from = random.int(0, text.length);
  return text.slice(from, from + random.int(0, 100));
}

/** Made to take long or much: depth, length, aliases of aliases. */
function expensive(random: Random): string {
  const times = random.pick([100, 5_000, 100_000]);
  const one = random.pick([
    "[",
    "{a: ",
    "- ",
    "? ",
    "&a ",
    "a: ",
    "*a ",
    "'a' ",
    "${A:-",
    "${",
    "$A",
    "---\n",
    "#\n",
    "\n",
    "\t",
    "!!x ",
    "a:\n ",
  ]);
  const laughs = "abcdefghij".split("").map((name, index) => {
    const before = "abcdefghij"[index - 1];
    const item = before === undefined ? "x" : `*${before}`;
    return `x-${name}: &${name} [${Array(random.int(2, 12)).fill(item).join(",")}]`;
  });
  return random.pick([
    one.repeat(times),
    `services: { a: { command: [x, "${one.repeat(times)}"] } }`,
    `${laughs.join("\n")}\nservices: { a: { command: *j } }`,
    `x-a: &a { command: true, depends_on: [b] }\nservices: { a: *a, b: *a, c: { <<: *a } }`,
    `services:\n${Array.from({ length: random.int(1, 600) }, (_, index) => `  s${index}: { command: x, depends_on: [s${index + 1}] }`).join("\n")}`,
    `services: { a: { command: "${"y".repeat(10_000_000)}" } }`,
    `services: { a: { command: x, instances: 256, env: { ${Array.from({ length: 500 }, (_, index) => `V${index}: $A`).join(", ")} } } }`,
  ]);
}

function envFile(random: Random): Buffer {
  const lines = Array.from({ length: random.int(0, 10) }, () => {
    const name = random.pick(["A", "B", "export C", "a.b", "", "__proto__", "=", "é", "A B", "#"]);
    const value = random.pick([
      "1",
      "'x",
      '"a\\n${B}"',
      "$A",
      "${A:?no}",
      "${A:-$B}",
      "\\",
      "a # b",
      "\0",
      "x".repeat(5_000),
    ]);
    return `${name}${random.pick(["=", ":", " = ", "", "=="])}${value}`;
  });
  return bytesOf(random, lines.join(random.pick(["\n", "\r\n", "\r"])));
}
