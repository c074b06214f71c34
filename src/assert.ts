/** A broken assumption inside procs: never the user's mistake, always ours. */
export class BugError extends Error {
  override readonly name = "BugError";
}

/** Crashes loudly when `condition` is false: carrying on with a wrong belief is worse than stopping. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new BugError(message);
}

/** Ends a switch over a union: adding a member then breaks the build in each place that must know it. */
export function unreachable(value: never): never {
  throw new BugError(`unreachable: ${JSON.stringify(value)}`);
}
