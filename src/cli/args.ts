import { EXIT, type UserError, userError } from "../errors.ts";
import type { Command, Option } from "./commands.ts";
import { suggest } from "./suggest.ts";

/**
 * The command line, read against the command table. Written here rather than imported: commander
 * costs 18 ms of the 45 ms that `procs ps` may take beyond Node itself, and the table has to exist
 * as data anyway, for the help, the docs and the completion.
 */
export interface ParsedArgs {
  /** The word that the user typed: the command's name or an alias. */
  readonly invokedAs: string;
  readonly positionals: readonly string[];
  /** For a command that runs a program: what follows `--`; null when there was none. */
  readonly rest: readonly string[] | null;
  /** Whether a flag was given. */
  flag(name: string): boolean;
  /** The value of an option, the last one when repeated; null when it was not given. */
  text(name: string): string | null;
  /** All values of a repeatable option, in order. */
  list(name: string): readonly string[];
  /** `300ms`, `10s`, `5m`, `1h30m`, or a bare number of seconds; null when not given. Throws P803. */
  durationMs(name: string): number | null;
  /** A whole number; null when not given. Throws P803. */
  count(name: string): number | null;
  /** P803, exit 2, with the command's help: for a command that finds its words do not fit. */
  wrongUse(message: string): UserError;
}

export type Values = ReadonlyMap<string, readonly string[]>;

/** Splits argv into global values, the command word, and what belongs to the command. */
export interface Split {
  readonly word: string | null;
  readonly globals: Values;
  readonly own: Values;
  readonly positionals: readonly string[];
  readonly rest: readonly string[] | null;
}

/** `find` is asked once, for the first word that is not a flag; its options then come before the global ones. */
export function splitArgv(
  argv: readonly string[],
  globalOptions: readonly Option[],
  find: (word: string) => Command | null,
): Split {
  const reading: Reading = {
    argv,
    globalOptions,
    index: 0,
    command: null,
    globals: new Map(),
    own: new Map(),
  };
  const { globals, own } = reading;
  const positionals: string[] = [];
  let word: string | null = null;
  const end = (rest: readonly string[] | null): Split => ({
    ...{ word, globals, own, positionals, rest },
  });

  for (; reading.index < argv.length; reading.index += 1) {
    const argument = argv[reading.index] ?? "";
    const after = argv.slice(reading.index + 1);
    if (argument === "--") return end(after);
    if (argument.startsWith("--")) {
      readLong(reading, argument);
    } else if (/^-[^\d]/.test(argument)) {
      readLetters(reading, argument);
    } else if (word === null) {
      word = argument;
      reading.command = find(argument);
      if (reading.command === null) return end(after);
    } else {
      positionals.push(argument);
      if (reading.command?.passThrough === positionals.length) return end(dropDashes(after));
    }
  }
  return end(null);
}

/** Where the reading of argv stands. */
interface Reading {
  readonly argv: readonly string[];
  readonly globalOptions: readonly Option[];
  index: number;
  command: Command | null;
  readonly globals: Map<string, string[]>;
  readonly own: Map<string, string[]>;
}

function readLong(reading: Reading, argument: string): void {
  const [name, inline] = cut(argument.slice(2));
  const found = lookUp(reading, (o) => o.name === name || (o.alsoLong ?? []).includes(name));
  if (found === null) throw unknownOption(`--${name}`, reading.command, reading.globalOptions);
  take(reading, found, inline, `--${name}`);
}

/** A cluster of one-letter flags; the first that takes a value takes what is left. */
function readLetters(reading: Reading, argument: string): void {
  for (let at = 1; at < argument.length; at += 1) {
    const letter = argument[at] ?? "";
    const found = lookUp(reading, (o) => o.short === letter);
    if (found === null) throw unknownOption(`-${letter}`, reading.command, reading.globalOptions);
    const left = argument.slice(at + 1).replace(/^=/, "");
    const takesLeft = found.option.value !== undefined && left !== "";
    take(reading, found, takesLeft ? left : null, `-${letter}`);
    if (takesLeft) return;
  }
}

interface Found {
  readonly option: Option;
  readonly into: Map<string, string[]>;
}

function lookUp(reading: Reading, test: (option: Option) => boolean): Found | null {
  const own = reading.command?.options.find(test);
  if (own !== undefined) return { option: own, into: reading.own };
  const global = reading.globalOptions.find(test);
  return global === undefined ? null : { option: global, into: reading.globals };
}

