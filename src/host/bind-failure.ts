import { addressText } from "../core/address.ts";
import type { ListenAddress } from "../core/spec.ts";
import { findTaken, type OwnView, type Taken, type Wanted } from "./holders.ts";
import { hostDigits, isOverlapping } from "./net-table.ts";
import { SocketError } from "./raw-sockets.ts";
import { socketWords } from "./socket-words.ts";

/** Why a bind failed, and whose fault it is. */
export interface BindFailure {
  readonly taken: Taken;
  /** stranger: nothing that this project ends will free it. runs: its own runs have it. held: procs itself has. */
  readonly by: "stranger" | "runs" | "held";
}

export interface HeldView extends OwnView {
  readonly held: readonly { readonly address: ListenAddress; readonly fd: number }[];
}

/** To be asked right after the bind failed: who is in the way may go at any time. */
export function explainFailure(wanted: Wanted, error: unknown, own: HeldView): BindFailure {
  const { service, address } = wanted;
  const at = { service, address: addressText(address), holder: null };
  const isBusy = error instanceof SocketError && error.code === "EADDRINUSE";
  if (!isBusy) {
    return { taken: { ...at, reason: socketWords(error, address) }, by: "stranger" };
  }
  const [found] = findTaken([wanted], own, "any");
  if (found !== undefined) return { taken: found, by: found.isOurs === true ? "runs" : "stranger" };
  const near = own.held.find((held) => isInWay(held.address, address));
  if (near !== undefined) {
    const reason = `taken by procs itself, for ${addressText(near.address)} of this project`;
    return { taken: { ...at, reason }, by: "held" };
  }
  return { taken: { ...at, reason: socketWords(error, address) }, by: "stranger" };
}

function isInWay(held: ListenAddress, address: ListenAddress): boolean {
  if (held.kind === "unix" || address.kind === "unix" || held.port !== address.port) return false;
  return isOverlapping(hostDigits(held.host ?? "::"), hostDigits(address.host ?? "::"));
}
