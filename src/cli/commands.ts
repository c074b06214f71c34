import type { ParsedArgs } from "./args.ts";
import { CONFIGURE } from "./catalog/configure.ts";
import { EVERYDAY } from "./catalog/everyday.ts";
import { INSPECT } from "./catalog/inspect.ts";
import { INTERACT } from "./catalog/interact.ts";
import { MACHINE } from "./catalog/machine.ts";
import type { Context } from "./context.ts";

/** One command as data: help, docs and completion are made from it, and argv is read against it. */
export interface Command {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly group: Group;
  /** One line, a verb first, no full stop. */
  readonly summary: string;
  /** What follows the name: `[SERVICE…] [--full]`. */
  readonly usage: string;
  readonly options: readonly Option[];
  readonly examples: readonly Example[];
  /** A few sentences for `-h` and the docs: what is not obvious. */
  readonly notes: readonly string[];
  /** Exit codes that it can end with, besides 2. */
  readonly exits: readonly number[];
  /** After this many words everything belongs to the program that is run: `run api npm test -- --watch`. */
  readonly passThrough?: number;
  /** It takes no services; who names some means this other command. */
  readonly withNames?: string;
  /** Not in the help: an old habit that is still answered. */
  readonly hidden?: boolean;
  readonly load: () => Promise<CommandModule>;
}

/** What a file in commands/ exports: the exit code comes back, the text goes out through the context. */
export interface CommandModule {
  run(context: Context, args: ParsedArgs): Promise<number>;
}

export interface Option {
  /** The long form without dashes; also the key in ParsedArgs. */
  readonly name: string;
  readonly short?: string;
  /** The placeholder of its value, `60s`; absent: a flag. */
  readonly value?: string;
  /** The value may be left out, and is only taken after `=`. */
  readonly optionalValue?: boolean;
  /** Other long forms, from other tools. */
  readonly alsoLong?: readonly string[];
  readonly summary: string;
  readonly hidden?: boolean;
}

export interface Example {
  readonly line: string;
  readonly what: string;
}

export type Group = "Everyday" | "Inspect" | "Interact" | "Configure" | "Machine";

export const GROUPS: readonly Group[] = ["Everyday", "Inspect", "Interact", "Configure", "Machine"];

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [
  ...EVERYDAY,
  ...INSPECT,
  ...INTERACT,
  ...CONFIGURE,
  ...MACHINE,
];

/** Accepted before or after the command. A command's own option of the same letter goes first. */
export const GLOBAL_OPTIONS: readonly Option[] = [
  { name: "file", short: "f", value: "FILE", summary: "use this file; repeatable, later wins" },
  { name: "project", short: "p", value: "NAME", summary: "a running project, from anywhere" },
  { name: "directory", short: "C", value: "DIR", summary: "as if started in this folder" },
  { name: "profile", value: "NAME", summary: "also the services of this profile; repeatable" },
  { name: "json", summary: "versioned JSON on stdout, one object, or one a line for streams" },
  { name: "fields", value: "A,B", summary: "only these columns or JSON fields" },
  { name: "plain", summary: "as when piped: tab-separated, no colour, no hints" },
  {
    name: "color",
    value: "WHEN",
    alsoLong: ["colour"],
    summary: "auto, always or never (also NO_COLOR, FORCE_COLOR)",
  },
  { name: "no-color", alsoLong: ["no-colour"], summary: "--color never", hidden: true },
  { name: "ascii", summary: "no symbols beyond ASCII" },
  { name: "quiet", short: "q", summary: "answers and errors only" },
  { name: "verbose", short: "v", summary: "what procs decides, on stderr" },
  { name: "yes", short: "y", summary: "answer yes to every question" },
  { name: "help", short: "h", summary: "help, for procs or for one command" },
  { name: "version", short: "V", summary: "the version of procs" },
];

/** By name or alias; null when there is none. */
export function findCommand(word: string): Command | null {
  return COMMANDS.find((c) => c.name === word || c.aliases.includes(word)) ?? null;
}
