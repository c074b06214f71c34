import { basename } from "node:path";
import type { ResultItem } from "../control/protocol.ts";
import type { ServiceStatus } from "../control/snapshot.ts";
import type { Project } from "../core/spec.ts";
import type { Context } from "./context.ts";
import { count } from "./format.ts";
import { summary } from "./results.ts";

/** `shop  6 services from procs.yaml`, and a gap. */
export function headingLines(
  project: Pick<Project, "name" | "file">,
  names: readonly string[],
  context: Pick<Context, "err">,
): readonly string[] {
  const services = count(names.length, "service");
  return [
    `${context.err.paint.bold(project.name)}  ${services} from ${basename(project.file)}`,
    "",
  ];
}

/** The line below the block of verdicts; at a terminal it says how to go on. */
export function verdictLines(
  result: ResultItem,
  how: { readonly isTerminal: boolean; readonly own: boolean },
): readonly string[] {
  const leave = how.own ? "Ctrl-C stops all" : "Ctrl-C detaches";
  const help = how.isTerminal ? `  h + Enter for help, ${leave}` : "";
  return ["", `  ${summary(result)}.${help}`, ""];
}

/** `detached; 5 services keep running (procs down stops them)`: one that is idle keeps listening. */
export function detachedWords(
  services: readonly Pick<ServiceStatus, "ready" | "state" | "listens">[],
): string {
  const isUp = ({ ready, state, listens = [] }: (typeof services)[number]) =>
    ready > 0 || (state === "idle" && listens.length > 0);
  const running = services.filter(isUp).length;
  const keep = running === 1 ? "keeps" : "keep";
  const them = running === 1 ? "it" : "them";
  return `detached; ${count(running, "service")} ${keep} running (procs down stops ${them})`;
}
