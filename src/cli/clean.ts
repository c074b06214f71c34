/** A program's own text made safe to show in one cell: no escape sequence, no control character, tabs as spaces. */
export function clean(text: string): string {
  return text
    .replace(/\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]/g, "")
    .replaceAll("\t", "  ")
    .replace(/[\x00-\x1f\x7f-\x9f]/g, "");
}

/** The line that says most about a failure: the first that names an error, else the last one; null: all empty. */
export function tellingLine(lines: readonly string[]): string | null {
  const cleaned = lines.map((line) => clean(line).trimEnd()).filter((line) => line.trim() !== "");
  const named = cleaned.find((line) => /error|exception|panic|fatal|denied|refused/i.test(line));
  return (named ?? cleaned.at(-1) ?? null)?.trimStart() ?? null;
}
