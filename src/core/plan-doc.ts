import type { Source } from "./spec.ts";

/** What `procs plan` shows and `--json` prints: made by core/preview.ts, rendered by cli/. */
export interface PlanDoc {
  /** Eight hex digits over what would change; `--expect` compares it. */
  readonly id: string;
  readonly project: string;
  readonly changed: boolean;
  readonly summary: {
    readonly add: number;
    readonly change: number;
    readonly remove: number;
    readonly unchanged: number;
  };
  /** Changed ones first in file order, then removed ones, then unchanged ones. */
  readonly services: readonly PlanService[];
  /** What the simulated supervisor would do, one formatAction() line each, in order. */
  readonly steps: readonly string[];
}

/** What happens to one service, and why. */
export interface PlanService {
  readonly service: string;
  readonly symbol: "+" | "-" | "~" | "-/+" | "=";
  readonly action:
    | "start"
    | "stop"
    | "rolling_restart"
    | "stop_then_start"
    | "scale"
    | "no_restart"
    | "run"
    | "adopt"
    | "blocked"
    | "none";
  /** What will happen, then downtime in words: `rolling restart, 2 -> 3 instances, no downtime`. */
  readonly words: string;
  /** none: somebody is ready at every moment; gap: nobody is, until the new one is ready. */
  readonly downtime: "none" | "gap";
  /** Why it happens, when the changes alone do not say it: `restart asked`, `redis is replaced`. */
  readonly reason: string | null;
  readonly instances: { readonly from: number; readonly to: number };
  readonly changes: readonly Change[];
  /** Facts worth a line: `stopped by hand, left alone (procs start worker)`, `scaled by hand to 4; procs.yaml says 2`. */
  readonly notes: readonly string[];
}

/** One difference of the file, as people read it. */
export interface Change {
  /** `env.PORT`, `stop.timeout`, `command`. */
  readonly path: string;
  /** As a person writes it (`10MB`, `5s`); null: absent, or redacted. */
  readonly from: string | null;
  readonly to: string | null;
  readonly redacted: boolean;
  readonly class: KeyClass;
  readonly source: Source | null;
}

/**
 * What an edit of a key does. `process`: fixed at exec, so instances are replaced. `live`: procs owns it,
 * applied without touching the process. `topology`: how many, in which order. `schedule`: re-arms a timer.
 * `cosmetic`: nothing at all.
 */
export type KeyClass = "process" | "live" | "topology" | "schedule" | "cosmetic";
