import { existsSync } from "node:fs";
import { type ClientRequest, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import type { Check, Millis } from "../core/spec.ts";
import { isSeenAccepting, mayBeAccepting, Newcomers, type Sharing } from "./accepting.ts";
import { attempt } from "./attempt.ts";
import {
  connectToInstance,
  type Destination,
  destinationOf,
  opened,
  pause,
} from "./own-connection.ts";
import type { ProbeAnswer, ProbeTarget } from "./probes.ts";

/** A GET; 2xx and 3xx pass. */
export function askHttp(url: string, target: ProbeTarget, limitMs: Millis): Promise<ProbeAnswer> {
  const to = /^https?:/.test(url) ? null : ownDestination(target, portIn(url));
  const path = url.replace(/^:\d+/, "");
  const shown = to === null || "path" in to || portIn(url) !== null ? url : `:${to.port}${url}`;
  const label = `GET ${shown}`;
  if (to === null && !/^https?:/.test(url)) return none(`GET ${url}`);
  return attempt({ label, limitMs, signal: target.signal }, (settle, signal, elapsed) => {
    const follow = (asked: ClientRequest): void => {
      asked.on("response", (response) => {
        const status = response.statusCode ?? 0;
        // The status is the answer; a body without an end is none of our concern.
        response.destroy();
        settle(status >= 200 && status < 400, `${label} ${status} in ${elapsed()}`);
      });
      asked.on("error", (error) => settle(false, `${label} ${failureWord(error)}`));
      asked.end();
    };
    if (to === null) {
      const request = url.startsWith("https:") ? requestHttps : requestHttp;
      follow(request(url, { signal, agent: false }));
      return;
    }
    reach(to, target, signal).then(
      (socket) => {
        if (socket === null) return settle(false, `${label}: ${OTHERS}`);
        const host = "path" in to ? "localhost" : `localhost:${to.port}`;
        // Its own agent would open another connection, which another instance might take.
        const createConnection = () => socket;
        follow(requestHttp({ path: path || "/", headers: { host }, createConnection, signal }));
      },
      (error: Error) => settle(false, `${label} ${failureWord(error)}`),
    );
  });
}

/** A connection; that it comes about passes. */
export function askTcp(
  check: Check & { readonly kind: "tcp" },
  target: ProbeTarget,
  limitMs: Millis,
): Promise<ProbeAnswer> {
  const { host, port } = check;
  const to = host !== null && port !== null ? { host, port } : ownDestination(target, port);
  if (to === null) return none("tcp");
  const label = "path" in to ? `tcp ${to.path}` : `tcp ${host ?? ""}:${to.port}`;
  return attempt({ label, limitMs, signal: target.signal }, (settle, signal, elapsed) => {
    reach(to, target, signal).then(
      (socket) => {
        socket?.destroy();
        if (socket === null) settle(false, `${label}: ${OTHERS}`);
        else settle(true, `${label} open in ${elapsed()}`);
      },
      (error: Error) => settle(false, `${label} ${failureWord(error)}`),
    );
  });
}

/** Whether this very instance accepts on the sockets that it was given. */
export function askAccepts(target: ProbeTarget, limitMs: Millis): Promise<ProbeAnswer> {
  const { sharing = null } = target;
  if (sharing === null) return none("accepts");
  const label = "accepts";
  return attempt({ label, limitMs, signal: target.signal }, (settle, signal, elapsed) => {
    isAccepting(target, signal).then(
      (ok) => settle(ok, ok ? `accepts connections, seen in ${elapsed()}` : NOT_YET),
      (error: Error) => settle(false, `${label}: ${failureWord(error)}`),
    );
  });
}

const OTHERS = "another instance answered";
const NOT_YET = "does not accept connections yet";

/** How many connections are made to see whether it takes one, one round after the other. */
const POKES: readonly number[] = [1, 2, 4, 8];
const POKE_MS = 80;
const LOOK_MS = 10;

async function isAccepting(
  { sharing = null, upstream = null }: ProbeTarget,
  signal: AbortSignal,
): Promise<boolean> {
  const [first] = sharing?.addresses ?? [];
  if (sharing === null || first === undefined) return false;
  if (upstream !== null && existsSync(upstream) && (await isOpen(upstream, signal))) return true;
  const isSeen = () => isSeenAccepting(sharing, sharing.pids());
  if (isSeen()) return true;
  if (!mayBeAccepting(sharing.pids())) return false;
  const newcomers = new Newcomers(sharing);
  const made: Socket[] = [];
  let wasAnswered = false;
  const answered = () => {
    wasAnswered = true;
  };
  try {
    for (const count of POKES) {
      const round = Array.from({ length: count }, () => opened(destinationOf(first), signal));
      for (const socket of await Promise.all(round)) {
        made.push(socket.once("data", answered).once("end", answered));
        // Whoever serves one at a time is not to be kept waiting; and who reads nothing hears of the end.
        if (sharing.isAlone()) socket.end();
      }
      for (const until = performance.now() + POKE_MS; performance.now() < until; ) {
        await pause(LOOK_MS);
        if (signal.aborted) return false;
        if ((wasAnswered && sharing.isAlone()) || newcomers.look().size > 0) return true;
      }
      if (isSeen()) return true;
    }
    return false;
  } finally {
    for (const socket of made) socket.destroy();
  }
}

async function isOpen(path: string, signal: AbortSignal): Promise<boolean> {
  try {
    (await opened({ path }, signal)).destroy();
    return true;
  } catch {
    return false;
  }
}

/** A connection to this very instance, as far as that can be seen; null: others have taken all of them. */
async function reach(
  to: Destination,
  { sharing = null }: ProbeTarget,
  signal: AbortSignal,
): Promise<Socket | null> {
  const isShared = sharing !== null && isOneOf(to, sharing) && !sharing.isAlone();
  if (!isShared) return opened(to, signal);
  const pids = sharing.pids();
  if (!isSeenAccepting(sharing, pids) && !mayBeAccepting(pids)) throw new Error(`: ${NOT_YET}`);
  // Of a unix socket the system does not say whose connection is whose.
  if ("path" in to) return isSeenAccepting(sharing, pids) ? opened(to, signal) : null;
  return connectToInstance(to, sharing, signal);
}

function isOneOf(to: Destination, { addresses }: Sharing): boolean {
  return addresses.some((address) =>
    "path" in to
      ? address.kind === "unix" && address.path === to.path
      : address.kind === "tcp" && address.port === to.port,
  );
}

/** Where the instance itself is: at the given port, at what procs listens on for it, or at its own port. */
function ownDestination(
  { port, sharing, upstream }: ProbeTarget,
  given: number | null,
): Destination | null {
  if (given === null && upstream != null && existsSync(upstream)) return { path: upstream };
  const wanted = given ?? port;
  const address = sharing?.addresses.find((each) =>
    wanted === null ? each.kind === "unix" : each.kind === "tcp" && each.port === wanted,
  );
  if (address !== undefined) return destinationOf(address);
  return wanted === null ? null : { port: wanted, host: null };
}

function portIn(url: string): number | null {
  const port = /^:(\d+)/.exec(url)?.[1];
  return port === undefined ? null : Number(port);
}

function none(label: string): Promise<ProbeAnswer> {
  return Promise.resolve({ ok: false, detail: `${label}: the service has no port` });
}

function failureWord(error: Error): string {
  const code = "code" in error ? error.code : undefined;
  if (code === "ECONNREFUSED") return "refused";
  if (code === "ECONNRESET") return "reset";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "unknown host";
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return "unreachable";
  return error.message;
}
