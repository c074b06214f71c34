import type { VersionReply } from "../../control/protocol.ts";
import { PROTOCOL } from "../../control/protocol.ts";
import { EXIT, UserError } from "../../errors.ts";
import { VERSION } from "../../version.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";

export async function run(context: Context, _args: ParsedArgs): Promise<number> {
  const supervisor = await runningSupervisor(context);
  const { out } = context;
  if (out.mode === "json") {
    out.json({
      v: 1,
      kind: "version",
      version: VERSION,
      protocol: PROTOCOL,
      node: process.versions.node,
      supervisor,
    });
    return EXIT.ok;
  }
  if (out.mode === "plain") {
    out.line(VERSION);
    return EXIT.ok;
  }
  out.line(`procs ${VERSION}, node ${process.versions.node}`);
  if (supervisor !== null) {
    out.line(`supervisor of ${supervisor.project}: ${supervisor.version}, pid ${supervisor.pid}`);
    if (supervisor.version !== VERSION) {
      context.hint("another version: procs daemon upgrade, and this one takes over what runs");
    }
  }
  return EXIT.ok;
}

/** null: no project here, or it does not run. The version must come out whatever the rest is like. */
async function runningSupervisor(context: Context): Promise<VersionReply | null> {
  try {
    return await (await context.engine()).version();
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}
