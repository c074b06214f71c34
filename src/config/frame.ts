import type { Diagnostic, Range } from "../errors.ts";
import { displayWidth, printable, type RenderOptions, type Style } from "./shown-text.ts";

/** The source lines of a problem, with a caret under the exact words and what is said beside it. */
export function frameLines(
  diagnostic: Diagnostic,
  style: Style,
  options: RenderOptions,
): readonly string[] {
  const rows = rowsOf(diagnostic);
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map((row) => row.name.length));
  const bar = options.ascii ? "|" : "│";
  const context: Context = { style, options, width, bar };
  const isTable = diagnostic.label === undefined && (diagnostic.related?.length ?? 0) > 0;
  return isTable ? tableLines(rows, context) : markedLines(rows, context);
}

interface Mark {
  readonly range: Range;
  readonly label: string;
  readonly isPrimary: boolean;
}

/** One source line; `name` is its number, with the file where several are involved. */
interface Row {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly text: string;
  readonly marks: Mark[];
}

interface Context {
  readonly style: Style;
  readonly options: RenderOptions;
  readonly width: number;
  readonly bar: string;
}

function rowsOf(diagnostic: Diagnostic): readonly Row[] {
  const { file = "", range, related = [], lines = {} } = diagnostic;
  if (range === undefined || Object.keys(lines).length === 0) return [];
  const hasOthers = related.some((other) => other.file !== undefined && other.file !== file);
  const rows: Row[] = [];
  const rowOf = (of: string, line: number, text: string): Row => {
    const known = rows.find((row) => row.file === of && row.line === line);
    if (known !== undefined) return known;
    const name = hasOthers ? `${printable(of)}:${line}` : String(line);
    const row = { file: of, line, name, text, marks: [] };
    rows.push(row);
    return row;
  };
  for (const [line, text] of Object.entries(lines)) rowOf(file, Number(line), text);
  const primary = rowOf(file, range.start.line, lines[range.start.line] ?? "");
  primary.marks.push({ range, label: diagnostic.label ?? "", isPrimary: true });
  for (const other of related) {
    const row = rowOf(other.file ?? file, other.range.start.line, other.text ?? "");
    row.marks.push({ range: other.range, label: other.label, isPrimary: false });
  }
  return rows;
}

/** Several places that together are the problem: what is said stands at the end of each line. */
function tableLines(rows: readonly Row[], context: Context): readonly string[] {
  const shown = rows.map((row) => ({ row, text: window(row.text, 1, context).text.trimEnd() }));
  const column = Math.max(...shown.map(({ text }) => displayWidth(text))) + TABLE_GAP;
  return shown.map(({ row, text }) => {
    const label = row.marks.find((mark) => !mark.isPrimary)?.label ?? "";
    const gap = " ".repeat(column - displayWidth(text));
    return `${gutter(row.name, context)} ${text}${gap}${context.style.mark(label)}`.trimEnd();
  });
}

const TABLE_GAP = 8;

function markedLines(rows: readonly Row[], context: Context): readonly string[] {
  const { style, options } = context;
  const lines: string[] = [];
  let last: Row | undefined;
  for (const row of rows) {
    if (last !== undefined && (last.file !== row.file || row.line > last.line + 1)) {
      lines.push(`${" ".repeat(context.width + 3)}${style.dim(options.ascii ? ":" : "┆")}`);
    }
    last = row;
    const first = row.marks[0];
    const { text, shift } = window(row.text, first?.range.start.column ?? 1, context);
    lines.push(`${gutter(row.name, context)} ${text}`.trimEnd());
    for (const mark of row.marks) lines.push(markLine(row, mark, shift, context));
  }
  return lines;
}

function markLine(row: Row, mark: Mark, shift: number, context: Context): string {
  const { start, end } = mark.range;
  const before = displayWidth(visible(row.text.slice(0, start.column - 1), context)) - shift;
  const marked = displayWidth(visible(row.text.slice(start.column - 1, end.column - 1), context));
  const room = Math.max(context.options.columns - context.width - 4 - before, 1);
  // A tab is shown four wide; one caret says it.
  const isTab = /^\t+$/.test(row.text.slice(start.column - 1, end.column - 1));
  const length = isTab ? 1 : Math.max(1, Math.min(marked, room));
  const sign = (mark.isPrimary ? "^" : "-").repeat(length);
  const label = mark.label === "" ? "" : ` ${printable(mark.label)}`;
  const color = mark.isPrimary ? context.style.mark : context.style.second;
  return `${gutter("", context)} ${" ".repeat(Math.max(before, 0))}${color(`${sign}${label}`)}`;
}

function gutter(name: string, context: Context): string {
  return context.style.dim(`  ${name.padStart(context.width)} ${context.bar}`);
}

/** Characters as they are shown: tabs made visible, control characters replaced. */
function visible(text: string, context: Context): string {
  const tab = context.options.ascii ? ">   " : "→   ";
  return printable(text.replaceAll("\t", tab));
}

/** The part of a long line around a column; `shift` is how many columns were cut off on the left. */
function window(
  source: string,
  column: number,
  context: Context,
): { readonly text: string; readonly shift: number } {
  const text = visible(source, context);
  const room = Math.max(context.options.columns - context.width - 5, 20);
  if (displayWidth(text) <= room) return { text, shift: 0 };
  const dots = context.options.ascii ? "..." : "…";
  const at = visible(source.slice(0, column - 1), context).length;
  const from = at < room * 0.75 ? 0 : at - Math.floor(room / 2);
  const part = text.slice(from, from + room - dots.length * 2);
  const shift = from === 0 ? 0 : displayWidth(text.slice(0, from)) - dots.length;
  const end = from + part.length < text.length ? dots : "";
  return { text: `${from === 0 ? "" : dots}${part}${end}`, shift };
}
