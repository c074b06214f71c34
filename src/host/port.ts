import { readFileSync } from "node:fs";
import { createServer } from "node:net";

/** Below these are the ports that people choose for their own programs. */
const FIRST_PORT = 20_000;
/** Where systems that do not say begin to take ports for whoever asks for any. */
const COMMON_FIRST_ANY = 32_768;
const TRIES_MAX = 100;

/**
 * A free TCP port of this machine, none of `taken`: bound once to see that, and let go for the program. Not one of those
 * that the system gives to whoever asks for any: in the moment until the program binds it, somebody else could be there,
 * and would be taken for it.
 */
export async function freePort(taken: ReadonlySet<number>): Promise<number> {
  const end = firstAnyPort();
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = FIRST_PORT + Math.floor(Math.random() * (end - FIRST_PORT));
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`no free port was found in ${TRIES_MAX} tries`);
}

function firstAnyPort(): number {
  try {
    const range = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "latin1");
    const first = Number.parseInt(range, 10);
    return first > FIRST_PORT + 1_000 ? first : COMMON_FIRST_ANY;
  } catch {
    return COMMON_FIRST_ANY;
  }
}

/** At every address of the machine. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port }, () => server.close(() => resolve(true)));
  });
}
