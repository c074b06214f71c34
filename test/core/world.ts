import { acted } from "../../src/core/acted.ts";
import { decide } from "../../src/core/decide.ts";
import { type Desired, NOTHING } from "../../src/core/desired.ts";
import type { Event } from "../../src/core/event.ts";
import { EMPTY } from "../../src/core/fold.ts";
import { observe } from "../../src/core/observe.ts";
import type { Exit, Observed } from "../../src/core/observed.ts";
import { formatPlan } from "../../src/core/plan.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { services } from "../rig/specs.ts";

export const TCP = {
  check: { kind: "tcp", host: null, port: 5432 },
  interval: 1000,
  timeout: 60_000,
  failures: 3,
} as const;

/** A world driven by hand: each look folds the plan's actions, so that the text is what would be done. */
export class World {
  desired: Desired = NOTHING;
  observed: Observed = EMPTY;
  now = 0;

  /** Decides and acts until quiet; the text of each non-empty plan, and the last one's waits and alarm. */
  look(): string {
    const lines: string[] = [];
    for (let round = 0; round < 50; round++) {
      const plan = decide(this.desired, this.observed, this.now);
      const isLast = plan.actions.length === 0;
      const text = formatPlan(isLast ? plan : { ...plan, waits: [], wakeAt: null }, this.now);
      if (text !== "") lines.push(text);
      if (isLast) return lines.join("\n");
      for (const action of plan.actions) this.observed = acted(this.observed, action, this.now);
    }
    throw new Error(`never settled:\n${lines.join("\n")}`);
  }

  want(...specs: ServiceSpec[]): string {
    this.desired = { ...this.desired, services: services(...specs) };
    return this.look();
  }

  tell(event: Event): string {
    this.observed = observe(this.observed, event, this.now);
    return this.look();
  }

  /** `api.1#2` */
  started(who: string, pid = 1): string {
    return this.tell({ kind: "started", id: idOf(who), pid, port: null });
  }

  ended(who: string, exit: Exit = { kind: "code", code: 1 }): string {
    this.observed = observe(this.observed, { kind: "exited", id: idOf(who), exit }, this.now);
    return this.tell({ kind: "gone", id: idOf(who) });
  }

  ready(who: string): string {
    return this.tell({ kind: "probed", id: idOf(who), probe: "ready", ok: true, detail: "ok" });
  }

  after(ms: number): string {
    this.now += ms;
    return this.look();
  }
}

function idOf(who: string): { service: string; slot: number; run: number } {
  const [service = "", slot, run] = who.split(/[.#]/);
  return { service, slot: Number(slot), run: Number(run) };
}
