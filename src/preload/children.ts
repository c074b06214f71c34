import childProcess, { ChildProcess } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
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
  for (const name of ["spawnSync", "execFileSync", "execSync"]) patchSync(name, given, isWanted);
  // Programs that import these by name get ours too.
  syncBuiltinESMExports();
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
  const at = pairs.findIndex((pair) => String(pair).startsWith(`${KEY}=`));
  // Without the variable it would not know what it has.
  if (at < 0) return options;
  const isWorker = pairs.some((pair) => String(pair).startsWith("NODE_UNIQUE_ID="));
  if (!isWorker && !isWanted()) return options;
  const stdio = wholeStdio(options.stdio);
  if (stdio === null) return options;
  const passed = behind(stdio, given);
  const envPairs = [...pairs.slice(0, at), `${KEY}=${passed.text}`, ...pairs.slice(at + 1)];
  return { ...options, stdio: passed.stdio, envPairs };
}

/** The sockets behind what a child is given anyway, and what it is told of them. */
function behind(stdio: readonly unknown[], given: readonly Given[]) {
  const held = given.filter(isHeld);
  const moved = held.map((each, index) => ({ ...each, fd: stdio.length + index }));
  return { stdio: [...stdio, ...held.map(({ fd }) => fd)], text: givenText(moved) };
}

/**
 * A program that starts another one and waits for it, with its own output: what stands before many commands. What is
 * run for its output is no server.
 */
function patchSync(name: string, given: readonly Given[], isWanted: () => boolean): void {
  const functions: Record<string, unknown> = { ...childProcess };
  const original = functions[name];
  if (typeof original !== "function") return;
  const patched = (...args: unknown[]) => {
    const at = args.findIndex((each) => isOptions(each) && isOwnOutput(each.stdio));
    const options: unknown = args[at];
    const { env = process.env, ...others } = isOptions(options) ? options : {};
    if (at < 0 || !isWanted() || Object(env)[KEY] === undefined) {
      return Reflect.apply(original, childProcess, args);
    }
    const passed = behind(wholeStdio(others.stdio) ?? [], given);
    const own = { ...Object(env), [KEY]: passed.text };
    const changed = [...args];
    changed[at] = { ...others, stdio: passed.stdio, env: own };
    return Reflect.apply(original, childProcess, changed);
  };
  Object.assign(childProcess, { [name]: patched });
}

const KEY = "PROCS_LISTEN";

/** All three standard ones at least, so that ours come behind them; null: what that is only Node knows. */
function wholeStdio(stdio: unknown): readonly unknown[] | null {
  if (stdio === undefined || stdio === null) return ["pipe", "pipe", "pipe"];
  if (typeof stdio === "string") return [stdio, stdio, stdio];
  if (!Array.isArray(stdio)) return null;
  const missing = Array.from({ length: Math.max(0, 3 - stdio.length) }, () => "pipe");
  return [...stdio, ...missing];
}

function isOptions(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isOwnOutput(stdio: unknown): boolean {
  return stdio === "inherit" || (Array.isArray(stdio) && ["inherit", 1].includes(stdio[1]));
}
