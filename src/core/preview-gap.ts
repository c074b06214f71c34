import { listenPort } from "./address.ts";
import type { Fate } from "./fate.ts";
import type { ServiceSpec } from "./spec.ts";

/** Why the old one must have gone before the new one starts. */
export function because(from: ServiceSpec, { reload, port, rollout, listen }: ServiceSpec): string {
  if (from.listen?.mode === "proxy" && listen?.mode !== "proxy") return "its proxy leaves first";
  if (reload === "restart") return "reload is restart";
  if (listen?.wait === true) return "one at a time has the socket (listen.wait)";
  if (typeof from.port === "number" && listen !== null)
    return `what runs holds :${from.port} itself`;
  if (typeof port === "number" && listenPort(from) === port)
    return `procs holds :${port} until then`;
  if (typeof port === "number" && port === from.port) return `it holds :${port} alone`;
  if (rollout.surge === 0) return "rollout.surge is 0";
  return "it may not run twice at once (reload: rolling allows it)";
}

/** The new one starts while the old one is there: whether anybody is ready meanwhile is another question. */
export function mayOverlap(
  from: ServiceSpec,
  { reload, port, rollout, listen }: ServiceSpec,
): boolean {
  if (reload === "restart" || listen?.wait === true || rollout.surge === 0) return false;
  if (typeof port === "number" || (typeof from.port === "number" && listen !== null)) return false;
  return reload === "rolling" || port === "auto" || listen !== null || rollout.surge !== null;
}

/** What accepted for it goes at the begin, whoever is ready behind it. */
export function losesProxy({ from, to }: Fate): boolean {
  return from?.listen?.mode === "proxy" && to?.listen?.mode !== "proxy";
}
