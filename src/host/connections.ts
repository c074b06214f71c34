import { addressText } from "../core/address.ts";
import type { ListenAddress, Millis, ServiceSpec } from "../core/spec.ts";
import {
  hostDigits,
  isOverlapping,
  readTcp,
  TCP_STATE,
  type TcpRow,
  type TcpTable,
  unixRows,
} from "./net-table.ts";

interface Options {
  readonly told: (service: string, connections: number) => void;
}

/** Between two looks. */
const LOOK_MS = { min: 250, max: 1_000 };

/** On a machine with very many connections a look takes long: it may take a tenth of the time, and no more. */
const COST_SHARE = 10;

interface Counted {
  readonly spec: ServiceSpec;
  readonly everyMs: Millis;
  /** What was told last; null: nothing yet, so the first look is told whatever it sees. */
  connections: number | null;
  /** What connections have left behind that were over at the last look; null: there was none. */
  remains: ReadonlySet<string> | null;
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
  #costMs: Millis = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Exactly these. */
  count(specs: readonly ServiceSpec[]): void {
    const wanted = new Map(specs.map((spec) => [spec.name, spec]));
    for (const name of this.#counted.keys()) if (!wanted.has(name)) this.#counted.delete(name);
    for (const [name, spec] of wanted) {
      const { connections = null, remains = null } = this.#counted.get(name) ?? {};
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
    const look = (): void => {
      const began = performance.now();
      const table = readTcp();
      for (const each of this.#counted.values()) this.#look(each, table);
      this.#costMs = performance.now() - began;
      this.#arm();
    };
    this.#timer = setTimeout(look, Math.max(soonest, this.#costMs * COST_SHARE)).unref();
  }

  #look(counted: Counted, table: TcpTable | null): void {
    const addresses = addressesOf(counted.spec);
    const connections = countConnections(addresses, table);
    if (connections === null) return;
    const remains = remainsOf(addresses, table);
    const before = counted.remains ?? remains;
    const isNew = [...remains].some((each) => !before.has(each));
    counted.remains = remains;
    if (connections === counted.connections && !(isNew && connections === 0)) return;
    counted.connections = connections;
    this.#options.told(counted.spec.name, connections);
  }
}

/** Open connections at these addresses, those that wait to be accepted too; null: it cannot be seen. */
function countConnections(
  addresses: readonly ListenAddress[],
  table: TcpTable | null,
): number | null {
  return openAt(addresses, table)?.length ?? null;
}

/** The inodes of the connections at these addresses, 0 for one that waits to be accepted; null: it cannot be seen. */
export function openAt(
  addresses: readonly ListenAddress[],
  table: TcpTable | null,
): readonly number[] | null {
  const found = addresses.map((address) =>
    address.kind === "unix" ? openUnix(address.path) : openTcp(address, table),
  );
  return found.includes(null) ? null : found.flatMap((each) => each ?? []);
}

function openUnix(path: string): readonly number[] | null {
  const rows = unixRows(path)?.filter((row) => row.path === path && !row.isListening);
  return rows?.map(({ inode }) => inode) ?? null;
}

function openTcp(
  address: ListenAddress & { readonly kind: "tcp" },
  table: TcpTable | null,
): readonly number[] | null {
  const host = hostDigits(address.host ?? "::");
  const isOpen = (row: TcpRow): boolean =>
    (row.state === TCP_STATE.established || row.state === TCP_STATE.closeWait) &&
    row.port === address.port &&
    isOverlapping(host, row.host);
  const rows = table?.at(address.port).filter(isOpen);
  return rows?.map(({ inode }) => inode) ?? null;
}

/** Connections that are over and that the system still remembers, at whichever end it is this machine's. */
function remainsOf(
  addresses: readonly ListenAddress[],
  table: TcpTable | null,
): ReadonlySet<string> {
  const rows = addresses.flatMap((address) =>
    address.kind === "tcp" ? (table?.at(address.port) ?? []) : [],
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
