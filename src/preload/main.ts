import { isMainThread } from "node:worker_threads";
import { type Given, isHeld, readGiven } from "./given.ts";
import { installMessages } from "./message.ts";

/**
 * Loaded by NODE_OPTIONS into every Node below a service, so also into npm, tsc and the like: it looks at its
 * environment, and leaves at once where there is nothing for it to do. What it then needs is in a second file.
 */
function begin(): void {
  const { env, versions } = process;
  // Other runtimes read NODE_OPTIONS too, and are made differently.
  if (env.PROCS_PRELOAD === "off" || "bun" in versions || "deno" in versions) return;
  const messages = isMainThread ? installMessages(env) : null;
  const named = readGiven(env);
  const given = named.filter(isHeld);
  if (given.length < named.length) explainTaken(named);
  if (given.length === 0 && messages?.stopMessage == null) return;
  if (Number.parseInt(versions.node, 10) < OLDEST_NODE) return;
  load().install(given, messages?.stopMessage ?? null);
}

/** Somebody between procs and this process has closed the sockets: their ports are taken, and nobody would know why. */
function explainTaken(named: readonly Given[]): void {
  process.on("uncaughtExceptionMonitor", (error) => {
    const { code, port } = Object(error);
    if (code !== "EADDRINUSE" || !named.some((each) => each.port === port)) return;
    process.stderr.write(
      `procs holds port ${port} for this service, and this process was not given it: what\n` +
        "started it does not pass it on (node --watch and node --run do not). Let procs run\n" +
        "the program itself; it can watch files too (watch).\n",
    );
  });
}

/** What is taken hold of inside Node is known from here on. */
const OLDEST_NODE = 18;

/** Beside this file once both are bundled; the loader of modules must not be waited for. */
function load(): typeof import("./sockets.ts") {
  return require("./sockets.cjs");
}

declare function require(path: string): typeof import("./sockets.ts");

begin();
