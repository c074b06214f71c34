import type { Command } from "../commands.ts";

/** The file itself. */
export const CONFIGURE: readonly Command[] = [
  {
    name: "validate",
    aliases: ["check"],
    group: "Configure",
    summary: "check procs.yaml: every problem at once, with its place",
    usage: "[FILE…] [--strict] [--format github]",
    options: [
      { name: "fix", summary: "replace tabs that indent by spaces" },
      { name: "strict", summary: "warnings fail too" },
      { name: "format", value: "FORMAT", summary: "text, json or github" },
    ],
    examples: [
      { line: "procs validate", what: "exit 0 or 3" },
      { line: "procs validate --format github", what: "as annotations of a workflow" },
    ],
    notes: ["At most 20 problems are shown."],
    exits: [0, 3],
    load: () => import("../commands/validate.ts"),
  },
  {
    name: "config",
    aliases: [],
    group: "Configure",
    summary: "print the resolved file: includes, defaults, variables applied",
    usage: "[SERVICE…] [--origins]",
    options: [
      { name: "origins", summary: "where each line was written, as a comment" },
      { name: "show-values", summary: "also the values of secret-looking names" },
    ],
    examples: [
      { line: "procs config api --origins", what: "what procs understood, and from where" },
    ],
    notes: [],
    exits: [0, 3],
    load: () => import("../commands/config.ts"),
  },
  {
    name: "schema",
    aliases: [],
    group: "Configure",
    summary: "print the JSON Schema of procs.yaml, or of one kind of output",
    usage: "[KIND] [--write]",
    options: [
      { name: "write", summary: "save it beside procs.yaml, and name it there for editors" },
    ],
    examples: [
      { line: "procs schema", what: "for editors" },
      { line: "procs schema ps", what: "of `procs ps --json`" },
    ],
    notes: [
      "Kinds of answers: ps, status, plan, event, log, env, config, why, version, cleared,",
      "daemon, daemon_log, error, diagnostics.",
      "Kinds that end what acts: result, up_result, reload_result, wait.",
    ],
    exits: [0, 2],
    load: () => import("../commands/schema.ts"),
  },
  {
    name: "version",
    aliases: [],
    group: "Configure",
    summary: "the version of procs, and of the supervisor that runs",
    usage: "",
    options: [],
    examples: [{ line: "procs version --json", what: "for programs" }],
    notes: [],
    exits: [0],
    load: () => import("../commands/version.ts"),
  },
];
