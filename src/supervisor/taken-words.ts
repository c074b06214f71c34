import { homedir, userInfo } from "node:os";
import type { Millis, Source } from "../core/spec.ts";
import { roundDuration } from "../core/units.ts";
import type { Diagnostic } from "../errors.ts";
import type { Holder } from "../host/holder.ts";
import type { Taken } from "../host/holders.ts";

export interface TakenPlace {
  /** Of the service: a path below it is shown as seen from there. */
  readonly cwd: string;
  /** Where the file says that it listens. */
  readonly source: Source | null;
  /** Wall time. */
  readonly now: Millis;
}

/** P301, or P304 where procs may not bind it: what a person is told, with who has it and what to do. */
export function takenProblem(taken: Taken, place: TakenPlace): Diagnostic {
  const { service, reason, holder } = taken;
  const address = shown(taken.address, place.cwd);
  const at = place.source === null ? {} : { file: place.source.file, line: place.source.line };
  if (/^not ours to bind/.test(reason)) return denied(taken, place);
  if (holder === null && !/^taken/.test(reason)) {
    const message = `${service} cannot listen on ${address}: it is ${reason}`;
    return { code: "P301", severity: "error", message, ...at, help: [elsewhere(place)] };
  }
  return {
    ...{ code: "P301", severity: "error" },
    message: `${service} cannot listen on ${address}, it is taken`,
    ...at,
    facts:
      holder === null
        ? [{ label: "held by", text: reason.replace(/^taken by /, "") }]
        : factsOf(holder, place),
    help: [holder === null ? find(taken.address) : ending(holder), elsewhere(place)],
  };
}

function factsOf(holder: Holder, { now }: TakenPlace) {
  const { pid, command, user, startedAt, cwd, project } = holder;
  const facts = [
    `pid ${pid}`,
    ...(user === null ? [] : [`user ${user}`]),
    ...(startedAt === null ? [] : [`for ${roundDuration(Math.max(1000, now - startedAt))}`]),
  ].join(", ");
  const first = { label: "held by", text: `${command ?? "a process"}   ${facts}` };
  if (project !== null) {
    const whose = `${project.service ?? "a service"} of the project in ${tilde(project.folder)}`;
    return [first, { label: "", text: whose }];
  }
  return cwd === null ? [first] : [first, { label: "", text: `started in ${tilde(cwd)}` }];
}

function ending({ pid, project }: Holder): string {
  if (project === null) return `stop it: kill ${pid}`;
  const { folder, service } = project;
  return `stop it: cd ${tilde(folder)} && procs ${service === null ? "down" : `stop ${service}`}`;
}

/** Its owner alone, and root, may see which process it is. */
function find(address: string): string {
  const port = /:(\d+)$/.exec(address)?.[1];
  return `see which process it is: sudo lsof ${port === undefined ? address : `-i :${port}`}`;
}

function elsewhere({ source }: TakenPlace): string {
  const where = source === null ? "listen" : `listen in ${source.file}:${source.line}`;
  return `or listen elsewhere: ${where}, then give this command again`;
}

function denied(taken: Taken, { source, cwd }: TakenPlace): Diagnostic {
  const { service } = taken;
  const address = shown(taken.address, cwd);
  const at = source === null ? {} : { file: source.file, line: source.line };
  const port = /:(\d+)$/.exec(taken.address)?.[1];
  return {
    ...{ code: "P304", severity: "error" },
    message: `${service} may not listen on ${address}`,
    ...at,
    notes: [`ports below 1024 need a privilege; procs runs as ${userInfo().username}`],
    help: [
      "use 8080 behind a proxy, or allow it until the next boot:\n" +
        `sudo sysctl net.ipv4.ip_unprivileged_port_start=${port ?? 80}`,
    ],
  };
}

function shown(address: string, cwd: string): string {
  return address.startsWith(`${cwd}/`) ? `.${address.slice(cwd.length)}` : address;
}

function tilde(path: string): string {
  const home = homedir();
  if (path === home) return "~";
  return home !== "/" && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
