import { addressText } from "./address.ts";
import type { InstanceId } from "./observed.ts";
import type { ListenAddress, Millis, ServiceSpec, Signal, StopSettings } from "./spec.ts";

/** What to do now, why, what is being waited for, and when to look again at the latest. */
export interface Plan {
  readonly actions: readonly Action[];
  readonly waits: readonly Wait[];
  readonly wakeAt: Millis | null;
}

/** One step. The executor performs it without deciding anything; core folds it into observed at once. */
export type Action = { readonly reason: string } & (
  | {
      readonly kind: "start";
      readonly id: InstanceId;
      readonly spec: ServiceSpec;
      readonly generation: number;
      readonly upstream: Readonly<Record<string, number>>;
      readonly failures: number;
      readonly exits: readonly Millis[];
    }
  /** Sends the stop signal, then SIGCONT, to the whole group. `using` is the run's own, older setting. */
  | {
      readonly kind: "stop";
      readonly id: InstanceId;
      readonly using: StopSettings;
      /** false: procs ends it because it failed, so it counts as a failure. */
      readonly asked: boolean;
    }
  /** SIGKILL to everything the run started. Repeated until it is gone. */
  | { readonly kind: "kill"; readonly id: InstanceId }
  /** One attempt of a probe; the answer comes as `probed`. */
  | {
      readonly kind: "probe";
      readonly id: InstanceId;
      readonly probe: "ready" | "alive";
      readonly spec: ServiceSpec;
    }
  /** Has lived long enough without a readiness probe. Nothing to perform. */
  | { readonly kind: "promote"; readonly id: InstanceId }
  /** New probes, policies, stop settings, labels on a running instance, without touching the process. */
  | {
      readonly kind: "update";
      readonly id: InstanceId;
      readonly spec: ServiceSpec;
      readonly paths: readonly string[];
    }
  /** Bind an address and listen on it, without accepting; `bound` or `unbindable` follows. */
  | {
      readonly kind: "bind";
      readonly service: string;
      readonly address: ListenAddress;
      readonly backlog: number;
    }
  /** Close it for good: who waits there is refused. `unbound` follows. */
  | { readonly kind: "unbind"; readonly service: string; readonly address: ListenAddress }
  /** Of a service that starts on demand; nothing to perform. rest: idle for long enough. fail: it did not come up. */
  | {
      readonly kind: "demand";
      readonly service: string;
      readonly effect: "rest" | "fail";
      /** fail: the run that shows it. */
      readonly instance: { readonly slot: number; readonly run: number } | null;
    }
  /** An ended run that nobody wants any more leaves the books. Nothing to perform. */
  | { readonly kind: "forget"; readonly id: InstanceId }
  /** Rename in the books: `was:`. The host relabels. */
  | {
      readonly kind: "adopt";
      readonly from: InstanceId;
      readonly id: InstanceId;
      readonly spec: ServiceSpec;
      readonly generation: number;
    }
  /** A service's wanted revision changed, a rollout began, went well, or failed. Nothing to perform. */
  | { readonly kind: "rollout"; readonly service: string; readonly step: RolloutStep }
  /** Files changed and it has been quiet: restart, signal or run, as the service's watch says. */
  | {
      readonly kind: "watched";
      readonly service: string;
      readonly paths: readonly string[];
      readonly effect: WatchEffect;
    }
  /** The schedule is due: run the task, restart the service, or let this time pass. */
  | { readonly kind: "due"; readonly service: string; readonly effect: "run" | "restart" | "skip" }
  /** Ask the host when the schedule is next due. The answer comes as `scheduled`. */
  | { readonly kind: "schedule"; readonly service: string; readonly spec: ServiceSpec }
  /** A service without desired or instances leaves the books. */
  | { readonly kind: "dismiss"; readonly service: string }
);

/** A step in the books of a replacement. */
export type RolloutStep =
  /** back: the way back to the good revision, after what the file asks has failed. */
  | {
      readonly kind: "wanted";
      readonly spec: ServiceSpec;
      readonly generation: number;
      readonly back: boolean;
    }
  | { readonly kind: "begin"; readonly spec: ServiceSpec; readonly generation: number }
  | { readonly kind: "progress"; readonly replaced: number }
  /** The service went off: the next time it is wanted, what the file asks is tried anew. */
  | { readonly kind: "abandon" }
  | { readonly kind: "complete"; readonly spec: ServiceSpec; readonly generation: number }
  | {
      readonly kind: "fail";
      readonly spec: ServiceSpec;
      readonly generation: number;
      readonly paused: boolean;
      readonly instance: { readonly slot: number; readonly run: number } | null;
    };

/** What files that changed lead to. */
export type WatchEffect =
  | { readonly kind: "restart" }
  | { readonly kind: "signal"; readonly signal: Signal; readonly ids: readonly InstanceId[] }
  | {
      readonly kind: "run";
      readonly command: string | readonly string[];
      readonly spec: ServiceSpec;
    }
  /** It restarts itself by writing into its own watched folder: stop watching, say so. */
  | { readonly kind: "pause" };

/** What is not done yet because something else has to come first. */
export interface Wait {
  readonly service: string;
  /** null: the service as a whole. */
  readonly slot: number | null;
  readonly for: "dependency" | "dependents" | "ready" | "backoff" | "room" | "schedule" | "socket";
  /** For a person: `redis is not ready`, `an older instance stops first`. */
  readonly detail: string;
  /** The service waited for, where there is one. */
  readonly on?: string;
  readonly until?: Millis;
}

/** One action a line, in order, with its reason: the form that tests compare whole. */
export function formatPlan(plan: Plan, now: Millis): string {
  const lines = plan.actions.map(formatAction);
  for (const wait of plan.waits) {
    const who = wait.slot === null ? wait.service : `${wait.service}.${wait.slot}`;
    const until = wait.until === undefined ? "" : ` (${wait.until - now} ms)`;
    lines.push(`wait ${who} for ${wait.for}: ${wait.detail}${until}`);
  }
  if (plan.wakeAt !== null) lines.push(`(wake in ${plan.wakeAt - now} ms)`);
  return lines.join("\n");
}

/** `start api.1#2: missing`. */
export function formatAction(action: Action): string {
  const who =
    "id" in action ? `${action.id.service}.${action.id.slot}#${action.id.run}` : action.service;
  return `${wordsOf(action)} ${who}: ${action.reason}`;
}

function wordsOf(action: Action): string {
  switch (action.kind) {
    case "rollout":
      return `rollout ${action.step.kind}`;
    case "watched":
      return `watched ${action.effect.kind}`;
    case "due":
      return `due ${action.effect}`;
    case "demand":
      return `demand ${action.effect}`;
    case "bind":
    case "unbind":
      return `${action.kind} ${addressText(action.address)} of`;
    case "probe":
      return `probe ${action.probe}`;
    case "update":
      return `update [${action.paths.join(", ")}]`;
    default:
      return action.kind;
  }
}
