import { EXIT, userError } from "../errors.ts";
import type { Split } from "./args.ts";
import type { Globals } from "./context.ts";

/** The global flags, typed. Throws P803 (exit 2) for a value that is none of the choices. */
export function globalsFrom(split: Split): Globals {
  const values = split.globals;
  const last = (name: string): string | null => values.get(name)?.at(-1) ?? null;
  const commaList = (name: string): readonly string[] =>
    (values.get(name) ?? []).flatMap((text) => text.split(",")).filter((text) => text !== "");
  const profiles = commaList("profile");
  return {
    files: values.get("file") ?? [],
    project: last("project"),
    directory: last("directory"),
    profiles:
      profiles.length > 0
        ? profiles
        : (process.env.PROCS_PROFILE ?? "").split(",").filter((p) => p !== ""),
    json: values.has("json") || split.word === "jlist" || split.word === "prettylist",
    fields: values.has("fields") ? commaList("fields") : null,
    plain: values.has("plain"),
    color: values.has("no-color") ? "never" : colorFrom(last("color")),
    ascii: values.has("ascii"),
    quiet: values.has("quiet"),
    verbose: values.has("verbose"),
    yes: values.has("yes"),
  };
}

/** What can be told of a command line that could not be read: how to show the error. */
export function globalsFromWreck(argv: readonly string[]): Globals {
  const end = argv.indexOf("--");
  const flags = end === -1 ? argv : argv.slice(0, end);
  return {
    files: [],
    project: null,
    directory: null,
    profiles: [],
    json: flags.includes("--json"),
    fields: null,
    plain: flags.includes("--plain"),
    color: flags.includes("--no-color") || flags.includes("--color=never") ? "never" : null,
    ascii: flags.includes("--ascii"),
    quiet: false,
    verbose: false,
    yes: false,
  };
}

function colorFrom(text: string | null): Globals["color"] {
  if (text === null || text === "auto" || text === "always" || text === "never") return text;
  throw userError(EXIT.usage, "P803", `--color must be auto, always or never, not "${text}"`);
}
