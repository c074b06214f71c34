import { standing } from "./backoff.ts";
import { crashesWords, exitAfterWords, oomField, retryOf, retryWords } from "./exit.ts";
import { huntedFields, huntedSuffix, lastingWords } from "./hunted.ts";
import { instanceState, type State } from "./instance-state.ts";
import {
  type Exit,
  type HuntedProcess,
  type Instance,
  instanceName,
  type Observed,
  type Phase,
} from "./observed.ts";
import type { Millis } from "./spec.ts";
import { formatDuration, roundDuration } from "./units.ts";

/** One thing that happened, for people and programs; the supervisor adds number, time and last lines. */
export interface Told {
  readonly type: "state" | "rollout" | "watch" | "schedule" | "socket" | "demand";
  /** One line that stands alone: `worker crashed: exit 1 after 0.4s, retry 2 of 10 in 2s`. */
  readonly message: string;
  readonly service: string;
  readonly instance?: number;
  readonly run?: number;
  readonly state?: State;
  readonly pid?: number;
  readonly port?: number;
  readonly ready_ms?: number;
  readonly exit_code?: number | null;
  readonly signal?: string | null;
  readonly oom?: "sure" | "probable";
  readonly retry_in_ms?: number;
  readonly failures?: number;
  readonly failures_max?: number;
  readonly drain_ms?: number;
  readonly killed?: boolean;
  readonly hunted?: readonly HuntedProcess[];
  readonly hunted_more?: number;
  readonly lasting?: boolean;
  readonly replaced?: number;
  readonly instances?: number;
  readonly elapsed_ms?: number;
}

interface Look {
  readonly after: Observed;
  readonly now: Millis;
  readonly isOnly: boolean;
}

type More = Partial<Omit<Told, "type" | "message" | "service" | "instance" | "run" | "state">>;

/** A change of state of one run; `words` follow its name. */
export function tell(
  instance: Instance,
  look: Pick<Look, "isOnly">,
  state: State,
  words: string,
  more: More = {},
): Told {
  const { service, slot, run } = instance;
  const who = look.isOnly && slot === 1 ? service : instanceName(instance);
  return {
    type: "state",
    message: `${who} ${words}`,
    service,
    instance: slot,
    run,
    state,
    ...more,
  };
}

/** Ready for the first time, or again. */
export function readyTransition(is: Instance, from: Phase, look: Look): Told {
  const pid = is.phase.kind === "ready" ? { pid: is.phase.pid } : {};
  if (from.kind === "unready") return tell(is, look, "ready", "is ready again", pid);
  const ms = look.now - is.startedAt;
  return tell(is, look, "ready", `ready in ${roundDuration(ms)}`, {
    ...pid,
    ready_ms: Math.round(ms),
  });
}

/** It was told to end, had to be killed, or ended and left something behind; else nothing new. */
export function stoppingTransition(is: Instance, was: Instance | null, look: Look): Told[] {
  const { phase } = is;
  const from = was?.phase ?? null;
  if (phase.kind !== "stopping" && phase.kind !== "ending") return [];
  const before = from?.kind === phase.kind ? from : null;
  const lasting = lastingWords(is);
  if (lasting !== null && (was === null || lastingWords(was) !== lasting)) {
    return [tell(is, look, "stopping", lasting, huntedFields(is))];
  }
  const elapsed = { elapsed_ms: Math.round(look.now - phase.since) };
  if (phase.killed && before?.killed !== true) {
    const words = `did not stop in ${roundDuration(elapsed.elapsed_ms)}, killed`;
    return [tell(is, look, "stopping", words, { killed: true, ...elapsed })];
  }
  if (phase.kind === "stopping" && before === null) {
    const { drainMs, reason } = phase;
    if (drainMs === undefined) return [tell(is, look, "stopping", `stops: ${reason}`)];
    const words = `drains its connections, up to ${formatDuration(drainMs)}: ${reason}`;
    return [tell(is, look, "stopping", words, { drain_ms: drainMs })];
  }
  if (phase.kind === "ending" && phase.told && (before?.kind !== "ending" || !before.told)) {
    const words = `ended (${exitAfterWords(is, phase)}) and left processes behind, which are stopped`;
    return [tell(is, look, "stopping", words, exitFields(phase.exit))];
  }
  return [];
}

/** The end of a run; `is` null: it has left the books already, or the next run has its place. */
export function endedTransition(was: Instance, is: Instance | null, look: Look): Told {
  const { phase } = was;
  if (phase.kind === "stopping" && phase.asked) return stopped(was, phase, look);
  if (is !== null && is.phase.kind === "ended") return endedByItself(is, is.phase, look);
  const exit: Exit = ("exit" in phase ? phase.exit : null) ?? { kind: "unknown" };
  const words = exitAfterWords(was, { kind: "ending", exit, since: look.now, ...NO_REMAINS });
  const next = look.after.services.get(was.service)?.instances.find((i) => i.slot === was.slot);
  const again = next === undefined ? "" : ", starts again now";
  const more = {
    ...exitFields(exit),
    ...huntedFields(was),
    ...(next === undefined ? {} : { retry_in_ms: 0 }),
  };
  return tell(
    was,
    look,
    "crashed",
    `${isSuccess(was, exit) ? "ended" : "crashed"}: ${words}${again}${huntedSuffix(was)}`,
    more,
  );
}

const NO_REMAINS = { killAt: 0, told: false, killed: false, readyMs: 0 } as const;

function stopped(was: Instance, phase: Phase & { kind: "stopping" }, look: Look): Told {
  const elapsed = look.now - phase.since;
  const words = phase.killed
    ? `killed after ${roundDuration(elapsed)}`
    : `stopped in ${roundDuration(elapsed)}`;
  return tell(was, look, "stopped", words + huntedSuffix(was), {
    elapsed_ms: Math.round(elapsed),
    ...huntedFields(was),
    ...(phase.killed ? { killed: true } : {}),
    ...(phase.exit === null ? {} : exitFields(phase.exit)),
  });
}

function endedByItself(is: Instance, phase: Phase & { kind: "ended" }, look: Look): Told {
  const words = exitAfterWords(is, phase);
  const left = huntedSuffix(is);
  const fields = {
    ...exitFields(phase.exit),
    ...huntedFields(is),
    elapsed_ms: Math.round((phase.exitedAt ?? phase.at) - is.startedAt),
  };
  const state = instanceState(is);
  const retry = retryOf(is);
  if (retry !== null) {
    const verb = isSuccess(is, phase.exit) ? "ended" : "crashed";
    const { failures, failuresMax, until } = retry;
    return tell(is, look, state, `${verb}: ${words}, ${retryWords(retry, look.now)}${left}`, {
      ...fields,
      retry_in_ms: Math.round(Math.max(0, until - look.now)),
      failures,
      failures_max: failuresMax,
    });
  }
  if (standing(is).kind === "done") {
    return tell(is, look, state, `done in ${roundDuration(fields.elapsed_ms)}${left}`, fields);
  }
  const gaveUp = is.exits.length > 1 ? `gave up after ${crashesWords(is)}` : "failed";
  return tell(is, look, state, `${gaveUp}: ${words}${left}`, {
    ...fields,
    failures: is.exits.length,
  });
}

function isSuccess(instance: Instance, exit: Exit): boolean {
  return exit.kind === "code" && instance.applied.success_codes.includes(exit.code);
}

function exitFields(exit: Exit): {
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly oom?: "sure" | "probable";
} {
  return {
    exit_code: exit.kind === "code" ? exit.code : null,
    signal: exit.kind === "signal" ? exit.signal : null,
    ...oomField(exit),
  };
}
