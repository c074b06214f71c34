import { assert, unreachable } from "../assert.ts";
import { acted } from "./acted.ts";
import { decide } from "./decide.ts";
import { type Desired, NOTHING, offReason, withRestart } from "./desired.ts";
import type { Event } from "./event.ts";
import { EMPTY } from "./fold.ts";
import { observe } from "./observe.ts";
import { isLive, type Observed, sameId } from "./observed.ts";
import type { Action, Plan } from "./plan.ts";
import type { Clock, Host } from "./ports.ts";
import { targetOf } from "./revision.ts";
import type { Millis, ServiceSpec } from "./spec.ts";

/** Told after each settled step: what was, what is, and what was done. */
export type OnChange = (change: {
  readonly before: Observed;
  readonly after: Observed;
  readonly actions: readonly Action[];
  readonly now: Millis;
}) => void;

/**
 * The loop: fold the event, decide, act, until there is nothing to do; then sleep until the one alarm.
 * Synchronous: hosts must not call back from inside their methods.
 */
export class Supervisor {
  readonly #host: Host;
  readonly #clock: Clock;
  readonly #onChange: OnChange;
  #desired: Desired = NOTHING;
  #observed: Observed = EMPTY;
  #plan: Plan = { actions: [], waits: [], wakeAt: null };
  #watching: readonly ServiceSpec[] = [];
  #isInside = false;

  constructor(options: {
    readonly host: Host;
    readonly clock: Clock;
    readonly onChange?: OnChange;
  }) {
    this.#host = options.host;
    this.#clock = options.clock;
    this.#onChange = options.onChange ?? (() => {});
  }

  get desired(): Desired {
    return this.#desired;
  }

  get observed(): Observed {
    return this.#observed;
  }

  /** What is being waited for now, and until when. */
  get plan(): Plan {
    return this.#plan;
  }

  /** Everything that a user or a file asks goes through here. */
  want(desired: Desired): void {
    this.#desired = desired;
    this.handle({ kind: "woke" });
  }

  handle(event: Event): void {
    assert(!this.#isInside, "the host called back from inside a port");
    this.#isInside = true;
    try {
      this.#settle(event);
    } finally {
      this.#isInside = false;
    }
  }

  #settle(event: Event): void {
    const now = this.#clock.now();
    const before = this.#observed;
    this.#observed = observe(before, event, now);
    const actions: Action[] = [];
    for (let round = 0; ; round++) {
      assert(round <= this.#roundsMax(), "the plan never settled");
      this.#plan = decide(this.#desired, this.#observed, now);
      if (this.#plan.actions.length === 0) break;
      for (const action of this.#plan.actions) {
        this.#observed = acted(this.#observed, action, now);
        this.#perform(action);
        actions.push(action);
      }
    }
    this.#rewatch();
    this.#clock.wakeAt(this.#plan.wakeAt);
    this.#onChange({ before, after: this.#observed, actions, now });
  }

  /** Each service settles in a few rounds, and may wait for the one before it. */
  #roundsMax(): number {
    return 20 + 10 * (this.#desired.services.size + this.#observed.services.size);
  }

  #perform(action: Action): void {
    switch (action.kind) {
      case "start":
        this.#host.start(action.id, action.spec);
        return;
      case "stop":
        this.#host.stop(action.id, action.using);
        return;
      case "kill":
        this.#host.kill(action.id);
        return;
      case "probe":
        this.#host.probe(action.id, action.probe, action.spec);
        return;
      case "update":
        if (this.#isLiveRun(action.id)) this.#host.update(action.id, action.spec);
        return;
      case "adopt":
        this.#host.rename(action.from, action.id);
        this.#host.update(action.id, action.spec);
        return;
      case "schedule":
        this.#host.schedule(action.spec);
        return;
      case "watched":
        this.#performWatched(action);
        return;
      case "due":
        if (action.effect === "restart") this.#restart(action.service, "its schedule");
        return;
      case "promote":
      case "forget":
      case "rollout":
      case "dismiss":
        return;
      default:
        unreachable(action);
    }
  }

  #performWatched(action: Action & { kind: "watched" }): void {
    const { effect } = action;
    switch (effect.kind) {
      case "restart":
        this.#restart(action.service, action.reason);
        return;
      case "signal":
        for (const id of effect.ids) this.#host.signal(id, effect.signal);
        return;
      case "run":
        this.#host.run(effect.spec, effect.command);
        return;
      case "pause":
        return;
      default:
        unreachable(effect);
    }
  }

  #restart(service: string, reason: string): void {
    this.#desired = withRestart(this.#desired, service, reason);
  }

  #isLiveRun(id: Parameters<typeof sameId>[0]): boolean {
    const service = this.#observed.services.get(id.service);
    return service?.instances.some((i) => sameId(i, id) && isLive(i)) ?? false;
  }

  /** Tells the host what to watch when that has changed. */
  #rewatch(): void {
    const specs: ServiceSpec[] = [];
    for (const [name, service] of this.#observed.services) {
      if (offReason(this.#desired, name) !== null || service.watched.paused) continue;
      const target = targetOf(this.#desired, service, name);
      if (target !== null && target.spec.watch !== null) specs.push(target.spec);
    }
    const isSame =
      specs.length === this.#watching.length && specs.every((s, i) => s === this.#watching[i]);
    if (isSame) return;
    this.#watching = specs;
    this.#host.watch(specs);
  }
}
