import { findProjectFile } from "../config/find.ts";
import { EXIT } from "../errors.ts";
import { parsedArgs } from "./args.ts";
import { findCommand } from "./commands.ts";
import type { Context } from "./context.ts";

/** `procs` alone: inside a project how it is and six commands, elsewhere four lines. */
export async function showHome(context: Context): Promise<number> {
  const ps = findCommand("ps");
  const isInside =
    context.globals.files.length > 0 ||
    context.globals.project !== null ||
    Boolean(context.env.PROCS_PROJECT) ||
    findProjectFile(context.cwd, context.env) !== null;
  if (!isInside || ps === null) {
    for (const line of OUTSIDE) context.out.line(line);
    return EXIT.ok;
  }
  const { run } = await import("./commands/ps.ts");
  const none = { word: "ps", globals: new Map(), own: new Map(), positionals: [], rest: null };
  const exitCode = await run(context, parsedArgs(none, ps));
  if (context.out.mode === "pretty") {
    context.out.line();
    for (const line of SIX) context.out.line(line);
  }
  return exitCode;
}

const OUTSIDE: readonly string[] = [
  "procs runs what procs.yaml says, and keeps it so. There is none here or above.",
  "A first one:      services: { web: { command: npm run dev } }",
  "Then:             procs up",
  "All commands:     procs --help",
];

const SIX: readonly string[] = [
  "procs up        start everything          procs logs -f    follow the output",
  "procs plan      what an edit would do     procs restart S  restart one service",
  "procs reload    apply the edit            procs down       stop everything",
];
