import { RequestError } from "../control/failure.ts";
import type { Operation } from "../control/protocol.ts";
import { formatDuration } from "../core/units.ts";
import { EXIT } from "../errors.ts";
import type { Session } from "./session.ts";
import type { Turn } from "./turns.ts";

/** What an operation is about to do, made anew after each wait: meanwhile another one may have changed everything. */
export interface Prepared {
  readonly services: ReadonlySet<string>;
}

/** Longer than that, a person is better told who is in the way. */
const TURN_MS_MAX = 10_000;

/**
 * Waits until no other operation is changing the same services, then takes the turn. What comes back was
 * prepared after the wait, and nothing has happened since. Throws P603 (409) when the wait is too long.
 */
export async function takeTurn<T extends Prepared>(
  session: Session,
  operation: Operation,
  limits: { readonly wait?: boolean; readonly timeout_ms: number },
  prepare: () => T,
): Promise<T & { readonly release: () => void }> {
  const limitMs = limits.wait === false ? 0 : Math.min(limits.timeout_ms, TURN_MS_MAX);
  const until = session.clock.now() + limitMs;
  for (;;) {
    refuseWhenLeaving(session);
    const prepared = prepare();
    const blocker = session.turns.conflict(prepared.services, operation.by);
    if (blocker === null) {
      const op = nameOf(operation);
      const since = session.clock.now();
      const { services } = prepared;
      const release = session.turns.take({ op, by: operation.by, since, services });
      return { ...prepared, release };
    }
    const left = until - session.clock.now();
    if (left <= 0 || !(await session.turns.change(left))) throw busy(session, blocker);
  }
}

/** Throws P611 (409) while the project is going down. */
export function refuseWhenLeaving(session: Session): void {
  if (!session.core.desired.draining) return;
  throw new RequestError(409, "P611", `"${projectName(session)}" is going down`, {
    help: ["wait until procs ps says that nothing runs, then: procs up"],
  });
}

/** `up` rather than `apply`: the word that a person typed. */
function nameOf(operation: Operation): Turn["op"] {
  return operation.op === "apply" ? operation.command : operation.op;
}

function busy(session: Session, turn: Turn): RequestError {
  const seconds = Math.max(1, Math.round((session.clock.now() - turn.since) / 1000));
  const who = `pid ${turn.by.pid}, ${turn.by.user}, for ${formatDuration(seconds * 1000)}`;
  const message = `another procs ${turn.op} is changing "${projectName(session)}" (${who})`;
  return new RequestError(409, "P603", message, {
    exit: EXIT.supervisor,
    help: ["wait until it is done, or end what it waits for: procs stop NAME"],
  });
}

function projectName(session: Session): string {
  return session.basis.project?.name ?? session.paths.folder;
}
