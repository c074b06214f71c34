import type { Exit, Hunted, InstanceId } from "./observed.ts";
import type { Millis, ServiceSpec } from "./spec.ts";

/** Everything that can happen, as the host reports it. Events about unknown runs are ignored. */
export type Event =
  /** The program runs; `port` is what `port: auto` chose, or the fixed one. */
  | {
      readonly kind: "started";
      readonly id: InstanceId;
      readonly pid: number;
      readonly port: number | null;
    }
  /** The main process is gone. Always before `gone`. A spawn that failed: exit kind `spawn`. */
  | {
      readonly kind: "exited";
      readonly id: InstanceId;
      readonly exit: Exit;
      /** When, where that was earlier: it ended while no supervisor was there. */
      readonly at?: Millis;
    }
  /** Nothing that this run started is alive any more. Exactly once a run, after `exited`. */
  | { readonly kind: "gone"; readonly id: InstanceId; readonly at?: Millis }
  /** Processes of a run outside its group and session were found, and sent a signal: all that were so far. */
  | ({ readonly kind: "hunted"; readonly id: InstanceId } & Hunted)
  | {
      readonly kind: "probed";
      readonly id: InstanceId;
      readonly probe: "ready" | "alive";
      readonly ok: boolean;
      /** `GET :3000/health 200 in 3ms`; one line, for people. */
      readonly detail: string;
    }
  /** A watched file changed; `path` relative to the service's cwd where it is below it. */
  | { readonly kind: "changed"; readonly service: string; readonly path: string }
  /** A watch's `run` command ended. */
  | {
      readonly kind: "ran";
      readonly service: string;
      readonly ok: boolean;
      readonly detail: string;
    }
  /** The schedule of a service is next due at `at` (null: never again). */
  | { readonly kind: "scheduled"; readonly service: string; readonly at: Millis | null }
  /** Was to be started, by an earlier supervisor that died before it did: nothing ever ran. */
  | { readonly kind: "unstarted"; readonly id: InstanceId }
  /** When the stop signal that an earlier supervisor had decided on was sent, `at` or only now: its grace begins there. */
  | { readonly kind: "resent"; readonly id: InstanceId; readonly at?: Millis }
  /** A run of an earlier supervisor, of which the books know nothing, was found alive and is taken over. */
  | {
      readonly kind: "adopted";
      readonly id: InstanceId;
      /** null: its program is not known to run yet; `started` follows. */
      readonly pid: number | null;
      readonly port: number | null;
      /** What it was started with. */
      readonly applied: ServiceSpec;
      readonly generation: number;
      /** Epochs of its `restart: true` dependencies, as far as they are known: it is not replaced for others. */
      readonly upstream: Readonly<Record<string, number>>;
    }
  /** The host holds the socket; `address` as `addressText` says it. */
  | { readonly kind: "bound"; readonly service: string; readonly address: string }
  /** It could not be bound: `detail` says who has it, for people. */
  | {
      readonly kind: "unbindable";
      readonly service: string;
      readonly address: string;
      readonly detail: string;
      /** Only live instances of this project have it: it can be bound when they have ended. */
      readonly ours?: boolean;
    }
  /** Nobody holds it for us any more. */
  | { readonly kind: "unbound"; readonly address: string }
  /** A connection waits on a socket of a service that does not run. */
  | { readonly kind: "woken"; readonly service: string }
  /** Its number of open connections has changed, or one came and went. */
  | { readonly kind: "traffic"; readonly service: string; readonly connections: number }
  /** Forget the failures of a service, and that its last rollout failed: it was asked for by hand. */
  | { readonly kind: "reset"; readonly service: string }
  /** Runs begin after this number: logs of earlier supervisors stay apart. */
  | {
      readonly kind: "runs";
      readonly service: string;
      readonly slot: number;
      readonly next: number;
    }
  /** Whatever is stopping has had its grace (second Ctrl-C). */
  | { readonly kind: "hurry" }
  /** The alarm. */
  | { readonly kind: "woke" };
