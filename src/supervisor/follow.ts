import type { Operation, ResultItem, ServiceResult, StreamItem } from "../control/protocol.ts";
import type { Observed } from "../core/observed.ts";
import { Progress } from "./progress.ts";
import { makeResult } from "./result.ts";
import type { Session } from "./session.ts";

export type OnItem = (item: StreamItem) => void;

export interface Course {
  readonly request: Operation & { readonly wait?: boolean; readonly timeout_ms?: number };
  readonly onItem: OnItem;
  readonly release: () => void;
  /** As it was before the operation changed anything; what is now, unless said otherwise. */
  readonly before?: Observed;
  /** Those whose verdict is waited for. */
  readonly services: readonly string[];
}

/** Ends an operation: waits for the verdicts, or not, and makes the result. */
export interface Way {
  finish(
    make?: (services: readonly ServiceResult[], elapsedMs: number) => ResultItem,
  ): Promise<ResultItem>;
}

/**
 * Runs `change`, which changes what is desired, and passes on every event until it has its result. The turn
 * is held as long; a client that goes away changes nothing of that.
 */
export async function follow(
  session: Session,
  course: Course,
  change: (way: Way) => Promise<ResultItem>,
): Promise<ResultItem> {
  const { request, services, onItem } = course;
  const before = course.before ?? session.core.observed;
  const forgivesRollback = request.op === "scale" || request.op === "start";
  const { seq } = session.events;
  const progress = new Progress(session, { services, before, seq, forgivesRollback });
  const stop = session.events.follow(onItem, () => undefined);
  try {
    return await change({
      async finish(make) {
        const isWaiting = request.wait !== false;
        if (isWaiting) await waitFor(session, progress, request);
        const results = progress.results(isWaiting);
        const elapsedMs = progress.elapsedMs;
        return (
          make?.(results, elapsedMs) ?? makeResult({ op: request.op, services: results, elapsedMs })
        );
      },
    });
  } finally {
    stop();
    course.release();
  }
}

/** A project that is taken down meanwhile ends the wait of everybody but `down`. */
function waitFor(
  session: Session,
  progress: Progress,
  request: Course["request"],
): Promise<true | null> {
  const isOverruled = () => session.core.desired.draining && request.op !== "down";
  return session.until(
    () => (isOverruled() ? true : progress.look()),
    request.timeout_ms ?? Number.POSITIVE_INFINITY,
  );
}
