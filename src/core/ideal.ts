import { assert, unreachable } from "../assert.ts";
import { acted } from "./acted.ts";
import { addressText } from "./address.ts";
import { decide } from "./decide.ts";
import { type Desired, withRestart } from "./desired.ts";
import type { Event } from "./event.ts";
import { observe } from "./observe.ts";
import {
  type Instance,
  type InstanceId,
  idOf,
  isLive,
  type Observed,
  type ObservedService,
  sameId,
} from "./observed.ts";
import type { Action, Wait } from "./plan.ts";
import { isAttempted } from "./readiness.ts";
import type { Millis } from "./spec.ts";

/** What happens when nothing goes wrong, from now until nothing more is to be done. */
export interface Trace {
  readonly actions: readonly Action[];
  readonly observed: Observed;
  /** Intents may have changed on the way: a pending watch restarts. */
  readonly desired: Desired;
  /** What is still waited for in the end: what is stuck. */
  readonly waits: readonly Wait[];
  /** The fewest instances of each service that were ready at any moment, the first one included. */
  readonly readyMin: ReadonlyMap<string, number>;
  /** When it was over. */
  readonly now: Millis;
}

/**
 * decide() folded over an ideal world: what is started comes up, probes pass, what is told to stop ends,
 * schedules are never due, and time jumps to the next alarm. Reaches no port: it cannot act.
 */
export function foresee(desired: Desired, observed: Observed, now: Millis): Trace {
  const world = new IdealWorld(desired, observed, now);
  for (let round = 0; world.step(); round++) {
    assert(round < roundsMax(desired, observed), "the preview never settled");
  }
  return world.trace();
}

/** Each instance may be replaced, and each of these steps takes a few rounds and waits for others. */
function roundsMax(desired: Desired, observed: Observed): number {
  let count = desired.services.size;
  for (const service of observed.services.values()) count += service.instances.length;
  for (const spec of desired.services.values()) count += spec.instances;
  for (const intent of desired.intents.values()) count += intent.scale ?? 0;
  return 100 + 40 * count;
}

class IdealWorld {
  #desired: Desired;
  #observed: Observed;
  #now: Millis;
  #waits: readonly Wait[] = [];
  #answers: Event[] = [];
  readonly #actions: Action[] = [];
  readonly #readyMin = new Map<string, number>();

  constructor(desired: Desired, observed: Observed, now: Millis) {
    this.#desired = desired;
    this.#observed = withoutWear(observed);
    this.#now = now;
    for (const service of observed.services.values()) {
      for (const instance of service.instances) this.#answers.push(...pendingAnswers(instance));
    }
    for (const name of observed.services.keys()) this.#countReady(name);
  }

