import { assert, unreachable } from "../assert.ts";
import { acted } from "./acted.ts";
import { decide } from "./decide.ts";
import { countedSpecs, restingSpecs } from "./demand.ts";
import { type Desired, NOTHING, offReason, withRestart } from "./desired.ts";
import type { Event } from "./event.ts";
import { EMPTY } from "./fold.ts";
import { observe } from "./observe.ts";
import { type InstanceId, idOf, isLive, type Observed, sameId } from "./observed.ts";
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

/** How long the host may take to say what became of the runs of an earlier supervisor. */
const ANSWER_MS_MAX = 3_000;
/** An alarm that rings so late means that nothing could be heard meanwhile: the answers may be there, unread. */
const LATE_MS = 250;

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
  #waking: readonly ServiceSpec[] = [];
  #counting: readonly ServiceSpec[] = [];
  #isInside = false;
  /** Follows one that died, and has not heard yet what became of these runs: it must not act on what it knows. */
  #waiting: { readonly ids: readonly InstanceId[]; readonly until: Millis | null } | null = null;
  #mustAskSchedules = false;

  constructor(options: {
    readonly host: Host;
    readonly clock: Clock;
    readonly onChange?: OnChange;
    /** What one that died has left (see `restored`): nothing is done about it before `goOn`. */
    readonly from?: { readonly desired: Desired; readonly observed: Observed };
  }) {
    this.#host = options.host;
    this.#clock = options.clock;
    this.#onChange = options.onChange ?? (() => {});
    if (options.from === undefined) return;
    this.#desired = options.from.desired;
    this.#observed = options.from.observed;
    this.#mustAskSchedules = true;
    this.#waiting = { ids: liveIds(this.#observed), until: null };
  }

  /**
   * All that was found has been told (`adopted`), and the host was asked for every live run (`adopt`). It acts again as
   * soon as the host has answered for all of them; for one that stays silent it waits 3 s.
   */
  goOn(): void {
    if (this.#waiting === null) return;
    this.#waiting = { ...this.#waiting, until: this.#clock.now() + ANSWER_MS_MAX };
    this.handle({ kind: "woke" });
  }

  get desired(): Desired {
    return this.#desired;
  }

  get observed(): Observed {
    return this.#observed;
  }

  /** Follows one that died, and has not begun to act yet. */
  get isTakingOver(): boolean {
    return this.#waiting !== null;
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
    if (this.#isWaiting(event, now)) {
      this.#clock.wakeAt(this.#waiting?.until ?? null);
      this.#onChange({ before, after: this.#observed, actions: [], now });
      return;
    }
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
    this.#listenAnew();
    this.#askSchedules(actions);
    this.#clock.wakeAt(this.#plan.wakeAt);
    this.#onChange({ before, after: this.#observed, actions, now });
  }

  #isWaiting(event: Event, now: Millis): boolean {
    if (this.#waiting === null) return false;
    const { until } = this.#waiting;
    const ids = this.#waiting.ids.filter((id) => !isAnswer(event, id));
    if (event.kind === "adopted") ids.push(event.id);
    if (until !== null && (ids.length === 0 || (now >= until && now < until + LATE_MS))) {
      this.#waiting = null;
      return false;
    }
    const isLate = until !== null && now >= until;
    this.#waiting = { ids, until: isLate ? now + ANSWER_MS_MAX : until };
    return true;
  }

  /** A host that begins does not know of which schedules it is to tell when the clock is set. */
  #askSchedules(actions: readonly Action[]): void {
    if (!this.#mustAskSchedules) return;
    this.#mustAskSchedules = false;
    const asked = new Set(actions.map((a) => (a.kind === "schedule" ? a.service : null)));
    for (const [name, { due, wanted }] of this.#observed.services) {
      if (due !== null && wanted !== null && !asked.has(name)) this.#host.schedule(wanted.spec);
    }
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
      case "bind":
        this.#host.bind(action.service, action.address, action.backlog);
        return;
      case "unbind":
        this.#host.unbind(action.address);
        return;
      case "promote":
      case "demand":
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
    if (sameList(specs, this.#watching)) return;
    this.#watching = specs;
    this.#host.watch(specs);
  }

  /** Tells the host whose first connection, and whose connections, it is to tell of, when that has changed. */
  #listenAnew(): void {
    const waking = restingSpecs(this.#desired, this.#observed);
    if (!sameList(waking, this.#waking)) {
      this.#waking = waking;
      this.#host.wakeOn(waking);
    }
    const counting = countedSpecs(this.#desired, this.#observed);
    if (sameList(counting, this.#counting)) return;
    this.#counting = counting;
    this.#host.count(counting);
  }
}

function sameList(a: readonly ServiceSpec[], b: readonly ServiceSpec[]): boolean {
  return a.length === b.length && a.every((spec, index) => spec === b[index]);
}

function liveIds(observed: Observed): readonly InstanceId[] {
  return [...observed.services.values()].flatMap((s) => s.instances.filter(isLive).map(idOf));
}

/** Whether the host says what became of the run. */
function isAnswer(event: Event, id: InstanceId): boolean {
  switch (event.kind) {
    case "started":
    case "exited":
    case "gone":
    case "unstarted":
      return sameId(event.id, id);
    default:
      return false;
  }
}
