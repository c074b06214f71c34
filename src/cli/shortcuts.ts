/** What a line typed into an attached `up` means. */
export type Shortcut =
  /** Enter alone: a gap between lines, or the end of a grep. */
  | { readonly kind: "gap" }
  | { readonly kind: "help" }
  | { readonly kind: "detach" }
  | { readonly kind: "quit" }
  /** Only these services' logs from now on; none: all. */
  | { readonly kind: "only"; readonly words: readonly string[] }
  /** Only lines that contain the text from now on; empty: all. */
  | { readonly kind: "grep"; readonly text: string }
  /** A command of procs, run as if typed into a shell. */
  | { readonly kind: "command"; readonly argv: readonly string[] }
  | { readonly kind: "unclear"; readonly message: string };

/** Reads one typed line. One letter is a shortcut, anything else is a command without `procs`. */
export function readShortcut(line: string): Shortcut {
  const text = line.trim();
  if (text === "") return { kind: "gap" };
  if (text.startsWith("/")) return { kind: "grep", text: text.slice(1) };
  const words = splitWords(text);
  if (words === null) return { kind: "unclear", message: "a quote is not closed" };
  const [first = "", ...rest] = words;
  switch (first) {
    case "h":
    case "?":
    case "help":
      return rest.length === 0 ? { kind: "help" } : command(words);
    case "d":
      return alone("detach", rest) ?? command(words);
    case "q":
      return alone("quit", rest) ?? command(words);
    case "l":
      return { kind: "only", words: rest.includes("all") ? [] : rest };
    case "p":
      return command(["ps", ...rest]);
    case "r":
      return command(["restart", ...rest]);
    case "R":
      return command(["reload", ...rest]);
    default:
      return command(first === "procs" ? rest : words);
  }
}

/** The help of `h`, as lines. */
export function shortcutHelp(): readonly string[] {
  return [
    "  r [name]  restart        p       status table     l [name]  only these logs",
    "  R         reload edits   /text   grep from now    l all     all logs again",
    "  d         detach         q       stop all and quit",
    "  or any command: scale api=3, logs worker --previous, plan",
  ];
}

/** Words as a shell would split them, with quotes and backslashes and nothing else; null: an open quote. */
export function splitWords(text: string): readonly string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let index = 0; index < text.length; index++) {
    const letter = text.charAt(index);
    if (quote !== null) {
      if (letter === quote) quote = null;
      else word = (word ?? "") + letter;
    } else if (letter === "'" || letter === '"') {
      quote = letter;
      word ??= "";
    } else if (letter === "\\" && index + 1 < text.length) {
      index++;
      word = (word ?? "") + text.charAt(index);
    } else if (/\s/.test(letter)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? "") + letter;
    }
  }
  if (quote !== null) return null;
  if (word !== null) words.push(word);
  return words;
}

function alone(kind: "detach" | "quit", rest: readonly string[]): Shortcut | null {
  return rest.length === 0 ? { kind } : null;
}

function command(argv: readonly string[]): Shortcut {
  return argv.length === 0 ? { kind: "help" } : { kind: "command", argv };
}
