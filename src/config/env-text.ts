import type { Diagnostic } from "../errors.ts";
import { PROBLEMS_MAX, problemAt } from "./problems.ts";
import type { Place, SourceFile } from "./source.ts";
import { type Expanded, expand, type Resolver } from "./template.ts";

export interface EnvEntry {
  readonly value: string;
  readonly place: Place;
}

export interface EnvText {
  readonly entries: ReadonlyMap<string, EnvEntry>;
  readonly problems: readonly Diagnostic[];
}

/** What to do with a value whose `${…}` cannot be resolved. */
type OnTemplate = (
  expanded: Expanded,
  place: Place,
  /** Variables of this file so far. */
  count: number,
) => readonly Diagnostic[];

/**
 * Reads `NAME=value` lines in Compose's dialect. `shell` answers for a bare NAME; values may use
 * variables of the resolver and those of earlier lines.
 */
export function parseEnvText(
  file: SourceFile,
  resolver: Resolver,
  onTemplate: OnTemplate,
): EnvText {
  const reader: Reader = { file, at: 0, entries: new Map(), problems: [] };
  const within: Resolver = {
    ...resolver,
    variable: (name) => resolver.variable(name) ?? reader.entries.get(name)?.value,
  };
  while (reader.at < file.text.length && reader.problems.length < PROBLEMS_MAX) {
    readLine(reader, resolver, within, onTemplate);
  }
  return reader;
}

interface Reader {
  readonly file: SourceFile;
  at: number;
  readonly entries: Map<string, EnvEntry>;
  readonly problems: Diagnostic[];
}

const KEY = /[^\S\n]*(?:export[^\S\n]+)?([^\s=:#'"]+)[^\S\n]*([=:]|(?=\n|$|#))[^\S\n]*/y;
const NOT_A_LINE = { message: "this line is not NAME=value", label: "expected NAME=value" };
const BLANK = /[^\S\n]*(?:#[^\n]*)?(?:\n|$)/y;

function readLine(reader: Reader, shell: Resolver, within: Resolver, onTemplate: OnTemplate): void {
  const { file } = reader;
  if (matchAt(BLANK, reader) !== null) return;
  const start = reader.at;
  const key = matchAt(KEY, reader);
  const name = key?.[1] ?? "";
  if (key === null || !/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) {
    skipLine(reader, start, NOT_A_LINE);
    return;
  }
  const lead = /^\s*(?:export\s+)?(?=[^=:\s])/.exec(key[0])?.[0].length ?? 0;
  const at = start + key[0].indexOf(name, name === "export" ? 0 : lead);
  const place = { file, start: at, end: at + name.length };
  if (key[2] === "") {
    const value = shell.variable(name);
    if (value !== undefined) reader.entries.set(name, { value, place });
    if (matchAt(BLANK, reader) === null) skipLine(reader, start, NOT_A_LINE);
    return;
  }
  const raw = readValue(reader);
  if (raw === null) return;
  if (raw.isLiteral) {
    reader.entries.set(name, { value: raw.text, place });
    return;
  }
  const expanded = expand(raw.text, within, "all");
  reader.problems.push(
    ...onTemplate(expanded, { file, start: raw.start, end: reader.at }, reader.entries.size),
  );
  reader.entries.set(name, { value: expanded.text, place });
}

interface Raw {
  readonly text: string;
  readonly start: number;
  /** In single quotes: `$` is a character like any other. */
  readonly isLiteral: boolean;
}

/** The value after `NAME=`, and the rest of its line. null: a problem was noted, the line is skipped. */
function readValue(reader: Reader): Raw | null {
  const { file, at: start } = reader;
  const quote = file.text[start];
  if (quote !== "'" && quote !== '"') {
    const lineEnd = file.text.indexOf("\n", start);
    const end = lineEnd === -1 ? file.text.length : lineEnd;
    // A # without a space before it is part of the value, as in a URL or a color.
    const line = file.text.slice(start, end);
    const isComment = line.startsWith("#") && /\s/.test(file.text[start - 1] ?? "");
    const comment = isComment ? 0 : line.search(/\s#/);
    const text = (comment === -1 ? line : line.slice(0, comment)).trimEnd();
    reader.at = end + 1;
    return { text, start, isLiteral: false };
  }
  const end = closingQuote(file.text, start);
  if (end === -1) {
    skipLine(reader, start, {
      message: `a ${quote} is not closed`,
      label: "opened here",
      help: `close it with ${quote}`,
    });
    return null;
  }
  const inner = file.text.slice(start + 1, end).replaceAll("\r\n", "\n");
  reader.at = end + 1;
  if (matchAt(BLANK, reader) === null) {
    skipLine(reader, end + 1, {
      message: "there is text after the closing quote",
      label: "not expected here",
      help: "put the whole value in one pair of quotes",
    });
    return null;
  }
  return { text: quote === "'" ? inner : unescaped(inner), start, isLiteral: quote === "'" };
}

function closingQuote(text: string, start: number): number {
  const quote = text[start] ?? "";
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "\\" && quote === '"') at += 1;
    else if (text[at] === quote) return at;
  }
  return -1;
}

/** The escapes of double quotes. A `\$` becomes `$$`, which is what replacing variables leaves alone. */
function unescaped(text: string): string {
  return text.replace(
    /\\(?:0([0-7]{1,3})|([\s\S]))/g,
    (whole, octal: string | undefined, one: string | undefined) => {
      if (octal !== undefined)
        return String.fromCharCode(Number.parseInt(octal, 8)).replace("$", "$$$$");
      if (one === "$") return "$$";
      return ESCAPES[one ?? ""] ?? whole;
    },
  );
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  '"': '"',
  "\\": "\\",
  "\n": "",
};

function matchAt(pattern: RegExp, reader: Reader): RegExpExecArray | null {
  pattern.lastIndex = reader.at;
  const match = pattern.exec(reader.file.text);
  if (match !== null) reader.at = pattern.lastIndex;
  return match;
}

/** Notes what is wrong at `start` and goes on with the line after it. */
function skipLine(
  reader: Reader,
  start: number,
  saying: { readonly message: string; readonly label: string; readonly help?: string },
): void {
  const { file } = reader;
  const begin = start + (/^\s*/.exec(file.text.slice(start, start + 1000))?.[0].length ?? 0);
  const lineEnd = file.text.indexOf("\n", begin);
  const end = lineEnd === -1 ? file.text.length : lineEnd;
  const isQuote = /^["']/.test(file.text.slice(begin, begin + 1));
  const place = { file, start: begin, end: isQuote ? begin + 1 : end };
  const help = saying.help ?? "write NAME=value; a comment begins with #";
  reader.problems.push(problemAt(place, { ...saying, code: "P207", help }));
  reader.at = end + 1;
}
