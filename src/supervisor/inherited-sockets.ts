import { fstatSync } from "node:fs";

/** The names of the sockets that a guardian holds, as a JSON list, in the order of their descriptors. */
export const SOCKETS_VARIABLE = "PROCS_SOCKETS";

/**
 * From here on without a gap: Node closes at exec whatever it inherited, up to the first free descriptor above 15, and
 * no program is to get a socket that is not its own.
 */
export const FIRST_SOCKET_FD = 10;

/** The sockets that the guardian passed on to this process, by what they are called. */
export function inheritedSockets(env: NodeJS.ProcessEnv): ReadonlyMap<string, number> {
  const sockets = new Map<string, number>();
  for (const [index, name] of namesIn(env[SOCKETS_VARIABLE]).entries()) {
    const fd = FIRST_SOCKET_FD + index;
    if (isSocket(fd)) sockets.set(name, fd);
  }
  return sockets;
}

function namesIn(text: string | undefined): readonly string[] {
  try {
    const list: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(list) ? list.map(String) : [];
  } catch {
    return [];
  }
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}