/** Stores an option with its value, which may be the next word. */
function take(reading: Reading, found: Found, inline: string | null, spelled: string): void {
  const { option, into } = found;
  const value = inline ?? nextValue(reading, option, spelled);
  if (option.value === undefined && inline !== null) {
    throw wrongUse(`${spelled} takes no value`, reading.command);
  }
  into.set(option.name, [...(into.get(option.name) ?? []), value]);
}

function nextValue(reading: Reading, option: Option, spelled: string): string {
  if (option.value === undefined || option.optionalValue === true) return "";
  const next = reading.argv[reading.index + 1];
  if (next === undefined || next === "--") {
    throw wrongUse(`${spelled} needs a value: ${spelled} ${option.value}`, reading.command);
  }
  reading.index += 1;
  return next;
}

export function parsedArgs(split: Split, command: Command): ParsedArgs {
  const values = (name: string): readonly string[] => split.own.get(name) ?? [];
  const last = (name: string): string | null => values(name).at(-1) ?? null;
  const isForProgram = command.passThrough !== undefined;
  const positionals = isForProgram
    ? split.positionals
    : [...split.positionals, ...(split.rest ?? [])];
  refuseTooMany(positionals, command);
  return {
    wrongUse: (message) => wrongUse(message, command),
    invokedAs: split.word ?? command.name,
    positionals,
    rest: isForProgram ? split.rest : null,
    flag: (name) => split.own.has(name),
    text: last,
    list: values,
    durationMs: (name) => {
      const text = last(name);
      if (text === null) return null;
      const millis = parseDuration(text);
      if (millis === null) {
        throw wrongUse(`--${name} must be a duration such as 500ms, 10s or 5m`, command);
      }
      return millis;
    },
    count: (name) => {
      const text = last(name);
      if (text === null) return null;
      if (!/^\d{1,9}$/.test(text)) throw wrongUse(`--${name} must be a whole number`, command);
      return Number(text);
    },
  };
}

/** `1h30m`, `10s`, `300ms`, or bare seconds, in milliseconds; null when it is none of these. */
export function parseDuration(text: string): number | null {
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return null;
  const units: Readonly<Record<string, number>> = {
    ms: 1,
    s: 1000,
    m: 60_000,
    h: 3_600_000,
    d: 86_400_000,
  };
  let millis = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    millis += Number(number) * (units[unit ?? ""] ?? 0);
  }
  return Math.round(millis);
}

/** A word that nobody reads must not be passed over: `down api` is not a `down`. */
function refuseTooMany(words: readonly string[], command: Command): void {
  const placeholders = command.usage.split(" ").filter((part) => /^\[?[A-Z]/.test(part));
  if (command.usage.includes("…") || words.length <= placeholders.length) return;
  const extra = words.slice(placeholders.length);
  const { name, withNames } = command;
  if (withNames === undefined) throw wrongUse(`procs ${name} cannot use "${extra[0]}"`, command);
  throw userError(
    EXIT.usage,
    "P803",
    `procs ${name} is for the whole project, and takes no names`,
    {
      help: [`procs ${withNames} ${extra.join(" ")}`],
    },
  );
}

/** P803: the words are known but do not fit together. */
function wrongUse(message: string, command: Command | null) {
  const help = command === null ? ["procs --help"] : [`procs ${command.name} --help`];
  return userError(EXIT.usage, "P803", message, { help });
}

function unknownOption(spelled: string, command: Command | null, globals: readonly Option[]) {
  const options = [...(command?.options ?? []), ...globals].filter((o) => o.hidden !== true);
  const names = options.flatMap((o) => [o.name, ...(o.alsoLong ?? [])]);
  const near = spelled.startsWith("--") ? suggest(spelled.slice(2), names) : null;
  const where = command === null ? "" : ` for procs ${command.name}`;
  return userError(EXIT.usage, "P801", `unknown option "${spelled}"${where}`, {
    help: [
      ...(near === null ? [] : [`an option with a similar name exists: --${near}`]),
      `procs ${command === null ? "" : `${command.name} `}--help`,
    ],
  });
}

function cut(text: string): [string, string | null] {
  const at = text.indexOf("=");
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

function dropDashes(argv: readonly string[]): readonly string[] {
  return argv[0] === "--" ? argv.slice(1) : argv;
}
