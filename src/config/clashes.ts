import { addressText } from "../core/address.ts";
import type { ListenAddress, ServiceSpec } from "../core/spec.ts";
import { isSameAddress } from "./addresses.ts";
import type { Declared } from "./graph.ts";
import { type Problems, problemAt } from "./problems.ts";
import type { Place } from "./source.ts";
import { child, type MapTree } from "./tree.ts";

/** Ports and sockets that two services, or one service twice, would bind. */
export function checkClashes(services: readonly Declared[], problems: Problems): void {
  const claims = services.filter(({ spec }) => spec.enabled).flatMap(claimsOf);
  for (const claim of claims) checkHighest(claim, problems);
  for (const [index, one] of claims.entries()) {
    for (const other of claims.slice(index + 1)) {
      if (problems.isFull) return;
      const clash = clashOf(one, other);
      if (clash !== null) problems.add(clashProblem(one, other, clash));
    }
  }
}

/** What a service binds: ports of its own, one for each instance, or an address that procs binds for it. */
interface Claim {
  readonly spec: ServiceSpec;
  readonly place: Place;
  readonly bound:
    | { readonly kind: "ports"; readonly from: number; readonly to: number }
    | { readonly kind: "listen"; readonly address: ListenAddress };
}

function claimsOf({ spec, tree, keyPlace }: Declared): readonly Claim[] {
  const claims: Claim[] = [];
  if (typeof spec.port === "number") {
    const to = spec.port + Math.max(spec.instances, 1) - 1;
    const place = child(tree, "port")?.place ?? keyPlace;
    claims.push({ spec, place, bound: { kind: "ports", from: spec.port, to } });
  }
  for (const [index, address] of (spec.listen?.addresses ?? []).entries()) {
    const place = addressPlace(tree, index) ?? keyPlace;
    claims.push({ spec, place, bound: { kind: "listen", address } });
  }
  return claims;
}

/** A file with a wrong address has fewer addresses than entries; it is refused for that anyway. */
function addressPlace(tree: MapTree, index: number): Place | undefined {
  const port = child(child(tree, "listen"), "port");
  return (port?.kind === "list" ? port.items[index] : port)?.place;
}

function checkHighest({ spec, place, bound }: Claim, problems: Problems): void {
  if (bound.kind !== "ports" || bound.to <= PORT_MAX) return;
  const message = `"port" is too high for ${spec.instances} instances: the last one would get ${bound.to}`;
  const help = `port: ${PORT_MAX - spec.instances + 1} is the highest`;
  problems.add(problemAt(place, { code: "P104", message, help }));
}

const PORT_MAX = 65_535;

/** What both bind, in words; null: nothing. */
function clashOf(one: Claim, other: Claim): string | null {
  const [a, b] = [one.bound, other.bound];
  // A service with both is told that they do not go together.
  if (one.spec === other.spec && a.kind !== b.kind) return null;
  if (a.kind === "listen" && b.kind === "listen") {
    if (!isSameAddress(a.address, b.address)) return null;
    const { address } = b;
    return address.kind === "tcp" ? `port ${address.port}` : address.path;
  }
  const [from, to] = [portsOf(a), portsOf(b)];
  if (from === null || to === null || from.from > to.to || to.from > from.to) return null;
  return `port ${Math.max(from.from, to.from)}`;
}

function portsOf(bound: Claim["bound"]): { readonly from: number; readonly to: number } | null {
  if (bound.kind === "ports") return bound;
  const { address } = bound;
  // A program may bind its port on whatever address it likes.
  return address.kind === "tcp" ? { from: address.port, to: address.port } : null;
}

function clashProblem(one: Claim, other: Claim, clash: string) {
  const [a, b] = [one.spec, other.spec];
  const related = [{ place: one.place, label: claimText(one) }];
  if (a === b) {
    const message = `service "${a.name}" listens on ${clash} twice`;
    const saying = { code: "P204", message, label: "again", help: "delete one", related };
    return problemAt(other.place, saying);
  }
  const isTogether = canRunTogether(a, b);
  return problemAt(other.place, {
    code: "P204",
    severity: isTogether ? "error" : "warning",
    message: `services "${a.name}" and "${b.name}" both use ${clash}${isTogether ? "" : ", in different profiles"}`,
    label: claimText(other),
    help: isTogether ? otherPlace(one, other) : "choose only one of the profiles at a time",
    related,
  });
}

/** Services of different profiles need not be there at the same time. */
function canRunTogether(a: ServiceSpec, b: ServiceSpec): boolean {
  if (a.profiles.length === 0 || b.profiles.length === 0) return true;
  return a.profiles.some((profile) => b.profiles.includes(profile));
}

function claimText({ spec, bound }: Claim): string {
  const { name, instances } = spec;
  if (bound.kind === "listen") {
    const { address } = bound;
    const isEvery = address.kind === "tcp" && address.host === null;
    return `${name} listens on ${addressText(address)}${isEvery ? ", on every address" : ""}`;
  }
  if (bound.from === bound.to) return `${name} uses ${bound.from}`;
  return `${name} uses ${bound.from} to ${bound.to}: it has ${instances} instances`;
}

function otherPlace(one: Claim, other: Claim): string {
  const { bound } = other;
  if (bound.kind === "listen" && bound.address.kind === "unix") {
    return "give one of them another path";
  }
  const highest = Math.max(portsOf(one.bound)?.to ?? 0, portsOf(bound)?.to ?? 0);
  const key = bound.kind === "listen" ? "listen" : "port";
  return `give one of them another port: ${key}: ${Math.min(PORT_MAX, highest + 1)}`;
}
