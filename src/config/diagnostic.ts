import type { Diagnostic } from "../errors.ts";
import { frameLines } from "./frame.ts";
import { displayWidth, printable, type RenderOptions, type Style } from "./shown-text.ts";

/** One problem as text, ending in a line break: what is wrong, where, the lines, facts, what to do. */
export function renderDiagnostic(diagnostic: Diagnostic, options: RenderOptions): string {
  const style = styleOf(diagnostic, options);
  const head = `${diagnostic.severity}[${diagnostic.code}]`;
  const [first = "", ...rest] = wrap(diagnostic.message, options.columns, head.length + 2);
  const lines = [`${style.head(head)}${style.strong(`: ${first}`)}`, ...rest.map(style.strong)];
  if (diagnostic.file !== undefined) {
    const start = diagnostic.range?.start;
    const { line } = diagnostic;
    const about = line === undefined ? "" : `:${line}`;
    const at = start === undefined ? about : `:${start.line}:${start.column}`;
    lines.push(`  ${style.dim("-->")} ${printable(diagnostic.file)}${at}`);
  }
  lines.push(...frameLines(diagnostic, style, options));
  lines.push(...factLines(diagnostic.facts ?? [], style, options));
  for (const note of diagnostic.notes ?? []) lines.push(...said("note", note, style, options));
  for (const help of diagnostic.help ?? []) lines.push(...said("help", help, style, options));
  return `${lines.join("\n")}\n`;
}

function styleOf(diagnostic: Diagnostic, options: RenderOptions): Style {
  const sgr = (codes: string) => (text: string) =>
    options.color && text !== "" ? `\x1b[${codes}m${text}\x1b[0m` : text;
  const color = diagnostic.severity === "error" ? "31" : "33";
  return {
    head: sgr(`1;${color}`),
    strong: sgr("1"),
    dim: sgr("2"),
    mark: sgr(color),
    second: sgr("36"),
  };
}

function said(word: string, text: string, style: Style, options: RenderOptions): string[] {
  const [first = "", ...rest] = wrap(text, options.columns, "  help: ".length);
  return [`  ${style.second(`${word}:`)} ${first}`, ...rest];
}

/** `held by  node server.js`; what is about the same has no label of its own. */
function factLines(
  facts: NonNullable<Diagnostic["facts"]>,
  style: Style,
  options: RenderOptions,
): readonly string[] {
  const width = Math.max(0, ...facts.map(({ label }) => displayWidth(label)));
  return facts.flatMap(({ label, text }) => {
    const [first = "", ...rest] = wrap(text, options.columns, width + "    ".length);
    const gap = " ".repeat(width - displayWidth(label) + 2);
    return [`  ${style.second(label)}${gap}${first}`, ...rest];
  });
}

/** Lines of at most `columns`, all but the first indented; a word longer than that stays whole. */
function wrap(text: string, columns: number, indent: number): string[] {
  const room = Math.max(columns - indent, 20);
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    // What is copied keeps its indentation and inner spaces.
    for (const word of printable(paragraph).split(/(?<=\S)(?= )/)) {
      if (line !== "" && displayWidth(line + word) > room) {
        lines.push(line);
        line = word.trimStart();
      } else {
        line += word;
      }
    }
    lines.push(line);
  }
  return lines.map((line, index) => (index === 0 ? line : " ".repeat(indent) + line));
}
