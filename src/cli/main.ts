import { EXIT, userError } from "../errors.ts";
import { parsedArgs, type Split, splitArgv } from "./args.ts";
import { type Command, findCommand, GLOBAL_OPTIONS } from "./commands.ts";
import type { Context } from "./context.ts";
import { processContext } from "./create-context.ts";
import { globalsFrom, globalsFromWreck } from "./globals.ts";

/** Runs one command line and ends the program. The only place that catches everything. */
export async function main(argv: readonly string[]): Promise<void> {
  let context: Context | null = null;
  let exitCode: number;
  try {
    refuseWindows(process.platform);
    context = await scriptContext(argv);
    if (context !== null) {
      exitCode = EXIT.usage;
    } else {
      const split = splitArgv(argv, GLOBAL_OPTIONS, findCommand);
      // After an unknown word nothing was read: how to show the answer is all that can be told.
      const isKnown =
        split.word === null || split.word === "help" || findCommand(split.word) !== null;
      const globals = isKnown ? globalsFrom(split) : globalsFromWreck(argv);
      enter(globals.directory);
      context = processContext(globals, process.env);
      exitCode = await runCommand(context, split);
    }
  } catch (error) {
    context ??= processContext(globalsFromWreck(argv), process.env);
    const { report } = await import("./report.ts");
    exitCode = await report(error, context, argv);
  }
  // Pipes may still hold text; ending before it is written would cut the answer.
  await Promise.all([context.out.flushed(), context.err.flushed()]);
  process.exit(exitCode);
}

/** `start app.js -i 4` is answered before its flags are read: they are another tool's. */
async function scriptContext(argv: readonly string[]): Promise<Context | null> {
  if (argv[0] !== "start" || argv.length === 1) return null;
  const { sayForeign, scriptStart } = await import("./foreign.ts");
  const lines = scriptStart(argv);
  if (lines === null) return null;
  const context = processContext(globalsFromWreck(argv), process.env);
  sayForeign(context, lines);
  return context;
}

async function runCommand(context: Context, split: Split): Promise<number> {
  if (split.globals.has("version") && split.word === null) {
    const { VERSION } = await import("../version.ts");
    context.out.line(VERSION);
    return EXIT.ok;
  }
  const command = split.word === null ? null : findCommand(split.word);
  if (split.globals.has("help") || split.word === "help") {
    const { showHelp } = await import("./help.ts");
    return showHelp(context, command, split.word === "help" ? split.rest : null);
  }
  if (split.word === null) {
    const { showHome } = await import("./home.ts");
    return showHome(context);
  }
  if (command === null) {
    const { answerUnknown } = await import("./foreign.ts");
    return answerUnknown(context, split.word, split.rest ?? []);
  }
  const [chosen, args] = oldHabit(command, split);
  const module = await chosen.load();
  return module.run(context, parsedArgs(args, chosen));
}

/** `kill NAME` is a stop with SIGKILL, `kill` alone is `down`, `jlist` is `ps --json` (see globals.ts). */
function oldHabit(command: Command, split: Split): [Command, Split] {
  if (command.name !== "kill") return [command, split];
  const hasNames = split.positionals.length > 0;
  const chosen = findCommand(hasNames ? "stop" : "down") ?? command;
  return [chosen, hasNames ? { ...split, own: new Map([["signal", ["SIGKILL"]]]) } : split];
}

/** Process groups, fifos and sockets passed on are what procs is made of. */
function refuseWindows(platform: string): void {
  if (platform !== "win32") return;
  throw userError(EXIT.usage, "P702", "procs runs on Linux and macOS, not on Windows itself", {
    help: ["use it under WSL2: wsl --install, then install procs in there"],
  });
}

function enter(directory: string | null): void {
  if (directory === null) return;
  try {
    process.chdir(directory);
  } catch {
    throw userError(EXIT.usage, "P807", `there is no folder "${directory}" to start in`);
  }
}