  /** One look, or one jump in time; false: nothing is left to do. */
  step(): boolean {
    const answers = this.#answers;
    this.#answers = [];
    for (const event of answers) this.#hear(event);
    this.#observed = withoutUpkeep(this.#observed);
    const plan = decide(this.#desired, this.#observed, this.#now);
    for (const action of plan.actions) this.#do(action);
    this.#waits = plan.waits;
    if (plan.actions.length > 0 || this.#answers.length > 0) return true;
    if (plan.wakeAt === null || plan.wakeAt <= this.#now) return false;
    this.#now = plan.wakeAt;
    return true;
  }

  trace(): Trace {
    return {
      actions: this.#actions,
      observed: this.#observed,
      desired: this.#desired,
      waits: this.#waits,
      readyMin: this.#readyMin,
      now: this.#now,
    };
  }

  #do(action: Action): void {
    this.#actions.push(action);
    this.#observed = acted(this.#observed, action, this.#now);
    const isRestart =
      (action.kind === "watched" && action.effect.kind === "restart") ||
      (action.kind === "due" && action.effect === "restart");
    if (isRestart) this.#desired = withRestart(this.#desired, action.service, action.reason);
    this.#answers.push(...answersTo(action));
    this.#countReady("id" in action ? action.id.service : action.service);
  }

  #hear(event: Event): void {
    this.#observed = observe(this.#observed, event, this.#now);
    if (!("id" in event)) return;
    const instance = findInstance(this.#observed, event.id);
    if (instance !== undefined && event.kind === "started") {
      this.#answers.push(...answersOfRunning(instance));
    }
    this.#countReady(event.id.service);
  }

  #countReady(name: string): void {
    const instances = this.#observed.services.get(name)?.instances ?? [];
    const ready = instances.filter((instance) => instance.phase.kind === "ready").length;
    this.#readyMin.set(name, Math.min(ready, this.#readyMin.get(name) ?? ready));
  }
}

/** What was already asked for before, and will be answered. */
function pendingAnswers(instance: Instance): Event[] {
  const id = idOf(instance);
  switch (instance.phase.kind) {
    case "starting":
      return [started(id)];
    case "stopping":
    case "ending":
      return ended(id, 0);
    case "running":
      return answersOfRunning(instance);
    case "unready":
      return [passed(id, "ready")];
    case "ready":
    case "ended":
      return [];
    default:
      return unreachable(instance.phase);
  }
}

/** A task runs to its end; a service whose probe reports by itself, or was asked already, gets ready. */
function answersOfRunning(instance: Instance): Event[] {
  const id = idOf(instance);
  const { kind, ready, restart, success_codes } = instance.applied;
  // A task that is always started again never comes to an end: its first run stands for all of them.
  if (kind === "task") return restart.policy === "always" ? [] : ended(id, success_codes[0] ?? 0);
  const isSilent = ready === null || (isAttempted(ready) && !instance.ready.busy);
  return isSilent ? [] : [passed(id, "ready")];
}

function answersTo(action: Action): Event[] {
  switch (action.kind) {
    case "start":
      return [started(action.id)];
    case "stop":
    case "kill":
      return ended(action.id, 0);
    case "probe":
      return [passed(action.id, action.probe)];
    case "watched":
      return action.effect.kind === "run"
        ? [{ kind: "ran", service: action.service, ok: true, detail: "" }]
        : [];
    case "bind":
      return [{ kind: "bound", service: action.service, address: addressText(action.address) }];
    case "unbind":
      return [{ kind: "unbound", address: addressText(action.address) }];
    case "demand":
    case "promote":
    case "update":
    case "forget":
    case "adopt":
    case "rollout":
    case "due":
    case "schedule":
    case "dismiss":
      return [];
    default:
      return unreachable(action);
  }
}

function started(id: InstanceId): Event {
  return { kind: "started", id, pid: 1, port: null };
}

function ended(id: InstanceId, code: number): Event[] {
  return [
    { kind: "exited", id, exit: { kind: "code", code } },
    { kind: "gone", id },
  ];
}

function passed(id: InstanceId, probe: "ready" | "alive"): Event {
  return { kind: "probed", id, probe, ok: true, detail: "" };
}

function findInstance(observed: Observed, id: InstanceId): Instance | undefined {
  return observed.services.get(id.service)?.instances.find((instance) => sameId(instance, id));
}

/** Ready ones are not asked again: their probes would go on for ever. */
function withoutUpkeep(observed: Observed): Observed {
  return mapInstances(observed, (instance) => {
    const { phase, ready, alive } = instance;
    if (phase.kind !== "ready" || (ready.nextAt === null && alive.nextAt === null)) return instance;
    return { ...instance, ready: { ...ready, nextAt: null }, alive: { ...alive, nextAt: null } };
  });
}

/** No schedule is due, and who is connected stays so: what runs on demand goes on. */
function withoutWear(observed: Observed): Observed {
  const services = new Map(observed.services);
  for (const [name, { due, demand, ...service }] of services) {
    if (due === null && demand === null) continue;
    services.set(name, {
      ...service,
      due: due === null ? null : { at: null },
      demand: demand === null ? null : { ...demand, idleSince: null },
    });
  }
  return { ...observed, services };
}

function mapInstances(observed: Observed, change: (instance: Instance) => Instance): Observed {
  let services: Map<string, ObservedService> | null = null;
  for (const [name, service] of observed.services) {
    if (!service.instances.some(isLive)) continue;
    const instances = service.instances.map(change);
    if (instances.every((instance, index) => instance === service.instances[index])) continue;
    services ??= new Map(observed.services);
    services.set(name, { ...service, instances });
  }
  return services === null ? observed : { ...observed, services };
}
