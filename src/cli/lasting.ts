import type { ResultItem } from "../control/protocol.ts";
import type { Diagnostic } from "../errors.ts";
import type { Context } from "./context.ts";
import { errorObject, renderDiagnostics } from "./report.ts";

/** Says, with a code of its own, what could not be ended: nobody should have to find that in a table. */
export async function reportLasting(context: Context, result: ResultItem): Promise<void> {
  const diagnostics = lastingProblems(result);
  if (diagnostics.length === 0) return;
  if (context.err.mode === "json") {
    for (const diagnostic of diagnostics) context.err.json(errorObject(diagnostic));
  } else {
    context.err.write(await renderDiagnostics(diagnostics, context.err));
  }
}

function lastingProblems(result: ResultItem): readonly Diagnostic[] {
  return result.services
    .filter(({ outcome }) => outcome === "lasting")
    .map(({ name, detail }) => ({
      code: "P614",
      severity: "error",
      message: `${name} ${detail ?? "cannot be ended"}`,
      help: ["procs goes on trying, and starts nothing in its place before it is gone"],
    }));
}
