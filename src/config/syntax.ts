import type { YAMLError } from "yaml";
import type { Diagnostic } from "../errors.ts";
import { problemAt } from "./problems.ts";
import { lineAt, lineText, type Place, type SourceFile } from "./source.ts";
import { BY_MESSAGE, UNKNOWN, WORDING, type Wording } from "./syntax-wording.ts";

/**
 * What the YAML library found, in our words and at the exact character, or null. Only the first: what
 * comes after a broken line is mostly broken by it.
 */
export function syntaxProblem(
  file: SourceFile,
  errors: readonly Pick<YAMLError, "code" | "pos" | "message">[],
): Diagnostic | null {
  const near = [...errors].sort((a, b) => a.pos[0] - b.pos[0]).slice(0, ERRORS_MAX);
  const [first] = near;
  if (first === undefined) return null;
  return (
    tabProblem(file, near) ??
    colonProblem(file, first) ??
    indentProblem(file, near, first) ??
    otherProblem(file, first)
  );
}

/** One broken line can make an error of each line after it. */
const ERRORS_MAX = 50;

/** A tab in an indentation explains any error at or after it, and each later line of the same kind. */
function tabProblem(
  file: SourceFile,
  errors: readonly Pick<YAMLError, "pos">[],
): Diagnostic | null {
  const last = Math.max(...errors.map((error) => lineAt(file, error.pos[0])));
  for (let line = 1; line <= last; line += 1) {
    const text = lineText(file, line) ?? "";
    const spaces = /^( *)\t\s*[^\s#]/.exec(text)?.[1];
    if (spaces === undefined) continue;
    const near = errors.some((error) => Math.abs(lineAt(file, error.pos[0]) - line) <= 1);
    if (!near) continue;
    const start = (file.lineStarts[line - 1] ?? 0) + spaces.length;
    return problemAt(
      { file, start, end: start + 1 },
      {
        code: "P101",
        message: "tabs cannot indent YAML",
        label: "a tab",
        before: 1,
        help: "use two spaces. To fix the whole file: procs validate --fix",
      },
    );
  }
  return null;
}

function colonProblem(file: SourceFile, error: Pick<YAMLError, "code" | "pos">): Diagnostic | null {
  if (error.code !== "BLOCK_AS_IMPLICIT_KEY") return null;
  const line = lineAt(file, error.pos[0]);
  const text = lineText(file, line) ?? "";
  if (text.length > NEAR) return null;
  const match = /^(\s*(?:- )*)([^\s:#'"]+):\s+(.*)$/.exec(text);
  const [, indent = "", key = "", rest = ""] = match ?? [];
  const value = rest.replace(/\s+#.*$/, "").trimEnd();
  const inner = value.search(/:(?:\s|$)/);
  if (match === null || inner === -1) return null;
  const start =
    (file.lineStarts[line - 1] ?? 0) + text.indexOf(rest, indent.length + key.length) + inner;
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return problemAt(
    { file, start, end: start + 1 },
    {
      code: "P102",
      message: 'this value contains ": ", which YAML reads as a new key',
      label: "here",
      before: 1,
      help: `put the whole value in single quotes: ${key}: ${quoted}`,
    },
  );
}

/** A line too far in is read as the rest of the value above it; only its colon gives it away. */
function indentProblem(
  file: SourceFile,
  errors: readonly Pick<YAMLError, "code" | "pos">[],
  first: Pick<YAMLError, "code" | "pos">,
): Diagnostic | null {
  const key = errors.find(
    ({ code, pos }) => code === "MULTILINE_IMPLICIT_KEY" && pos[0] === first.pos[0],
  );
  if (first.code !== "BLOCK_AS_IMPLICIT_KEY" || key === undefined) return null;
  const line = lineAt(file, key.pos[1]);
  const text = lineText(file, line) ?? "";
  if (line === lineAt(file, key.pos[0])) return null;
  const start = (file.lineStarts[line - 1] ?? 0) + text.length - text.trimStart().length;
  const wording = WORDING.BAD_INDENT ?? UNKNOWN;
  return problemAt({ file, start, end: key.pos[1] }, { code: "P106", before: 1, ...wording });
}

function otherProblem(
  file: SourceFile,
  error: Pick<YAMLError, "code" | "pos" | "message">,
): Diagnostic {
  const length = file.text.length;
  const opened = openedAt(file.text, error);
  const start = Math.max(0, Math.min(opened ?? error.pos[0], length - 1));
  const end = opened === null ? Math.max(start + 1, Math.min(error.pos[1], length)) : start + 1;
  return (
    variableProblem(file, start) ??
    problemAt(atText({ file, start, end }), { code: "P106", before: 1, ...sayingOf(error, file) })
  );
}

/** Characters to each side of an error that are looked at. */
const NEAR = 300;

/** `{ PORT: ${PORT} }`: between brackets the braces of a variable are YAML's. */
function variableProblem(file: SourceFile, at: number): Diagnostic | null {
  const line = lineAt(file, at);
  const lineStart = file.lineStarts[line - 1] ?? 0;
  const from = Math.max(0, at - lineStart - NEAR);
  const text = (lineText(file, line) ?? "").slice(from, at - lineStart + NEAR);
  const found = [...text.matchAll(/(["']?)[^\s"'[\]{},]*\$\{[^}]*\}?[^\s"'[\]{},]*/g)].find(
    ({ index, 1: quote, 0: whole }) =>
      quote === "" &&
      index <= at - lineStart - from &&
      at - lineStart - from <= index + whole.length + 1,
  );
  if (found === undefined) return null;
  const start = lineStart + from + found.index;
  return problemAt(
    { file, start, end: start + found[0].length },
    {
      code: "P106",
      before: 1,
      message: "between { } and [ ] a variable needs quotes: YAML reads its braces as a map",
      label: "needs quotes",
      help: `write "${found[0]}"`,
    },
  );
}

/** Where the quote or bracket that is not closed stands; null when that is not what is wrong. */
function openedAt(text: string, error: Pick<YAMLError, "pos" | "message">): number | null {
  const quote = /^Missing closing (['"])quote/.exec(error.message)?.[1];
  // The quote that nothing closes is the last one of its kind: any other would have closed it.
  if (quote !== undefined) return text.lastIndexOf(quote);
  const close = unclosedBracket(error.message);
  if (close === undefined) return null;
  const open = close === "]" ? "[" : "{";
  for (let at = Math.min(error.pos[0], text.length) - 1, depth = 0; at >= 0; at -= 1) {
    if (text[at] === close) depth += 1;
    if (text[at] !== open) continue;
    if (depth === 0) return at;
    depth -= 1;
  }
  return null;
}

function unclosedBracket(message: string): string | undefined {
  return (
    /^Flow (?:map|sequence) in block collection must .* end with a ([\]}])/.exec(message)?.[1] ??
    /expected .* to end with a? ?([\]}])/i.exec(message)?.[1]
  );
}

/** An error in an indentation is shown at the words after it, one on a line break at those before it. */
function atText(place: Place): Place {
  const { file } = place;
  const { text } = file;
  const ahead = /^[ \t]+(?=[^\s])/.exec(text.slice(place.start, place.start + 1000));
  const isIndent = /(?:^|\n)[ \t]*$/.test(text.slice(Math.max(0, place.start - 1000), place.start));
  if (ahead !== null && isIndent) {
    const start = place.start + ahead[0].length;
    return {
      file,
      start,
      end: start + (/^\S+/.exec(text.slice(start, start + 1000))?.[0].length ?? 1),
    };
  }
  let { start } = place;
  while (start > 0 && /\s/.test(text[start] ?? " ")) start -= 1;
  return start === place.start ? place : { file, start, end: start + 1 };
}

function sayingOf(error: Pick<YAMLError, "code" | "message">, file: SourceFile): Wording {
  const exact = /^Missing closing (['"])quote/.exec(error.message);
  if (exact !== null) {
    return {
      message: `a ${exact[1]} is not closed`,
      label: "opened here",
      help: `close it with ${exact[1]}`,
    };
  }
  const sign = unclosedBracket(error.message);
  if (sign !== undefined) {
    const signs = sign === "]" ? "[ ]" : "{ }";
    return {
      message: `a ${sign === "]" ? "list" : "map"} is not closed`,
      label: "opened here",
      help: `close it with ${sign}; text with ${signs} in it needs quotes`,
    };
  }
  for (const [pattern, wording] of BY_MESSAGE) if (pattern.test(error.message)) return wording;
  return WORDING[error.code] ?? { ...UNKNOWN, message: `${file.shown} is not valid YAML` };
}
