import type { ProxyTable, ProxyUpstream } from "../control/proxying.ts";

/** One instance behind the proxy. */
export interface Upstream {
  readonly key: string;
  readonly slot: number;
  readonly run: number;
  readonly port: number | null;
  readonly path: string | null;
  state: ProxyUpstream["state"] | "gone";
  /** Connections that are open or being opened. */
  connections: number;
  /** It refused lately; asked again after this, or when there is no other. */
  suspectUntil: number;
}

/** How long an instance that refused is avoided. */
const SUSPECT_MS = 1_000;

/** The instances of one service, by the last table, with what this proxy knows of each. */
export class Upstreams {
  #all: readonly Upstream[] = [];
  #turn = 0;
  #isSticky = false;

  get all(): readonly Upstream[] {
    return this.#all;
  }

  /** Takes over a table; returns those that have just begun to drain. */
  take(table: ProxyTable): readonly Upstream[] {
    this.#isSticky = table.sticky;
    const leaving: Upstream[] = [];
    const before = new Map(this.#all.map((one) => [one.key, one]));
    this.#all = table.upstreams.map((told) => {
      const key = `${told.slot}.${told.run}`;
      const known = before.get(key);
      before.delete(key);
      if (known === undefined) return { ...told, key, connections: 0, suspectUntil: 0 };
      if (known.state === "ready" && told.state === "draining") leaving.push(known);
      known.state = told.state;
      return known;
    });
    // Its connections end by themselves, as those of any program that has gone.
    for (const gone of before.values()) gone.state = "gone";
    return leaving;
  }

  /**
   * Who takes the next connection: the one with the fewest, or the client's own. null: nobody is ready.
   * `spare`: those that are draining do, when nobody is ready.
   */
  pick(
    source: string,
    tried: ReadonlySet<Upstream> | null,
    now: number,
    spare: boolean,
  ): Upstream | null {
    const ready = this.#among("ready", tried, now);
    const from = ready.length > 0 || !spare ? ready : this.#among("draining", tried, now);
    if (from.length <= 1) return from[0] ?? null;
    return this.#isSticky ? ownOf(source, from) : this.#leastOf(from);
  }

  /** How many connections each has too many, while another has less than half of its share. Sticky: none. */
  surplus(): ReadonlyMap<Upstream, number> {
    const ready = this.#all.filter((one) => one.state === "ready");
    const fair = Math.ceil(ready.reduce((sum, one) => sum + one.connections, 0) / ready.length);
    const isUneven = !this.#isSticky && ready.some((one) => one.connections * 2 < fair);
    const over = isUneven ? ready.filter((one) => one.connections > fair) : [];
    return new Map(over.map((one) => [one, one.connections - fair]));
  }

  suspect(upstream: Upstream, now: number): void {
    upstream.suspectUntil = now + SUSPECT_MS;
  }

  /** Those to which nothing goes any more. */
  drained(): readonly Upstream[] {
    return this.#all.filter((one) => one.state === "draining" && one.connections === 0);
  }

  #among(
    state: Upstream["state"],
    tried: ReadonlySet<Upstream> | null,
    now: number,
  ): readonly Upstream[] {
    const all = this.#all.filter((one) => one.state === state && tried?.has(one) !== true);
    if (all.length <= 1) return all;
    const trusted = all.filter((one) => one.suspectUntil <= now);
    return trusted.length > 0 ? trusted : all;
  }

  /** Of those with equally few, each in turn. */
  #leastOf(from: readonly Upstream[]): Upstream | null {
    this.#turn = (this.#turn + 1) % from.length;
    let least: Upstream | null = null;
    for (let i = 0; i < from.length; i++) {
      const one = from[(this.#turn + i) % from.length];
      if (one !== undefined && (least === null || one.connections < least.connections)) least = one;
    }
    return least;
  }
}

/**
 * Each client's own instance: by the highest of the scores of client and slot, so that one slot that goes moves
 * only its own clients, one that comes takes an equal part of all, and a new run of a slot has those of the old.
 */
function ownOf(source: string, from: readonly Upstream[]): Upstream | null {
  let own: Upstream | null = null;
  let highest = -1;
  for (const one of from) {
    const score = scoreOf(`${source}#${one.slot}`);
    const isNewer = own !== null && score === highest && one.run > own.run;
    if (score > highest || isNewer) [own, highest] = [one, score];
  }
  return own;
}

/** FNV-1a, with its bits mixed once more: neighbouring addresses must not share their order. */
function scoreOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
