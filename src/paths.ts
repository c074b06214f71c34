import { createHash } from "node:crypto";
import { join } from "node:path";

/** Where the things of one project live. Everything is 0600 in folders that are 0700 and ours. */
export interface ProjectPaths {
  /** Eight to sixteen hex digits of the folder's real path. */
  readonly id: string;
  /** Real path of the folder that holds procs.yaml. */
  readonly folder: string;
  /** Cleared at boot, or carrying the boot id: socket, life fifos. Another shell may name another one. */
  readonly runtime: string;
  /** Kept: lock, runs (logs, ledgers), events, state. */
  readonly state: string;
  readonly socket: string;
  /** Not in `runtime`, which may be cleaned away under a supervisor, or be another one in another shell. */
  readonly lock: string;
  /** Where the supervisor that runs has its socket, as text. */
  readonly address: string;
  /** Life fifos: `<service>.<slot>.<run>.main` and `.tree`. */
  readonly life: string;
  /** One folder a slot, `<service>.<slot>`: see src/logs/layout.ts. */
  readonly runs: string;
  readonly events: string;
  readonly stateFile: string;
  readonly supervisorLog: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** `folder` is the real path; `env` is looked at for XDG_RUNTIME_DIR, XDG_STATE_HOME, PROCS_STATE_DIR, HOME. */
export function projectPaths(folder: string, env: Env, uid: number): ProjectPaths {
  const id = folderId(folder);
  const runtime = join(runtimeRoot(env, uid), id);
  const state = join(stateRoot(env), id);
  return {
    id,
    folder,
    runtime,
    state,
    socket: join(runtime, "sock"),
    lock: join(state, "lock"),
    address: join(state, "address"),
    life: join(runtime, "life"),
    runs: join(state, "runs"),
    events: join(state, "events.ndjson"),
    stateFile: join(state, "state.json"),
    supervisorLog: join(state, "supervisor.log"),
  };
}

/** Names a project by the real path of its folder. */
export function folderId(folder: string): string {
  return createHash("sha256").update(folder).digest("hex").slice(0, 12);
}

/** `$XDG_RUNTIME_DIR/procs`, else `/tmp/procs-<uid>`. PROCS_STATE_DIR moves both. */
export function runtimeRoot(env: Env, uid: number): string {
  if (env.PROCS_STATE_DIR) return join(env.PROCS_STATE_DIR, "run");
  if (env.XDG_RUNTIME_DIR) return join(env.XDG_RUNTIME_DIR, "procs");
  return `/tmp/procs-${uid}`;
}

export function stateRoot(env: Env): string {
  if (env.PROCS_STATE_DIR) return join(env.PROCS_STATE_DIR, "state");
  if (env.XDG_STATE_HOME) return join(env.XDG_STATE_HOME, "procs");
  return join(env.HOME ?? "/", ".local", "state", "procs");
}
