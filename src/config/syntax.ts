import type { YAMLError } from "yaml";
import type { Diagnostic } from "../errors.ts";
import { problemAt, type Saying } from "./problems.ts";
import { lineAt, lineText, type Place, type SourceFile } from "./source.ts";

/**
 * What the YAML library found, in our words and at the exact character, or null. Only the first: what
 * comes after a broken line is mostly broken by it.
 */
export function syntaxProblem(
  file: SourceFile,
  errors: readonly Pick<YAMLError, "code" | "pos" | "message">[],
): Diagnostic | null {
  const [first] = [...errors].sort((a, b) => a.pos[0] - b.pos[0]);
  if (first === undefined) return null;
  return (
    tabProblem(file, errors) ??
    colonProblem(file, first) ??
    indentProblem(file, errors, first) ??
    otherProblem(file, first)
  );
}

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
  return problemAt(atText({ file, start, end }), {
    code: "P106",
    before: 1,
    ...sayingOf(error, file),
  });
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

type Wording = Pick<Saying, "message" | "label" | "help">;

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

const INDENT_HELP =
  "give keys of one map the same number of spaces, two more than the key above them";

const WORDING: Readonly<Record<string, Wording>> = {
  BAD_INDENT: {
    message: "this line is not indented like the ones it belongs to",
    label: "indented differently",
    help: INDENT_HELP,
  },
  MISSING_CHAR: {
    message: "something is missing here",
    label: "YAML expected a space, a comma or a colon",
    help: 'write "key: value", with a space after the colon',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: "this line is neither a key nor the end of a value",
    label: 'no "key: value"',
    help: 'write "key: value"; a value over several lines begins with | or is in quotes',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: "a map cannot begin on the same line as its key",
    label: "begins here",
    help: "put it on the next line, two spaces further in, or quote the value",
  },
  BAD_SCALAR_START: {
    message: "a value cannot begin with this character",
    label: "needs quotes",
    help: "put the whole value in single quotes",
  },
  BAD_DQ_ESCAPE: {
    message: "YAML does not know this \\ sequence",
    label: "in double quotes, \\ is special",
    help: "use single quotes, or write \\\\ for one \\",
  },
  TAG_RESOLVE_FAILED: {
    message: "procs.yaml has no tags, and this begins with !",
    label: "a tag",
    help: "put the whole value in single quotes",
  },
  BAD_COLLECTION_TYPE: {
    message: "procs.yaml has no tags, and this begins with !",
    label: "a tag",
    help: "delete the tag",
  },
  BAD_ALIAS: {
    message: "a value that begins with * is an alias, and this is none",
    label: "needs quotes",
    help: "put the whole value in single quotes",
  },
  ALIAS_PROPS: {
    message: "an alias cannot have an anchor or a tag",
    label: "here",
    help: "delete the part with & or !",
  },
  MULTIPLE_ANCHORS: {
    message: "a value can have one anchor",
    label: "a second one",
    help: "delete one; a value that begins with & needs quotes",
  },
  MULTIPLE_TAGS: {
    message: "procs.yaml has no tags, and this begins with !",
    label: "a tag",
    help: "put the whole value in single quotes",
  },
  BAD_PROP_ORDER: {
    message: "an anchor stands before the dash of a list item",
    label: "here",
    help: "put it after the dash",
  },
  BLOCK_IN_FLOW: {
    message: "inside [ ] and { } there are no indented maps or lists",
    label: "here",
    help: "close the bracket first, or write the inner value with brackets too",
  },
  KEY_OVER_1024_CHARS: {
    message: "a key is longer than 1024 characters",
    label: "here",
    help: "is a quote or a line break missing?",
  },
  BAD_DIRECTIVE: {
    message: "a line that begins with % is a YAML directive, and this is none YAML knows",
    label: "here",
    help: "delete the line",
  },
  MULTIPLE_DOCS: {
    message: "a second document begins here; a file holds one",
    label: "here",
    help: "delete the line ---",
  },
  NON_STRING_KEY: {
    message: "a key must be plain text",
    label: "here",
    help: "text with { } or [ ] needs quotes",
  },
  RESOURCE_EXHAUSTION: {
    message: "the file is nested too deeply",
    label: "here",
    help: "is it the right file?",
  },
  UNEXPECTED_TOKEN: {
    message: "YAML did not expect this here",
    label: "here",
    help: "a value with special characters needs quotes",
  },
};

const UNKNOWN: Wording = {
  message: "this is not valid YAML",
  label: "here",
  help: "a value with special characters needs quotes",
};

const BY_MESSAGE: readonly (readonly [RegExp, Wording])[] = [
  [
    /^Unexpected (?:flow-(?:map|seq)-end|comma)/,
    {
      message: "this bracket or comma closes nothing",
      label: "not expected here",
      help: "text with [ ] { } or , at its beginning needs quotes",
    },
  ],
  [
    /^Unexpected block-seq-ind on same line/,
    {
      message: "a list cannot begin on the same line as its key",
      label: "begins here",
      help: "put it on the next line, or write it as [a, b]",
    },
  ],
  [
    /^Unexpected scalar at node end/,
    {
      message: "there is text after the end of this value",
      label: "not expected here",
      help: "put the whole value in one pair of quotes; inside single quotes a ' is written ''",
    },
  ],
];
