import type { Exit, InstanceId } from "../../src/core/observed.ts";
import type { Adoption } from "../../src/core/ports.ts";
import type {
  ListenAddress,
  Millis,
  ServiceSpec,
  Signal,
  StopSettings,
} from "../../src/core/spec.ts";
import type { Program } from "./program.ts";

/** What the supervisor asked of the host, for the log and the checkers. */
export type Effect =
  | { readonly kind: "start"; readonly id: InstanceId; readonly spec: ServiceSpec }
  | { readonly kind: "stop"; readonly id: InstanceId; readonly using: StopSettings }
  | { readonly kind: "kill"; readonly id: InstanceId }
  | { readonly kind: "signal"; readonly id: InstanceId; readonly signal: Signal }
  | {
      readonly kind: "probe";
      readonly id: InstanceId;
      readonly probe: "ready" | "alive";
      readonly spec: ServiceSpec;
    }
  | { readonly kind: "update"; readonly id: InstanceId; readonly spec: ServiceSpec }
  | { readonly kind: "rename"; readonly from: InstanceId; readonly id: InstanceId }
  | { readonly kind: "watch"; readonly specs: readonly ServiceSpec[] }
  | { readonly kind: "run"; readonly spec: ServiceSpec }
  | { readonly kind: "schedule"; readonly spec: ServiceSpec }
  | { readonly kind: "bind"; readonly service: string; readonly address: ListenAddress }
  | { readonly kind: "unbind"; readonly address: ListenAddress }
  | { readonly kind: "adopt"; readonly adoption: Adoption };

/** The truth about one run, whatever the supervisor believes. */
export interface Run {
  id: InstanceId;
  /** What exec saw. */
  readonly started: ServiceSpec;
  /** That, and what was changed live since. */
  applied: ServiceSpec;
  program: Program;
  /** leftover: the main process is gone, something it started is not. */
  state: "spawning" | "alive" | "leftover" | "gone";
  /** The sockets that it was given at its start, by address. */
  readonly given: readonly string[];
  readonly askedAt: Millis;
  aliveAt: Millis | null;
  pid: number;
  port: number | null;
  /** The first stop. */
  stop: { readonly at: Millis; readonly using: StopSettings } | null;
  /** The stop is on record beside the run: not sent again by the next supervisor. */
  stopNoted: boolean;
  kills: number;
  exit: Exit | null;
  exitAt: Millis | null;
  /** Whether it was asked to end before its main process went. */
  wasAsked: boolean;
  /** What the supervisor has been told so far. */
  readonly told: {
    started: boolean;
    exitedAt: Millis | null;
    gone: boolean;
    goneAt: Millis | null;
  };
  /** The supervisor that cares for it, counted from 1. */
  life: number;
  /** Generation and upstream epochs it was started for. */
  revision: string;
  /** The version of each service that it needs, when it was started. */
  upstream: Readonly<Record<string, string>>;
  /** Failures of its ready probe that the supervisor was told of since the last success or edit. */
  notReady: number;
  /** Probes of it that are on their way. */
  readonly asked: { ready: number; alive: number };
  /** An alive probe of it has failed: procs may end it, and count that as its failure. */
  failedAlive: boolean;
  tellAt: Millis;
}
