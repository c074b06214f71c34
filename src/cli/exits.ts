import { EXIT } from "../errors.ts";

const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: "done, or already so (`stop` of a stopped service, `down` when nothing runs)",
  failed: "the operation failed: a service did not start, stop or answer",
  usage: "wrong usage: unknown command or flag, or a question that nobody can answer",
  config: "procs.yaml is not valid: missing, YAML, schema, cycle, undefined variable",
  supervisor: "the supervisor: not running when needed, another version, no permission",
  timeout: "timed out while waiting (--wait-timeout, procs wait)",
  rolledBack: "reload rolled back; the previous version is still serving",
  no: "asked with --exit-code, and the answer is no",
  notExecutable: "run: the command is not executable",
  notFound: "run: there is no such command",
  interrupted: "interrupted: a second Ctrl-C, or Ctrl-C at a question",
  terminated: "ended by SIGTERM",
};

export interface ExitRow {
  readonly code: string;
  readonly meaning: string;
}

/** The exit codes of all commands, in order, for the help and docs/commands.md. */
export function exitRows(): readonly ExitRow[] {
  // The keys of MEANINGS are those of EXIT, by its type.
  const names = Object.keys(MEANINGS) as (keyof typeof EXIT)[];
  const rows = names.map((name) => ({ code: String(EXIT[name]), meaning: MEANINGS[name] }));
  return [
    ...rows,
    { code: "n", meaning: "run: the command's own; 128 + signal when it was killed" },
  ];
}
