/**
 * The resolved description of one service: what the file says after includes, defaults, interpolation
 * and env files, in canonical form. Keys are the words of procs.yaml, so that the path of a difference
 * (`env.PORT`, `stop.timeout`) is what the user typed. Plain JSON: no undefined, no functions.
 */
export interface ServiceSpec {
  readonly name: string;
  readonly kind: "service" | "task";
  readonly description: string | null;
  /** A string runs through `shell -c`; a list is exec'd as it is. `core/command.ts` makes the argv. */
  readonly command: string | readonly string[];
  readonly shell: string;
  /** Absolute. */
  readonly cwd: string;
  /** Everything the file gives: global and own env files, global and own env. May contain INSTANCE_MARK. */
  readonly env: Readonly<Record<string, string>>;
  /** The ambient variables that reach the program; filled in by the supervisor, `{}` from config. */
  readonly inherited: Readonly<Record<string, string>>;
  readonly inherit_env: boolean | readonly string[];
  readonly user: string | null;
  readonly group: string | null;
  /** File mode mask, as a number: 0o022. */
  readonly umask: number | null;
  readonly nice: number | null;
  readonly limits: { readonly nofile: number | null };
  readonly instances: number;
  /** The program binds it: instance n gets port + n - 1 as $PORT; `auto`: a free one for each run. */
  readonly port: number | "auto" | null;
  /** What procs binds for it, before it starts and for as long as it is wanted; null: nothing. */
  readonly listen: ListenSettings | null;
  /** procs runs this one for another service, as its proxy; null: the file has it. */
  readonly helps: string | null;
  readonly depends_on: Readonly<Record<string, Dependency>>;
  readonly ready: Probe | null;
  readonly alive: Probe | null;
  readonly restart: RestartPolicy;
  readonly stop: StopSettings;
  /** null: rolling where instances can overlap (`port: auto`), else one at a time, stop then start. */
  readonly reload: "rolling" | "restart" | { readonly signal: Signal } | null;
  readonly rollout: RolloutSettings;
  readonly log: LogSettings;
  readonly watch: WatchSettings | null;
  readonly schedule: Schedule | null;
  readonly profiles: readonly string[];
  readonly enabled: boolean;
  /** The name this service had before; its processes are adopted when the process part is the same. */
  readonly was: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly success_codes: readonly number[];
}

/** Milliseconds. As a point in time: on the monotonic clock of the supervisor, never wall time. */
export type Millis = number;

/** As the file spells it: `SIGTERM`. */
export type Signal = `SIG${string}`;

/** Stands where the file says `${procs.instance}`; replaced by the instance's number at start. */
export const INSTANCE_MARK = "\uE000";

/** What is waited for at each start, and whether a replacement is followed. */
export interface Dependency {
  readonly condition: "started" | "ready" | "done";
  /** Replace the dependent too when the dependency was replaced by an edit or a restart. */
  readonly restart: boolean;
  readonly required: boolean;
}

/** How, how often and how long a program is asked. */
export interface Probe {
  readonly check: Check;
  readonly interval: Millis;
  /** ready: how long until "not ready" is the verdict. alive: the limit of one attempt. */
  readonly timeout: Millis;
  /** Consecutive failures after which an alive probe restarts, or a ready instance counts as unready. */
  readonly failures: number;
}

/** What is asked of a program; notify, message and log lines come by themselves. */
export type Check =
  /** A path (`/health`: on the instance's own port), `:3000/health`, or a whole URL. 2xx and 3xx pass. */
  | { readonly kind: "http"; readonly url: string }
  /** host null is 127.0.0.1; port null is the instance's own port. */
  | { readonly kind: "tcp"; readonly host: string | null; readonly port: number | null }
  | { readonly kind: "exec"; readonly command: string | readonly string[] }
  /** Passes when this very instance accepts connections on the sockets of `listen`, of which others have copies. */
  | { readonly kind: "accepts" }
  /** A JavaScript pattern tested against each output line. */
  | { readonly kind: "log"; readonly pattern: string; readonly flags: string }
  | { readonly kind: "notify" }
  | { readonly kind: "message" };

/** What follows when a program ends unasked. */
export interface RestartPolicy {
  readonly policy: "always" | "on-failure" | "never";
  readonly backoff: { readonly min: Millis; readonly max: Millis };
  /** Ready for this long: the failure count starts anew. */
  readonly reset_after: Millis;
  /** Unasked exits within `window` after which procs gives up. */
  readonly max: number;
  readonly window: Millis;
}

/** How a program is told to end; after the timeout all that it started is killed. */
export interface StopSettings {
  readonly signal: Signal;
  readonly timeout: Millis;
  /** A Node program that waits for `process.on("message")` gets this instead of the signal; absent: the signal. */
  readonly message?: string;
}

