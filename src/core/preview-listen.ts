import { addressText } from "./address.ts";
import type { Fate } from "./fate.ts";
import type { Observed } from "./observed.ts";
import { listensOn, shortAddress, startsOnDemand } from "./socket-words.ts";
import type { ListenAddress, Millis, ServiceSpec } from "./spec.ts";
import { formatDuration, roundDuration } from "./units.ts";

/** Why an address cannot be bound: its text -> `taken by node server.js (pid 2865, user ana)`. */
export type Taken = Readonly<Record<string, string>>;

/** A start without a ready probe is over after a second; an answer later than this is not that of a start. */
const START_MS_MAX = 10_000;

/** `down until it is ready again`, `about 2s of downtime`, `connections wait about 2s, none is refused`. */
export function gapWords(fate: Fate): string {
  if (fate.readyNow === 0) return "it is not ready now";
  const estimate = startMs(fate);
  const about = estimate === null ? null : aboutWords(estimate);
  if (keepsAddress(fate)) {
    return `connections wait ${about ?? "until it is ready again"}, none is refused`;
  }
  return about === null ? "down until it is ready again" : `${about} of downtime`;
}

/** The same without what the clock says: two looks at one world are the same plan. */
export function withoutEstimate(words: string): string {
  return words.replace(/about \S+/, "about");
}

/** `, listens on :8025`; nothing for one that listens by itself. */
export function listenWords(spec: ServiceSpec): string {
  const on = listensOn(spec);
  return on === null ? "" : `, listens on ${on}`;
}

/** `, then :3000 is closed`: what becomes of the sockets of a service that stops. */
export function closeWords(spec: ServiceSpec | undefined): string {
  const on = listensOn(spec ?? null);
  return on === null ? "" : `, then ${on} is closed`;
}

/** The order in which addresses come and go, and how long open connections may go on. */
export function listenNotes(fate: Fate, isReplaced: boolean): readonly string[] {
  const { from, to, running } = fate;
  if (to === null || from === null) return [];
  // What the program itself has bound must go first: that is what its gap says.
  const isHandedOver = typeof from.port === "number" || typeof to.port === "number";
  const [opened, closed] = isHandedOver ? [[], []] : [added(from, to), added(to, from)];
  const notes: string[] = [];
  const steps = [
    opened.length > 0 ? `${opened.join(", ")} is bound first` : null,
    isReplaced && (opened.length > 0 || closed.length > 0) ? "the instances are replaced" : null,
    closed.length > 0 ? `${closed.join(", ")} is closed` : null,
  ].filter((step) => step !== null);
  if (steps.length > 1) notes.push(`${steps.join(", then ")}`);
  const old = running[0]?.applied.listen;
  if (isReplaced && old?.mode === "proxy" && old.drain > 0) {
    notes.push(`open connections may go on for up to ${formatDuration(old.drain)} (listen.drain)`);
  }
  return notes;
}

/** Why a service cannot listen: `:3000 is taken by …`; null: it can, as far as is known. */
export function takenWords(fate: Fate, observed: Observed, taken: Taken): string | null {
  const { to, off } = fate;
  if (to?.listen == null || off !== null) return null;
  for (const address of to.listen.addresses) {
    const text = addressText(address);
    const socket = Object.hasOwn(observed.sockets, text) ? observed.sockets[text] : undefined;
    if (socket?.phase === "bound") continue;
    if (Object.hasOwn(taken, text)) return `${shown(address, to)} is ${taken[text]}`;
    // Without a reason, it was just taken over, and is held or not: nobody has looked yet. Ours is freed first.
    if (socket?.phase !== "failed" || socket.detail === null || socket.ours === true) continue;
    return `${shown(address, to)} is ${socket.detail}`;
  }
  return null;
}

/** In the end it waits for its first connection. */
export function isIdleService({ to, off, kept, replaced, starts, countAfter }: Fate): boolean {
  if (off !== null || countAfter === 0 || !startsOnDemand(to)) return false;
  return kept.length === 0 && replaced.length === 0 && starts.length === 0;
}

/** From start to ready, as the slowest of what runs took; null: none is known to have got ready at once. */
function startMs({ running }: Fate): Millis | null {
  const times = running.flatMap(({ phase, startedAt, applied }) => {
    if (phase.kind !== "ready") return [];
    // Ready again after a failing probe: that says nothing of a start.
    const ms = phase.since - startedAt;
    return ms <= (applied.ready?.timeout ?? START_MS_MAX) ? [ms] : [];
  });
  return times.length === 0 ? null : Math.max(...times);
}

function aboutWords(ms: Millis): string {
  return `about ${roundDuration(ms < 1000 ? Math.max(100, ms) : Math.round(ms / 1000) * 1000)}`;
}

/** One address at least is listened on before, meanwhile and after. */
function keepsAddress({ from, to }: Fate): boolean {
  const [a, b] = [from?.listen?.addresses ?? [], to?.listen?.addresses ?? []];
  return a.some((one) => b.some((other) => addressText(one) === addressText(other)));
}

function added(from: ServiceSpec, to: ServiceSpec): readonly string[] {
  const known = (from.listen?.addresses ?? []).map(addressText);
  const fresh = (to.listen?.addresses ?? []).filter((one) => !known.includes(addressText(one)));
  return fresh.map((one) => shown(one, to));
}

function shown(address: ListenAddress, { cwd }: ServiceSpec): string {
  return shortAddress(address, cwd);
}
