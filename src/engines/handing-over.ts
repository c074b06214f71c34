import { readFileSync } from "node:fs";
import { call } from "../control/client.ts";
import type { HandoverRequest, VersionReply } from "../control/protocol.ts";
import { EXIT, UserError, userError } from "../errors.ts";
import type { LocalEngineOptions } from "./local.ts";
import { findAnswer, goneForGood } from "./returning.ts";
import type { Way } from "./way.ts";

/** How long a supervisor may take to be replaced by one that answers. */
const HANDED_MS_MAX = 20_000;
const LOOK_EVERY_MS = 25;

/** Asks the supervisor to leave for another one, and waits for that. Null: nothing runs. */
export async function handOver(
  way: Way,
  options: LocalEngineOptions,
  to: "same" | "ours",
): Promise<VersionReply | null> {
  const before = await ask(way);
  if (before === null) return null;
  const request: HandoverRequest = {
    guardian: to === "same" ? null : await ourGuardian(way, options),
  };
  try {
    await findAnswer(way, (base) =>
      call({ ...base, method: "POST", path: "/v1/handover", body: request }),
    );
  } catch (error) {
    if (!isUnknownRoute(error)) throw error;
    await killOldOne(way, before);
  }
  return another(way, before.pid);
}

function ask(way: Way): Promise<VersionReply | null> {
  return findAnswer(way, async (base) => {
    // The server is of this package, behind a socket of this user: what it answers is what protocol.ts says.
    return (await call({ ...base, method: "GET", path: "/v1/version" })) as VersionReply | null;
  });
}

async function ourGuardian({ paths }: Way, options: LocalEngineOptions) {
  const { ownGuardian } = await import("../supervisor/launch.ts");
  return ownGuardian({ paths, env: options.env ?? process.env, entry: options.entry ?? null });
}

async function another(way: Way, pid: number): Promise<VersionReply> {
  const until = performance.now() + HANDED_MS_MAX;
  while (performance.now() < until) {
    const now = await ask(way);
    if (now !== null && now.pid !== pid) return now;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw goneForGood(way.paths);
}

function isUnknownRoute(error: unknown): boolean {
  return error instanceof UserError && error.diagnostics[0]?.code === "P608";
}

/**
 * The versions before handovers know no other way than to be killed, which harms nothing that runs. Throws P602 when
 * the process is not what it says it is.
 */
async function killOldOne(way: Way, { pid }: VersionReply): Promise<void> {
  const { folder } = way.paths;
  const words = read(`/proc/${pid}/cmdline`).split("\0");
  const at = words.findIndex((word) => word.endsWith("/supervisor/main.js"));
  if (at < 0 || words[at + 1] !== folder) {
    const what = `process ${pid} is not the supervisor of this project, as far as can be seen`;
    throw userError(EXIT.supervisor, "P602", what, {
      help: ["procs down, then procs up    runs it under the procs you called"],
    });
  }
  process.kill(pid, "SIGKILL");
  while (read(`/proc/${pid}/cmdline`) !== "") {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  await way.launch();
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
