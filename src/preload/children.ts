import { ChildProcess } from "node:child_process";
import { type Given, givenText, isHeld } from "./given.ts";

/** What Node is asked to start, as far as it concerns us. */
interface SpawnOptions {
  readonly stdio?: unknown;
  readonly envPairs?: unknown;
}

/**
 * Node closes what it has inherited for the children that it starts: `npm start` would leave nothing of the
 * sockets to the program. They are put behind what the child is given anyway, and their new numbers told.
 * `isWanted` is false once this process serves them itself: what it starts then has no business with them.
 */
export function patchSpawn(given: readonly Given[], isWanted: () => boolean): void {
  // Not in the types of Node, and what all of spawn, exec, execFile and fork end in.
  const prototype = ChildProcess.prototype as unknown as {
    spawn?: (options: SpawnOptions) => unknown;
  };
  const original = prototype.spawn;
  if (typeof original !== "function") return;
  prototype.spawn = function spawn(options) {
    return original.call(this, passOn(options, given, isWanted));
  };
}

function passOn(
  options: SpawnOptions,
  given: readonly Given[],
  isWanted: () => boolean,
): SpawnOptions {
  const pairs: readonly unknown[] = Array.isArray(options?.envPairs) ? options.envPairs : [];
  const at = pairs.findIndex((pair) => String(pair).startsWith(NAME));
  // Without the variable it would not know what it has.
  if (at < 0) return options;
  const isWorker = pairs.some((pair) => String(pair).startsWith("NODE_UNIQUE_ID="));
  if (!isWorker && !isWanted()) return options;
  const stdio = wholeStdio(options.stdio);
  const held = given.filter(isHeld);
  if (stdio === null || held.length === 0) return options;
  const moved = held.map((each, index) => ({ ...each, fd: stdio.length + index }));
  const envPairs = [...pairs.slice(0, at), `${NAME}${givenText(moved)}`, ...pairs.slice(at + 1)];
  return { ...options, stdio: [...stdio, ...held.map(({ fd }) => fd)], envPairs };
}

const NAME = "PROCS_LISTEN=";

/** All three standard ones at least, so that ours come behind them; null: what that is only Node knows. */
function wholeStdio(stdio: unknown): readonly unknown[] | null {
  if (stdio === undefined || stdio === null) return ["pipe", "pipe", "pipe"];
  if (typeof stdio === "string") return [stdio, stdio, stdio];
  if (!Array.isArray(stdio)) return null;
  const missing = Array.from({ length: Math.max(0, 3 - stdio.length) }, () => "pipe");
  return [...stdio, ...missing];
}
