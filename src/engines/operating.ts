import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { type StreamEnd, stream } from "../control/client.ts";
import type { Operation, ResultItem, StreamItem } from "../control/protocol.ts";
import type { PlanDoc } from "../core/plan-doc.ts";
import { EXIT, UserError, userError } from "../errors.ts";
import type { ProjectPaths } from "../paths.ts";
import type { OperateOptions } from "./engine.ts";
import { retold } from "./retold.ts";
import type { Base, Way } from "./way.ts";

/** Supervisors that one operation may outlive. */
const SUPERVISORS_MAX = 1_000;
/** How long an `up` waits for a `down` to be done. */
const DRAIN_MS_MAX = 30_000;
const LOOK_EVERY_MS = 5;
/** What is left of a time limit after a supervisor's death is at least this, for the next one to say how it went. */
const REST_MS_MIN = 5_000;

/**
 * Performs an operation to its end, over as many supervisors as it takes. It goes out under an id that the
 * supervisor records together with what it changes, so that asking the next one changes nothing twice.
 */
export async function performOperation(
  way: Way,
  operation: Operation,
  how: OperateOptions,
): Promise<ResultItem> {
  const course = new Course(operation, how);
  for (let round = 0; round < SUPERVISORS_MAX; round++) {
    const answer = await askOnce(way, course, how.launch);
    if (typeof answer === "object") return course.result(answer);
    if (answer === "cut") course.cut();
    if (await way.next()) {
      if (answer === "cut") await course.goOn(way);
    } else if (course.isOver()) return course.over();
    else if (how.launch) await way.launch();
    else throw nothingRuns();
  }
  throw course.interrupted();
}

type Answer = ResultItem | "absent" | "cut";

async function askOnce(way: Way, course: Course, launch: boolean): Promise<Answer> {
  try {
    return (await way.reach((base) => course.ask(base))) ?? "absent";
  } catch (error) {
    if (!launch || !isGoingDown(error) || !(await untilLeft(way.paths, DRAIN_MS_MAX))) throw error;
    return "absent";
  }
}

/** One operation, what has been heard of it, and how much of its time is left. */
class Course {
  readonly #operation: Operation;
  readonly #how: OperateOptions;
  readonly #since = performance.now();
  #plan: PlanDoc | null = null;
  #seq: number | null = null;
  #isRepeated = false;
  #wasCut = false;
  readonly #stopping = new Set<string>();

  constructor(operation: Operation, how: OperateOptions) {
    this.#operation = { ...operation, id: operation.id ?? randomUUID() };
    this.#how = how;
  }

  /** Null: nobody listens. */
  async ask(base: Base): Promise<ResultItem | "cut" | null> {
    let result: ResultItem | null = null;
    const end: StreamEnd | null = await stream({
      ...base,
      method: "POST",
      path: "/v1/operate",
      body: this.#body(),
      ...(this.#how.signal === undefined ? {} : { signal: this.#how.signal }),
      onValue: (value) => {
        // A line of this stream is a StreamItem: protocol.ts is the list of both sides.
        const item = value as StreamItem;
        if (item.kind === "result") result = item;
        else this.#hear(item);
      },
    });
    if (end === null) return null;
    if (result !== null) return result;
    if (end !== "aborted") return "cut";
    throw userError(EXIT.interrupted, "P612", "interrupted; the supervisor goes on");
  }

  /** Before the next supervisor is asked: nothing that happened in between is missed. */
  async goOn(way: Way): Promise<void> {
    this.#isRepeated = true;
    this.#how.onReplaced?.();
    if (this.#seq !== null) {
      await way.since(this.#seq, (event) => this.#hear(event)).catch(() => undefined);
    }
  }

  /** A signal that was sent cannot be told from one that was not. Throws P602 (exit 4). */
  cut(): void {
    this.#wasCut = true;
    if (this.#operation.op === "signal") throw this.interrupted();
  }

  /** With nothing left: the next supervisor has ended everything and left before it could be asked. */
  isOver(): boolean {
    return this.#wasCut && this.#operation.op === "down";
  }

  /** What a `down` has done that was told by nobody in the end: of what stopped, all has stopped. */
  over(): ResultItem {
    const rest = { outcome: "stopped", detail: null, elapsed_ms: null, instances: 0 } as const;
    const services = [...this.#stopping].map((name) => {
      return { name, ok: true, ...rest, last_lines: [], where: null };
    });
    return this.result({
      ...{ v: 1, kind: "result", op: "down", ok: true, exit: EXIT.ok, elapsed_ms: 0 },
      ...{ services, rolled_back: [], plan: null },
    });
  }

  interrupted(): UserError {
    const what = `the supervisor went away before it had said how the ${this.#operation.op} went`;
    return userError(EXIT.supervisor, "P602", what, {
      notes: ["its log says why, if it was not killed: procs daemon logs"],
      help: ["procs ps"],
    });
  }

  result(result: ResultItem): ResultItem {
    if (!this.#wasCut) {
      this.#how.onItem?.(result);
      return result;
    }
    const elapsed_ms = Math.round(performance.now() - this.#since);
    const whole = { ...retold(result, this.#plan), elapsed_ms };
    this.#how.onItem?.(whole);
    return whole;
  }

  #hear(item: Exclude<StreamItem, ResultItem>): void {
    if (item.kind === "event") {
      if (this.#seq !== null && item.seq <= this.#seq) return;
      this.#seq = item.seq;
      if (item.service !== undefined && item.state === "stopping") this.#stopping.add(item.service);
    } else if (this.#plan !== null) return;
    else this.#plan = item.plan;
    this.#how.onItem?.(item);
  }

  #body(): Operation {
    const operation = { ...this.#operation, ...this.#about() };
    if (!this.#isRepeated || !("timeout_ms" in operation)) return operation;
    const left = operation.timeout_ms - (performance.now() - this.#since);
    const timeout_ms = Math.max(left, Math.min(REST_MS_MIN, operation.timeout_ms));
    return { ...operation, timeout_ms };
  }

  #about(): Pick<Operation, "about"> {
    const { op } = this.#operation;
    const isReload = op === "apply" && this.#operation.command === "reload";
    if (!this.#isRepeated || this.#plan === null || !isReload) return {};
    const touched = this.#plan.services.filter(({ symbol }) => symbol !== "=");
    return { about: touched.map(({ service }) => service) };
  }
}

/** The lock of a supervisor that leaves is the last thing to go. False: it is still there. */
export async function untilLeft(paths: ProjectPaths, limitMs: number): Promise<boolean> {
  const until = performance.now() + limitMs;
  while (existsSync(paths.lock)) {
    if (performance.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return true;
}

/** P602 (exit 4). */
export function nothingRuns(): UserError {
  return userError(EXIT.supervisor, "P602", "nothing runs here", { help: ["procs up"] });
}

function isGoingDown(error: unknown): boolean {
  return error instanceof UserError && error.diagnostics[0]?.code === "P611";
}
