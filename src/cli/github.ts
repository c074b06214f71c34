import type { Diagnostic } from "../errors.ts";

/** A diagnostic as an annotation of a workflow: `::error file=…,line=…::message`. */
export function githubLine(diagnostic: Diagnostic): string {
  const { file, range } = diagnostic;
  const properties = [
    file === undefined ? "" : `file=${property(file)}`,
    range === undefined ? "" : `line=${range.start.line},col=${range.start.column}`,
    range === undefined ? "" : `endLine=${range.end.line},endColumn=${range.end.column}`,
    `title=${property(diagnostic.code)}`,
  ].filter((part) => part !== "");
  const help = (diagnostic.help ?? []).map((line) => `\nhelp: ${line}`).join("");
  return `::${diagnostic.severity} ${properties.join(",")}::${escaped(diagnostic.message + help)}`;
}

function escaped(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return escaped(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
