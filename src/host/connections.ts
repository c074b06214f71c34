import { addressText } from "../core/address.ts";
import type { ListenAddress, Millis, ServiceSpec } from "../core/spec.ts";
import { socketsOf } from "./holder.ts";
import {
  hostDigits,
  isOverlapping,
  TCP_STATE,
  type TcpRow,
  tcpRows,
  unixRows,
} from "./net-table.ts";

interface Options {
  readonly told: (service: string, connections: number) => void;
}

/** Between two looks. */
const LOOK_MS = { min: 250, max: 1_000 };

interface Counted {
  readonly spec: ServiceSpec;
  readonly everyMs: Millis;
  /** What was told last. */
  connections: number;
  /** Connections that came and went since they were looked at last left these behind. */
  remains: ReadonlySet<string>;
}

/**
 * How many connections services have, for those that end when they have none. A connection that comes and goes between
 * two looks is seen where it leaves a trace; else the service rests a little early, and the next one starts it again.
 * Where the system does not tell (no /proc) nothing is told: then such a service goes on.
 */
export class Counter {
  readonly #options: Options;
  readonly #counted = new Map<string, Counted>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Exactly these, from "none" on. */
  count(specs: readonly ServiceSpec[]): void {
    const wanted = new Map(specs.map((spec) => [spec.name, spec]));
    for (const name of this.#counted.keys()) if (!wanted.has(name)) this.#counted.delete(name);
    for (const [name, spec] of wanted) {
      const { connections = 0, remains = remainsOf(addressesOf(spec)) } =
        this.#counted.get(name) ?? {};
      this.#counted.set(name, { spec, everyMs: everyMs(spec), connections, remains });
    }
    this.#arm();
  }

  close(): void {
    this.count([]);
  }

  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#counted.size === 0) return;
    const soonest = Math.min(...[...this.#counted.values()].map((each) => each.everyMs));
    this.#timer = setTimeout(() => {
      for (const each of this.#counted.values()) this.#look(each);
      this.#arm();
    }, soonest).unref();
  }

  #look(counted: Counted): void {
    const addresses = addressesOf(counted.spec);
    const connections = countConnections(addresses);
    if (connections === null) return;
    const remains = remainsOf(addresses);
    const isNew = [...remains].some((each) => !counted.remains.has(each));
    counted.remains = remains;
    if (connections === counted.connections && !(isNew && connections === 0)) return;
    counted.connections = connections;
    this.#options.told(counted.spec.name, connections);
  }
}

/** Open connections at these addresses, those that wait to be accepted too; null: it cannot be seen. */
export function countConnections(addresses: readonly ListenAddress[]): number | null {
  const inodes = addresses.map((address) => openAt(address));
  return inodes.reduce<number | null>(
    (sum, found) => (sum === null || found === null ? null : sum + found.length),
    0,
  );
}

/** Of each of these trees of processes, how many connections at these addresses are its own; null: it cannot be seen. */
export function connectionsIn(
  addresses: readonly ListenAddress[],
  trees: readonly (readonly number[])[],
): readonly (number | null)[] {
  const found = addresses.map((address) => openAt(address));
  if (found.includes(null)) return trees.map(() => null);
  const inodes = new Set(found.flatMap((each) => each ?? []));
  return trees.map((pids) => {
    if (inodes.size === 0) return 0;
    return new Set(pids.flatMap(socketsOf).filter((inode) => inodes.has(inode))).size;
  });
}

/** The inodes of the connections at an address; 0 for one that waits to be accepted. */
function openAt(address: ListenAddress): readonly number[] | null {
  if (address.kind === "unix") {
    const rows = unixRows(address.path);
    const isOpen = (row: { path: string; isListening: boolean }) =>
      row.path === address.path && !row.isListening;
    return rows?.filter(isOpen).map(({ inode }) => inode) ?? null;
  }
  const rows = tcpRows(address.port);
  return rows?.filter((row) => isOpen(row, address)).map(({ inode }) => inode) ?? null;
}

function isOpen({ port, host, state }: TcpRow, address: ListenAddress & { kind: "tcp" }): boolean {
  const isUp = state === TCP_STATE.established || state === TCP_STATE.closeWait;
  return isUp && port === address.port && isOverlapping(hostDigits(address.host ?? "::"), host);
}

/** Connections that are over and that the system still remembers, at whichever end it is this machine's. */
function remainsOf(addresses: readonly ListenAddress[]): ReadonlySet<string> {
  const rows = addresses.flatMap((address) =>
    address.kind === "tcp" ? (tcpRows(address.port) ?? []) : [],
  );
  const over = rows.filter(({ state }) => state === TCP_STATE.timeWait);
  return new Set(over.map((row) => `${row.port} ${row.remoteHost} ${row.remotePort}`));
}

function addressesOf(spec: ServiceSpec): readonly ListenAddress[] {
  return spec.listen?.addresses ?? [];
}

function everyMs({ listen }: ServiceSpec): Millis {
  const quarter = (listen?.idle_stop ?? LOOK_MS.max * 4) / 4;
  return Math.max(LOOK_MS.min, Math.min(LOOK_MS.max, quarter));
}

/** What a service listens on, as people say it. */
export function textsOf(spec: ServiceSpec): readonly string[] {
  return addressesOf(spec).map(addressText);
}
