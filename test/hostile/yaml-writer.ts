// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what procs.yaml would replace
import type { Random } from "../simulator/random.ts";

interface Style {
  readonly random: Random;
  /** How often something stands there that has no business there, from 0 to 1. */
  readonly wildness: number;
}

/** A value as YAML text, in a style of the moment: block or flow, quoted or bare, tagged, anchored, commented. */
export function writeYaml(random: Random, value: unknown, wildness: number): string {
  const text = write({ random, wildness }, value, 0);
  return `${random.chance(wildness) ? "%YAML 1.2\n---\n" : ""}${text.startsWith("\n") ? text.slice(1) : text}\n`;
}

function write(style: Style, value: unknown, depth: number): string {
  const mark = markOf(style);
  if (Array.isArray(value)) return mark + list(style, value, depth);
  if (typeof value === "object" && value !== null) return mark + map(style, value, depth);
  if (typeof value === "string") return mark + word(style, value, depth);
  return mark + String(value);
}

/** Tags, anchors and aliases where nobody expects them. */
function markOf({ random, wildness }: Style): string {
  if (!random.chance(wildness)) return "";
  return random.pick([
    "&a ",
    "&b ",
    "!!str ",
    "!!int ",
    "!!map ",
    "!x ",
    "!<tag:x> ",
    "*a ",
    "&a *a ",
  ]);
}

function list(style: Style, items: readonly unknown[], depth: number): string {
  const { random } = style;
  if (items.length === 0 || depth > 6 || random.chance(0.4)) {
    return `[${items.map((item) => flow(style, item)).join(random.pick([", ", ",", " ,\t"]))}]`;
  }
  const indent = "  ".repeat(depth);
  return items.map((item) => `\n${indent}- ${write(style, item, depth + 1).trimStart()}`).join("");
}

function map(style: Style, value: object, depth: number): string {
  const { random, wildness } = style;
  const entries = Object.entries(value);
  if (entries.length === 0 || depth > 6 || random.chance(0.2)) {
    return `{${entries.map(([key, item]) => `${key}: ${flow(style, item)}`).join(", ")}}`;
  }
  const indent = "  ".repeat(depth);
  const lines = entries.map(([key, item]) => {
    const colon = random.chance(wildness) ? random.pick([":", " :", "::", "", ": |", ": >-"]) : ":";
    return `\n${indent}${keyOf(style, key)}${colon} ${write(style, item, depth + 1)}`;
  });
  if (random.chance(wildness))
    lines.push(`\n${indent}<<: ${random.pick(["*a", "[*a, *b]", "{}", "1"])}`);
  if (random.chance(0.05))
    lines.push(`\n${indent}# ${random.pick(["comment", "\u{1f600}", "${X}"])}`);
  return lines.join("");
}

function keyOf(style: Style, key: string): string {
  const { random, wildness } = style;
  if (random.chance(wildness))
    return random.pick([`"${key}"`, `? ${key}\n`, `'${key}'`, `${key} `, `! ${key}`]);
  return key;
}

function flow(style: Style, value: unknown): string {
  if (typeof value === "object" && value !== null) return JSON.stringify(value);
  return typeof value === "string" ? word(style, value, 9) : String(value);
}

function word(style: Style, text: string, depth: number): string {
  const { random, wildness } = style;
  if (depth < 7 && random.chance(0.05)) {
    const indent = "  ".repeat(depth + 1);
    return `${random.pick(["|", ">", "|-", ">+", "|2"])}\n${text
      .split("\n")
      .map((line) => indent + line)
      .join("\n")}`;
  }
  if (/^[\w./-]+$/.test(text) && random.chance(0.8)) return text;
  if (random.chance(0.1)) return `'${text.replaceAll("'", "''")}'`;
  return random.chance(wildness) ? text : JSON.stringify(text);
}
