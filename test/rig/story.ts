import { transitions } from "../../src/core/changes.ts";
import type { Told } from "../../src/core/changes-run.ts";
import type { Desired } from "../../src/core/desired.ts";
import type { Event } from "../../src/core/event.ts";
import { explain } from "../../src/core/explain.ts";
import type { Exit, InstanceId } from "../../src/core/observed.ts";
import { verdict } from "../../src/core/outcome.ts";
import type { Millis } from "../../src/core/spec.ts";
import { serviceState } from "../../src/core/status.ts";
import { Supervisor } from "../../src/core/supervisor.ts";

/**
 * The real loop over a world in which nothing happens unless a test says so: programs neither start nor end,
 * probes do not answer, time stands still.
 */
export class Story {
  readonly supervisor: Supervisor;
  /** Everything told since the test last looked. */
  #told: Told[] = [];
  #now: Millis = 1000;
  #alarm: Millis | null = null;

  constructor(desired: Desired) {
    const nothing = () => {};
    this.supervisor = new Supervisor({
      host: {
        start: nothing,
        stop: nothing,
        kill: nothing,
        signal: nothing,
        probe: nothing,
        update: nothing,
        rename: nothing,
        watch: nothing,
        run: nothing,
        schedule: nothing,
        ...{ bind: nothing, unbind: nothing, wakeOn: nothing, count: nothing },
      },
      clock: {
        now: () => this.#now,
        wakeAt: (at) => {
          this.#alarm = at;
        },
      },
      onChange: ({ before, after, now }) => {
        this.#told.push(...transitions(before, after, this.supervisor.desired, now));
      },
    });
    this.want(desired);
  }

  get now(): Millis {
    return this.#now;
  }

  want(desired: Desired): void {
    this.supervisor.want(desired);
  }

  hear(event: Event): void {
    this.supervisor.handle(event);
  }

  /** Lets time pass, with every alarm on the way. */
  pass(ms: Millis): void {
    const end = this.#now + ms;
    while (this.#alarm !== null && this.#alarm <= end) {
      this.#now = Math.max(this.#now, this.#alarm);
      this.hear({ kind: "woke" });
    }
    this.#now = end;
  }

  starts(service: string, slot = 1, run = 1): void {
    const id = { service, slot, run };
    this.hear({ kind: "started", id, pid: 1000 + slot * 100 + run, port: null });
  }

  /** Starts and has lived long enough to count as ready. */
  getsReady(service: string, slot = 1, run = 1): void {
    this.starts(service, slot, run);
    this.pass(1000);
  }

  probes(service: string, ok: boolean, detail: string, probe: "ready" | "alive" = "ready"): void {
    const id = this.#newest(service);
    this.hear({ kind: "probed", id, probe, ok, detail });
  }

  /** Ends, and leaves nothing behind. */
  ends(service: string, exit: Exit | number, slot = 1, run = 1): void {
    const id = { service, slot, run };
    const known = typeof exit === "number" ? ({ kind: "code", code: exit } as const) : exit;
    this.hear({ kind: "exited", id, exit: known });
    this.hear({ kind: "gone", id });
  }

  told(): string[] {
    return this.events().map((one) => one.message);
  }

  events(): readonly Told[] {
    const told = this.#told;
    this.#told = [];
    return told;
  }

  /** `ready 1/1`, `crashed 0/1: exit 1, retry 1 of 10 in 0.1s`. */
  state(name: string): string {
    const { desired, observed } = this.supervisor;
    const { state, detail, ready, wanted } = serviceState(desired, observed, name, this.#now);
    return `${state} ${ready}/${wanted}${detail === null ? "" : `: ${detail}`}`;
  }

  /** `pending: waits for db`, `ok ready`. */
  verdict(name: string): string {
    const { desired, observed } = this.supervisor;
    const { kind, outcome, detail } = verdict(desired, observed, name, this.#now);
    const word = kind === outcome ? kind : `${kind} ${outcome}`;
    return detail === null ? word : `${word}: ${detail}`;
  }

  why(name: string): readonly string[] {
    const { desired, observed } = this.supervisor;
    return explain(desired, observed, name, this.#now);
  }

  #newest(service: string): InstanceId {
    const instance = this.supervisor.observed.services.get(service)?.instances.at(-1);
    if (instance === undefined) throw new Error(`${service} has no instance`);
    const { slot, run } = instance;
    return { service, slot, run };
  }
}
