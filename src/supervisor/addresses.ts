import { RequestError } from "../control/failure.ts";
import { addressText } from "../core/address.ts";
import { type Desired, offReason } from "../core/desired.ts";
import type { Observed } from "../core/observed.ts";
import { EXIT } from "../errors.ts";
import type { Taken, Wanted } from "../host/holders.ts";
import type { RealHost } from "../host/host.ts";
import type { Basis } from "./desire.ts";
import type { Session } from "./session.ts";
import { takenProblem } from "./taken-words.ts";

/** Of the host: what tells who has an address, and binds ahead of what is going to be wanted. */
export type Addresses = Pick<RealHost, "reserve" | "holders">;

/** Which addresses an operation answers for. */
export type Concern = "all" | "new";

/** An operation that is about to aim at something. */
interface Aiming {
  readonly next: Basis;
  readonly release: () => void;
}

/**
 * Binds what is going to be wanted and is not bound yet, before anything else is done, or refuses the whole operation:
 * throws P301 or P304 (exit 1) with who has what, its turn is over, and nothing has been touched. `new`: without what is
 * waited for already.
 */
export function reserve(session: Session, { next, release }: Aiming, concern: Concern): void {
  try {
    reserveAll(session, next, concern);
  } catch (error) {
    release();
    throw error;
  }
}

function reserveAll(session: Session, next: Basis, concern: Concern): void {
  const { addresses, core } = session;
  if (addresses === null) return;
  const missing = unbound(next.desired, core.observed, concern);
  if (missing.length === 0) return;
  const ours = new Set(
    addresses.holders(missing).flatMap((one) => (isOwn(session, one) ? [one.address] : [])),
  );
  // What this project has already, in another way, is freed before it is bound.
  const strange = missing.filter(({ address }) => !ours.has(addressText(address)));
  const taken = addresses.reserve(strange).filter((one) => !isOwn(session, one));
  if (taken.length > 0) throw refusal(next, taken);
}

/** Who has what `next` wants, by address, in words that follow `is`. Only looks. */
export function takenFor(session: Session, next: Basis): Readonly<Record<string, string>> {
  const { addresses, core } = session;
  const missing = unbound(next.desired, core.observed, "all");
  if (addresses === null || missing.length === 0) return {};
  return wordsFor(addresses.holders(missing).filter((one) => !isOwn(session, one)));
}

/** The same for addresses of which nothing is known yet. */
export function wordsFor(taken: readonly Taken[]): Readonly<Record<string, string>> {
  return Object.fromEntries(taken.map(({ address, reason }) => [address, reason]));
}

/** What has to be bound for `desired`. */
export function unbound(
  desired: Desired,
  { sockets }: Observed,
  concern: Concern,
): readonly Wanted[] {
  return [...desired.services.values()].flatMap(({ name, listen }) => {
    // Of a proxied service the proxy has the sockets.
    if (listen === null || listen.mode === "proxy" || offReason(desired, name) !== null) return [];
    const missing = listen.addresses.filter((address) => {
      const text = addressText(address);
      const known = Object.hasOwn(sockets, text) ? sockets[text] : undefined;
      if (known === undefined) return true;
      // Without a reason it is about to be asked for, or was inherited.
      return concern === "all" && known.phase === "failed" && known.detail !== null;
    });
    return missing.map((address) => ({ service: name, address, backlog: listen.backlog }));
  });
}

/** Something of this very project has it. */
function isOwn({ paths }: Session, { isOurs, holder }: Taken): boolean {
  return isOurs === true || holder?.project?.folder === paths.folder;
}

function refusal({ project, desired }: Basis, taken: readonly Taken[]): RequestError {
  const diagnostics = taken.map((one) => {
    const spec = desired.services.get(one.service);
    const service = spec?.helps ?? one.service;
    const source = project?.sources[service]?.listen ?? null;
    return takenProblem({ ...one, service }, { cwd: spec?.cwd ?? "/", source, now: Date.now() });
  });
  const [first] = diagnostics;
  return new RequestError(409, first?.code ?? "P301", first?.message ?? "an address is taken", {
    ...{ exit: EXIT.failed, help: first?.help ?? [], diagnostics },
  });
}
