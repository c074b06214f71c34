import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { call } from "../control/client.ts";
import type { ProjectReply, VersionReply } from "../control/protocol.ts";
import { EXIT, userError } from "../errors.ts";
import { projectPaths, runtimeRoot } from "../paths.ts";
import type { Env } from "./context.ts";
import type { Place } from "./project.ts";
import { suggest } from "./suggest.ts";

/** The running project of this name. Throws P606 (exit 4) when there is none, or more than one. */
export async function findRunning(name: string, env: Env): Promise<Place> {
  const all = await runningProjects(env);
  const found = all.filter((one) => one.project === name);
  const [first, second] = found;
  if (first !== undefined && second === undefined) {
    const file = await fileOf(first, env);
    return { files: file === null ? [] : [file], folder: first.folder };
  }
  if (first !== undefined) {
    const folders = found.map((one) => one.folder).join(", ");
    throw userError(EXIT.supervisor, "P606", `more than one running project is called "${name}"`, {
      help: [`say which by its folder, procs -C FOLDER: ${folders}`],
    });
  }
  const names = all.map((one) => one.project);
  const near = suggest(name, names);
  const known = names.length === 0 ? "no project runs" : `these run: ${names.join(", ")}`;
  throw userError(EXIT.supervisor, "P606", `no running project is called "${name}"`, {
    help: [near === null ? known : `a project with a similar name runs: ${near}`],
  });
}

/** The first file it was started with; null when that is gone. */
async function fileOf(running: VersionReply, env: Env): Promise<string | null> {
  const { socket } = projectPaths(running.folder, env, process.getuid?.() ?? 0);
  // As below: protocol.ts says what is answered.
  const reply = (await call({ socket, method: "GET", path: "/v1/project" })) as ProjectReply | null;
  const file = reply?.project?.file;
  return file !== undefined && existsSync(file) ? file : null;
}

/** Asks every socket in the user's runtime folder; those that nobody listens to are left out. */
async function runningProjects(env: Env): Promise<readonly VersionReply[]> {
  const root = runtimeRoot(env, process.getuid?.() ?? 0);
  const replies = await Promise.all(
    folders(root).map((id) =>
      call({ socket: join(root, id, "sock"), method: "GET", path: "/v1/version" }).catch(
        () => null,
      ),
    ),
  );
  // The socket is in a folder that is ours alone, and `version` has kept its form since the first release.
  return (replies as readonly (VersionReply | null)[]).filter((reply) => reply !== null);
}

function folders(root: string): readonly string[] {
  try {
    return readdirSync(root);
  } catch {
    return [];
  }
}
