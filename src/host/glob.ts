/** A pattern of file names, split into what is fixed and what is not. */
export interface Glob {
  /** The folder above the first special character: what must be watched. */
  readonly base: string;
  readonly matches: (path: string) => boolean;
}

/** Whether a path is a pattern rather than a file or folder. */
export function isGlob(path: string): boolean {
  return /[*?[\]{}]/.test(path);
}

/** An absolute pattern: `**` any folders, `*` and `?` within one name, `{a,b}` either, `[a-z]` one of. */
export function parseGlob(pattern: string): Glob {
  const parts = pattern.split("/");
  const fixed = parts.findIndex(isGlob);
  const base = fixed < 0 ? pattern : parts.slice(0, fixed).join("/") || "/";
  const expression = globExpression(pattern);
  return { base, matches: (path) => expression.test(path) };
}

/**
 * A matcher for paths relative to a folder. A pattern without a slash matches names at any depth, and
 * a pattern that matches a folder takes in everything below it.
 */
export function relativeMatcher(patterns: readonly string[]): (path: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const clean = pattern.replace(/^\.\//, "").replace(/\/+$/, "");
    return globExpression(clean.includes("/") ? clean : `**/${clean}`);
  });
  return (path) => {
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
      const upTo = path.slice(0, end);
      if (expressions.some((expression) => expression.test(upTo))) return true;
    }
    return false;
  };
}

/** Braces nested deeper than this are taken as they are written: a bound, not a need. */
const DEPTH_MAX = 8;

function globExpression(pattern: string): RegExp {
  return new RegExp(`^${translate(pattern, 0)}$`, "s");
}

function translate(pattern: string, depth: number): string {
  let text = "";
  let at = 0;
  while (at < pattern.length) {
    const piece = pieceAt(pattern, at, depth);
    text += piece.text;
    at += piece.length;
  }
  return text;
}

function pieceAt(pattern: string, at: number, depth: number): { text: string; length: number } {
  const rest = pattern.slice(at);
  const isAtName = at === 0 || pattern[at - 1] === "/";
  if (isAtName && rest.startsWith("**/")) return { text: "(?:[^/]+/)*", length: 3 };
  if (isAtName && rest === "**") return { text: ".*", length: 2 };
  const stars = /^\*+/.exec(rest);
  if (stars !== null) return { text: "[^/]*", length: stars[0].length };
  if (rest.startsWith("?")) return { text: "[^/]", length: 1 };
  const set = /^\[([!^]?)(\]?[^\]/]*)\]/.exec(rest);
  if (set !== null && set[2] !== "") {
    const [whole, not, members = ""] = set;
    return {
      text: `[${not ? "^/" : ""}${members.replace(/[\\\]^]/g, "\\$&")}]`,
      length: whole.length,
    };
  }
  if (rest.startsWith("{") && depth < DEPTH_MAX) {
    const end = closingBrace(rest);
    if (end > 0) {
      const choices = splitChoices(rest.slice(1, end)).map((choice) =>
        translate(choice, depth + 1),
      );
      return { text: `(?:${choices.join("|")})`, length: end + 1 };
    }
  }
  if (rest.startsWith("\\") && rest.length > 1)
    return { text: escapeText(rest.charAt(1)), length: 2 };
  return { text: escapeText(rest.charAt(0)), length: 1 };
}

function closingBrace(text: string): number {
  let open = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "{") open++;
    else if (text[at] === "}" && --open === 0) return at;
  }
  return -1;
}

function splitChoices(text: string): readonly string[] {
  const choices: string[] = [];
  let open = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "{") open++;
    else if (text[at] === "}") open--;
    else if (text[at] === "," && open === 0) {
      choices.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...choices, text.slice(start)];
}

function escapeText(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
