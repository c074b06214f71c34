import type { ServiceSpec } from "../core/spec.ts";

type Env = Readonly<Record<string, string>>;

/**
 * What is kept of the environment of the shell that first ran `up`: without what belongs to that very
 * shell or terminal, so that programs see the same from whichever window the project was started.
 */
export function keptAmbient(shell: Env): Env {
  return Object.fromEntries(
    Object.entries(shell)
      .filter(([name]) => !VOLATILE.has(name) && !name.startsWith("PROCS_"))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** The part of the ambient environment that reaches one service, by its `inherit_env`. */
export function inheritedBy(spec: ServiceSpec, ambient: Env): Env {
  if (spec.inherit_env === true) return ambient;
  if (spec.inherit_env === false) return {};
  const wanted = new Set(spec.inherit_env);
  return Object.fromEntries(Object.entries(ambient).filter(([name]) => wanted.has(name)));
}

const VOLATILE: ReadonlySet<string> = new Set([
  "_",
  "SHLVL",
  "PWD",
  "OLDPWD",
  "COLUMNS",
  "LINES",
  "WINDOWID",
  "LISTEN_FDS",
  "LISTEN_PID",
  "LISTEN_FDNAMES",
  "NOTIFY_SOCKET",
  "NODE_CHANNEL_FD",
  "NODE_CHANNEL_SERIALIZATION_MODE",
]);
