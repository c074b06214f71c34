import { stripControls } from "../logs/clean.ts";

/** A program's own text made safe for one cell: no escape sequence, no control character, one line. */
export function clean(text: string): string {
  return stripControls(text.replaceAll(/\r?\n/g, " ")).replaceAll("\t", "  ");
}

/** The line that says most about a failure: the first that names an error, else the last one; null: all empty. */
export function tellingLine(lines: readonly string[]): string | null {
  const cleaned = lines.map((line) => clean(line).trimEnd()).filter((line) => line.trim() !== "");
  const named = cleaned.find((line) => /error|exception|panic|fatal|denied|refused/i.test(line));
  return (named ?? cleaned.at(-1) ?? null)?.trimStart() ?? null;
}
