import { cut, displayWidth, pad } from "./width.ts";

export interface Column {
  readonly key: string;
  readonly title: string;
  readonly align?: "left" | "right";
  /** Never narrower, so that a table that is shown again and again keeps still. */
  readonly least?: number;
  /** On a narrow terminal the lowest number goes first; absent: stays. */
  readonly drop?: number;
  /** May be cut to this many cells before any column goes. */
  readonly cutTo?: number;
}

export interface Row {
  readonly cells: Readonly<Record<string, Cell>>;
  /** Lines under the row, from the second column on. */
  readonly below?: readonly string[];
}

export interface Cell {
  readonly text: string;
  readonly style?: (text: string) => string;
}

export interface TableSettings {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Cells of the terminal; Infinity: nothing is cut or dropped. */
  readonly width: number;
  readonly heading: (text: string) => string;
  readonly ellipsis: string;
  readonly header?: boolean;
}

const GAP = 2;

/** Rows as aligned lines that fit: a column is first cut where it may be, then columns go in their order. */
export function renderTable(settings: TableSettings): readonly string[] {
  const { columns, widths } = fitColumns(settings);
  const line = (cell: (column: Column) => Cell) =>
    columns
      .map((column, index) => {
        const { text, style } = cell(column);
        const width = widths.get(column.key) ?? 0;
        const shown = cut(text, width, settings.ellipsis);
        const isLast = index === columns.length - 1;
        const padded = isLast && column.align !== "right" ? shown : pad(shown, width, column.align);
        return style === undefined ? padded : paintInside(padded, shown, style);
      })
      .join(" ".repeat(GAP))
      .trimEnd();

  const first = columns[0];
  const indent = first === undefined ? 0 : (widths.get(first.key) ?? 0) + GAP;
  const lines: string[] = [];
  if (settings.header !== false) lines.push(settings.heading(line((c) => ({ text: c.title }))));
  for (const row of settings.rows) {
    lines.push(line((column) => row.cells[column.key] ?? { text: "-" }));
    for (const text of row.below ?? []) {
      const room = Math.max(8, settings.width - indent);
      lines.push(" ".repeat(indent) + cut(text, room, settings.ellipsis));
    }
  }
  return lines;
}

function fitColumns(settings: TableSettings) {
  let columns = settings.columns;
  for (;;) {
    const widths = new Map(columns.map((column) => [column.key, natural(column, settings)]));
    let excess = total(widths) - settings.width;
    for (const column of columns) {
      if (excess <= 0 || column.cutTo === undefined) continue;
      const width = widths.get(column.key) ?? 0;
      const less = Math.min(excess, Math.max(0, width - column.cutTo));
      widths.set(column.key, width - less);
      excess -= less;
    }
    const next = columns
      .filter((column) => column.drop !== undefined)
      .sort((a, b) => (a.drop ?? 0) - (b.drop ?? 0))[0];
    if (excess <= 0 || next === undefined) return { columns, widths };
    columns = columns.filter((column) => column !== next);
  }
}

function natural(column: Column, settings: TableSettings): number {
  const cells = settings.rows.map((row) => displayWidth(row.cells[column.key]?.text ?? "-"));
  const title = settings.header === false ? 0 : displayWidth(column.title);
  return cells.reduce((most, width) => Math.max(most, width), Math.max(title, column.least ?? 0));
}

function total(widths: ReadonlyMap<string, number>): number {
  let sum = GAP * Math.max(0, widths.size - 1);
  for (const width of widths.values()) sum += width;
  return sum;
}

/** Only the text is styled, not the spaces around it: an underline or a background would show. */
function paintInside(padded: string, text: string, style: (text: string) => string): string {
  const at = padded.indexOf(text);
  return padded.slice(0, at) + style(text) + padded.slice(at + text.length);
}
