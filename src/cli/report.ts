import { type Diagnostic, EXIT, UserError } from "../errors.ts";
import type { Context } from "./context.ts";
import type { Output } from "./output.ts";

export const PROBLEMS_MAX = 20;

/** Says what went wrong and gives the exit code. A user's error has no stack; anything else is ours. */
export async function report(
  error: unknown,
  context: Context,
  argv: readonly string[],
): Promise<number> {
  if (!(error instanceof UserError)) return reportBug(error, context, argv);
  if (context.err.mode === "json") {
    for (const diagnostic of error.diagnostics) context.err.json(errorObject(diagnostic));
  } else {
    context.err.write(await renderDiagnostics(error.diagnostics, context.err));
  }
  if (context.env.PROCS_LOG === "debug") context.err.line(error.stack ?? "");
  return error.exitCode;
}

/** At most 20 problems, with a line that counts the rest. */
export async function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  output: Output,
): Promise<string> {
  const { renderDiagnostic } = await import("../config/diagnostic.ts");
  const settings = { color: output.paint.on, ascii: output.ascii, columns: output.columns };
  const shown = diagnostics.slice(0, PROBLEMS_MAX);
  const blocks = shown.map((d) => `${renderDiagnostic(d, settings).trimEnd()}\n`);
  const more = diagnostics.length - shown.length;
  return blocks.join("\n") + (more > 0 ? `\nand ${more} more\n` : "");
}

/** The JSON form of one problem, on stderr with --json. */
export function errorObject(diagnostic: Diagnostic): Record<string, unknown> {
  const { lines: _lines, ...shown } = diagnostic;
  return { v: 1, kind: "error", ...shown };
}

async function reportBug(
  error: unknown,
  context: Context,
  argv: readonly string[],
): Promise<number> {
  const problem = error instanceof Error ? error : new Error(String(error));
  const saved = await saveReport(problem, context, argv);
  const message = `this is a bug in procs: ${problem.message.split("\n")[0] ?? ""}`;
  const help = saved === null ? [] : [`a report was saved, to send with the bug: ${saved}`];
  if (context.err.mode === "json") {
    context.err.json({ v: 1, kind: "error", code: "P699", message, help });
  } else {
    const { paint } = context.err;
    context.err.line(`${paint.bold(paint.red("error[P699]"))}: ${message}`);
    for (const line of help) context.err.line(`  help: ${line}`);
  }
  if (context.env.PROCS_LOG === "debug") context.err.line(problem.stack ?? "");
  return EXIT.failed;
}

/** The path of the file, or null where nothing can be written: that must not hide the bug itself. */
async function saveReport(
  problem: Error,
  context: Context,
  argv: readonly string[],
): Promise<string | null> {
  try {
    const [{ mkdirSync, writeFileSync }, { join }, { stateRoot }, { VERSION }] = await Promise.all([
      import("node:fs"),
      import("node:path"),
      import("../paths.ts"),
      import("../version.ts"),
    ]);
    const folder = join(stateRoot(context.env), "reports");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const time = new Date(context.now()).toISOString();
    const file = join(folder, `bug-${time.replaceAll(/[:.]/g, "-")}.txt`);
    // The words of the command line may hold secrets after `--`, so only what comes before is kept.
    const end = argv.indexOf("--");
    const words = (end === -1 ? argv : argv.slice(0, end)).join(" ");
    const about = `procs ${VERSION}, node ${process.version}, ${process.platform} ${process.arch}`;
    const text = `${about}\n${time}\nprocs ${words}\n\n${problem.stack ?? problem.message}\n`;
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  } catch {
    return null;
  }
}
