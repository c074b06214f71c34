import { createHash } from "node:crypto";
import type { InstanceId } from "../core/observed.ts";
import { INSTANCE_MARK, type ServiceSpec } from "../core/spec.ts";
import type { ProjectPaths } from "../paths.ts";
import { type Account, accountEnvironment } from "./account.ts";

export interface EnvironmentFacts {
  readonly id: InstanceId;
  readonly projectId: string;
  readonly socketPath: string;
  readonly port: number | null;
  /** Whom it runs as, where that is not whom we run as. */
  readonly account: Account | null;
  /** What readiness by notify or message needs. */
  readonly extra: Readonly<Record<string, string>>;
}

/** The whole environment of a program: what the file and the ambient shell give, and what procs adds. */
export function programEnvironment(
  spec: ServiceSpec,
  facts: EnvironmentFacts,
): Readonly<Record<string, string>> {
  const { id, port, account } = facts;
  const env: Record<string, string> = {
    ...spec.inherited,
    ...(account === null ? {} : accountEnvironment(account)),
    // Shells and tools believe PWD, and the inherited one is the folder of another shell.
    PWD: spec.cwd,
  };
  for (const [name, value] of Object.entries(spec.env)) env[name] = fillText(value, id.slot);
  env.PROCS = "1";
  env.PROCS_SERVICE = id.service;
  env.PROCS_INSTANCE = String(id.slot);
  env.PROCS_SOCKET = facts.socketPath;
  env.PROCS_ID = markOf(facts.projectId, id);
  if (port !== null) env.PORT = String(port);
  return { ...env, ...withNodeOptions(env, facts.extra) };
}

/**
 * What the processes of a project carry. Not only of its folder: another user's project of the same folder
 * is not ours to end, and is told apart by where its state is kept.
 */
export function projectMark(paths: ProjectPaths): string {
  const state = createHash("sha256").update(paths.state).digest("hex").slice(0, 8);
  return `${paths.id}-${state}`;
}

/** Names a run on this machine: everything it starts carries this in its environment. */
export function markOf(projectId: string, id: InstanceId): string {
  return `${projectId}:${id.service}.${id.slot}.${id.run}`;
}

/** The run that a mark names, or null for one of another project. */
export function readMark(projectId: string, mark: string): InstanceId | null {
  if (!mark.startsWith(`${projectId}:`)) return null;
  const [, service, slot, run] =
    /^(.+)\.(\d+)\.(\d+)$/.exec(mark.slice(projectId.length + 1)) ?? [];
  return service === undefined ? null : { service, slot: Number(slot), run: Number(run) };
}

/** Puts the instance's number where the file says `${procs.instance}`. */
export function fillCommand(
  command: string | readonly string[],
  slot: number,
): string | readonly string[] {
  if (typeof command === "string") return fillText(command, slot);
  return command.map((word) => fillText(word, slot));
}

function fillText(text: string, slot: number): string {
  return text.replaceAll(INSTANCE_MARK, String(slot));
}

/** NODE_OPTIONS is a list: ours goes in front of what the service has. */
function withNodeOptions(
  env: Readonly<Record<string, string>>,
  extra: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (extra.NODE_OPTIONS === undefined || env.NODE_OPTIONS === undefined) return extra;
  return { ...extra, NODE_OPTIONS: `${extra.NODE_OPTIONS} ${env.NODE_OPTIONS}` };
}
