/**
 * What to exec for a command: a list as it is, a text through the shell. A text that is one simple
 * command is exec'd by the shell, so that the program takes the shell's place and signals reach it.
 */
export function argvOf(command: string | readonly string[], shell: string): readonly string[] {
  if (typeof command !== "string") return command;
  return [shell, "-c", speaksPosix(shell) ? withExec(command) : command];
}

/**
 * Puts `exec` before the command word, or returns the text as it is wherever that could change what
 * it does. In doubt nothing is changed: then the shell stays as the parent, which is only less tidy.
 * Assignments go before `exec` (`A=1 exec node x.js`): after it they would be taken for the program.
 */
function withExec(text: string): string {
  const words = wordsOf(text);
  const first = words?.find((word) => !isAssignment(word));
  if (words === null || first === undefined || !isProgram(first)) return text;
  const before = words.slice(0, words.indexOf(first));
  if (before.some(isRisky)) return text;
  return `${text.slice(0, first.start)}exec ${text.slice(first.start)}`;
}

function speaksPosix(shell: string): boolean {
  return /^(?:sh|dash|ash|bash|ksh|mksh|zsh)$/.test(shell.slice(shell.lastIndexOf("/") + 1));
}

/** A word that is neither a redirection nor its target. */
interface Word {
  readonly start: number;
  /** As written, with quotes. */
  readonly raw: string;
  /** Without quotes; expansions stay as written. */
  readonly plain: string;
  /** Contains `$…`, so that nobody knows what it will be. */
  readonly expands: boolean;
  /** Contains an unquoted character that the shell may replace: a pattern, a brace. */
  readonly globs: boolean;
}

/** `NAME=value`, with a name free of quotes: that is what the shell takes for an assignment. */
function isAssignment(word: Word): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*=/.test(word.raw);
}

/** Shells differ on whether these are in force when the program is looked up. */
function isRisky(assignment: Word): boolean {
  return /^(?:PATH|IFS|ENV|BASH_ENV)=/.test(assignment.raw);
}

/** A word that certainly names a program in a file, not something that the shell does itself. */
function isProgram(word: Word): boolean {
  if (word.globs || word.plain === "" || /^-|=/.test(word.plain)) return false;
  if (word.plain.replace(/\$\{[^}]*\}/g, "").includes("/")) return true;
  return !word.expands && !word.plain.startsWith("~") && !SHELL_WORDS.has(word.plain);
}

/** Reserved words and builtins of the common shells. `echo` too: /bin/echo is not quite the same. */
const SHELL_WORDS: ReadonlySet<string> = new Set(
  [
    "! { } [ [[ ]] : . alias always autoload bg bind bindkey break builtin caller case cd chdir command",
    "compgen complete compopt continue coproc declare dirs disown do done echo elif else enable end esac",
    "eval exec exit export false fc fg fi float for foreach function functions getopts hash help history",
    "if in integer jobs kill let limit local logout mapfile nocorrect noglob popd print printf pushd pwd",
    "r read readarray readonly rehash repeat return select set setopt shift shopt source suspend test",
    "then time times trap true type typeset ulimit umask unalias unset unsetopt until wait whence where",
    "which while zmodload",
  ]
    .join(" ")
    .split(" "),
);

/** The words of one simple command, or null when the text is, or may be, anything else. */
function wordsOf(text: string): readonly Word[] | null {
  const words: Word[] = [];
  const end = text.trimEnd().length;
  let at = 0;
  let isTarget = false;
  while (at < end) {
    const blank = /^(?:[ \t]|\\\n)+/.exec(text.slice(at, end));
    if (blank !== null) {
      at += blank[0].length;
      continue;
    }
    const redirection = /^[0-9]*(?:<>|>>|>\||[<>]&|[<>])(?![<(&>|])/.exec(text.slice(at, end));
    if (redirection !== null) {
      if (isTarget) return null;
      at += redirection[0].length;
      isTarget = true;
      continue;
    }
    const word = wordAt(text, at, end);
    if (word === null) return null;
    if (!isTarget) words.push(word);
    isTarget = false;
    at += word.raw.length;
  }
  return isTarget ? null : words;
}

/** `$NAME`, `$1`, `${NAME}` and `${NAME:-default}` with a default free of anything special. */
const PARAMETER = String.raw`\$(?:\{[A-Za-z0-9_]+(?::?[-+=?][A-Za-z0-9_./:@%,-]*)?\}|[A-Za-z0-9_@*#?])`;

/** The pieces that a word is made of; whatever matches none of them makes the text no simple command. */
const PIECES: readonly { readonly kind: Piece; readonly pattern: RegExp }[] = [
  { kind: "nothing", pattern: /\\\n/y },
  { kind: "escaped", pattern: /\\([^\n])/y },
  { kind: "single", pattern: /'([^']*)'/y },
  // Double quotes without a command inside them.
  {
    kind: "double",
    pattern: new RegExp(String.raw`"((?:[^"\\\`$]|\\.|\\\n|${PARAMETER})*)"`, "y"),
  },
  { kind: "variable", pattern: new RegExp(PARAMETER, "y") },
  { kind: "glob", pattern: /[*?[\]{}]/y },
  { kind: "text", pattern: /[^\s\\'"`$*?[\]{}<>|&;()]+/y },
];

type Piece = "nothing" | "escaped" | "single" | "double" | "variable" | "glob" | "text";

function wordAt(text: string, start: number, end: number): Word | null {
  // At the beginning of a word it would be a comment.
  if (text[start] === "#") return null;
  let [at, plain, expands, globs] = [start, "", false, false];
  while (at < end && !/[ \t<>]/.test(text.charAt(at))) {
    const piece = pieceAt(text, at);
    if (piece === null) return null;
    at += piece.length;
    plain += piece.plain;
    expands ||= piece.kind === "variable" || (piece.kind === "double" && piece.plain.includes("$"));
    globs ||= piece.kind === "glob";
  }
  return at === start ? null : { start, raw: text.slice(start, at), plain, expands, globs };
}

function pieceAt(text: string, at: number) {
  for (const { kind, pattern } of PIECES) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) continue;
    const plain = kind === "nothing" ? "" : (match[1] ?? match[0]);
    return { kind, plain, length: match[0].length };
  }
  return null;
}