/** Sockets that procs binds, and how their connections reach the program. */
export interface ListenSettings {
  /** One to four, in the order in which the program gets them. */
  readonly addresses: readonly ListenAddress[];
  /**
   * share: every instance is given the sockets, from descriptor 3 on. proxy: a process of procs accepts, and each
   * instance binds a $PORT of its own. inetd: one process a connection.
   */
  readonly mode: "share" | "proxy" | "inetd";
  /** on-demand: nothing runs until the first connection, which is held while the service starts. */
  readonly start: "always" | "on-demand";
  /** A service that was started on demand ends after this long without a connection; null: never. */
  readonly idle_stop: Millis | null;
  /** Connections that may wait to be accepted. */
  readonly backlog: number;
  /** proxy: how long connections of an instance that leaves may go on before it is sent its stop signal. */
  readonly drain: Millis;
  /** proxy: connections of one client address go to one instance. */
  readonly sticky: boolean;
  /** proxy: each connection begins with a PROXY protocol v2 header, which names the client. */
  readonly proxy_protocol: boolean;
  /** inetd: one process at a time, which is given the listening socket itself as its standard input. */
  readonly wait: boolean;
  /** inetd: processes at once. */
  readonly max_connections: number;
  /** inetd: processes at once for one client address; null: no limit. */
  readonly per_source: number | null;
  /** inetd: more than `count` new connections within a second, and none is taken for `pause`; null: no limit. */
  readonly rate: { readonly count: number; readonly pause: Millis } | null;
}

/** Where a socket is bound. */
export type ListenAddress =
  /** host null: every address of the machine, IPv4 and IPv6. */
  | { readonly kind: "tcp"; readonly host: string | null; readonly port: number }
  /** An absolute path; `mode` as in chmod. */
  | { readonly kind: "unix"; readonly path: string; readonly mode: number };

/** The bounds of a replacement. */
export interface RolloutSettings {
  /** A count, or a percentage of the instances ("25%"); null: 1 when instances may overlap, else 0. */
  readonly surge: number | string | null;
  readonly unavailable: number | string | null;
  readonly min_ready: Millis;
  /** Without progress for this long a rollout has failed. */
  readonly progress: Millis;
  readonly on_failure: "rollback" | "pause";
}

/** How much of a service's output is kept, and how. */
export interface LogSettings {
  /** Bytes of one stream's live file after which it is archived. */
  readonly max_size: number;
  /** Archives of `max_size` for each instance and stream. */
  readonly keep: number;
  /** Bytes on the disk, of all instances and runs; null: no limit. */
  readonly max_total: number | null;
  /** Since the last line; null: no limit. */
  readonly max_age: Millis | null;
  readonly compress: boolean;
}

/** What the logs of all services may take together. */
export type ProjectLogSettings = Pick<LogSettings, "max_total" | "max_age">;

/** Which files are watched, and what their changes lead to. */
export interface WatchSettings {
  /** Absolute files and folders; a glob is matched below its fixed part. */
  readonly paths: readonly string[];
  /** Globs, as written; matched against the path relative to the service's cwd. */
  readonly ignore: readonly string[];
  readonly debounce: Millis;
  readonly action:
    | { readonly kind: "restart" }
    | { readonly kind: "signal"; readonly signal: Signal }
    /** Runs the command once a batch; only when it succeeds does `then` happen. */
    | {
        readonly kind: "run";
        readonly command: string | readonly string[];
        readonly then: "restart" | "nothing";
      };
}

/** When a task runs. */
export interface Schedule {
  readonly cron: string;
  readonly timezone: string | null;
  /** What to do when the last run is still going: leave it, or stop it and start anew. */
  readonly overlap: "skip" | "replace";
  /** What to do for a time that passed while nothing could run (suspended, supervisor away). */
  readonly missed: "run" | "skip";
}

/** Where a value was written; `file` as the user would type it. */
export interface Source {
  readonly file: string;
  readonly line: number;
}

/** A whole procs.yaml, resolved: what a client sends to the supervisor. */
export interface Project {
  readonly name: string;
  /** Real path of the folder that holds procs.yaml: the identity of the project. */
  readonly folder: string;
  /** The path of the first file, as found. */
  readonly file: string;
  /** All of them, in order, when more than one was given. */
  readonly files?: readonly string[];
  /** Every file that was read or looked for (yaml, includes, env files), absolute: a change of one is drift. */
  readonly inputs: readonly string[];
  readonly reload: "manual" | "auto";
  readonly log: ProjectLogSettings;
  /** In file order; disabled ones and those of other profiles too. */
  readonly services: readonly ServiceSpec[];
  /** service -> path ("" is the service itself, "env.PORT", "restart.max") -> where it was written. */
  readonly sources: Readonly<Record<string, Readonly<Record<string, Source>>>>;
  /** Shell variables that the file names in ${...}, with what they were (null: unset); lets the supervisor read the file again. */
  readonly variables: Readonly<Record<string, string | null>>;
}
