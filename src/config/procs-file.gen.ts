// Made from schema/procs.schema.json by `node scripts/generate.mjs`. Not edited by hand.

/**
 * Files of NAME=value lines. Later ones win.
 */
export type EnvFile =
  | string
  | (
      | string
      | {
          /**
           * Path of the env file, relative to the file that names it.
           */
          path: string;
          /**
           * Whether it is an error when the file does not exist.
           */
          required?: boolean;
        }
    )[];
/**
 * Which variables of the shell reach the programs: all, none, or those named.
 */
export type InheritEnv = boolean | string[];

/**
 * procs.yaml: one file says what should run.
 */
export interface ProcsFile {
  /**
   * The name of the project, for people.
   */
  name?: string;
  /**
   * Other files that this one is laid over: this file wins. Paths are relative to this file, and paths inside an included file to that file.
   */
  include?: string | string[];
  /**
   * Env files for all services; their variables can be used as ${NAME} in this file. A missing one is an error unless it says required: false.
   */
  env_file?: EnvFile;
  /**
   * Environment variables for all services.
   */
  env?: Env;
  /**
   * Which variables of the shell reach the programs: all, none, or those named.
   */
  inherit_env?: InheritEnv;
  /**
   * `auto` applies edits of this file and of its env files as they are saved; `manual` waits for `procs reload`.
   */
  reload?: "manual" | "auto";
  /**
   * How much the logs of all services may take together, those of services that are no longer in the file too. Whatever is oldest goes first, whosever it is.
   */
  log?: {
    /**
     * What all logs of the project may take on the disk.
     */
    max_total?: string;
    /**
     * Archives and ended runs of any service are deleted this long after their last line.
     */
    max_age?: string;
  };
  /**
   * Laid under every service: maps are merged key by key, anything else is replaced by what the service says.
   */
  defaults?: Service;
  /**
   * The services, by name.
   */
  services?: {
    [k: string]: Service;
  };
}
/**
 * Environment variables by name. A value that is left empty is taken from the shell.
 */
export interface Env {
  /**
   * The value of one variable.
   *
   * This interface was referenced by `Env`'s JSON-Schema definition
   * via the `patternProperty` "^[A-Za-z_][A-Za-z0-9_.-]*$".
   */
  [k: string]: string | number | boolean | null;
}
/**
 * One service: a program that procs keeps running, or a task that runs to its end.
 *
 * This interface was referenced by `undefined`'s JSON-Schema definition
 * via the `patternProperty` "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$".
 */
export interface Service {
  /**
   * `service` runs until it is stopped; `task` runs to its end and is then done.
   */
  kind?: "service" | "task";
  /**
   * One line for people, shown by `procs status`.
   */
  description?: string;
  /**
   * What to run. Text runs through the shell, where `$NAME` is the shell's; a list is started as it is. Only `${procs.…}` and `${services.…}` are replaced in text.
   */
  command?: string | [string, ...string[]];
  /**
   * The shell that runs a command given as text, as `shell -c command`.
   */
  shell?: string;
  /**
   * The folder to run in, relative to the file that says it.
   */
  cwd?: string;
  /**
   * How many copies run, numbered from 1; `cpus` is one for each processor that procs may use (affinity, and the limit of its container, count).
   */
  instances?: number | "cpus";
  /**
   * The port that the program binds itself, given to it as $PORT: instance n gets port + n - 1. `auto` is a free one for each run. For a port that procs binds for it: `listen`.
   */
  port?: number | "auto";
  /**
   * Where procs listens for the service. The sockets are bound before anything starts and kept while it is restarted, reloaded or has crashed, so that no connection is refused in between. A port, `host:port`, the path of a unix socket (with a slash), a list of up to four, or a map.
   */
  listen?:
    | number
    | string
    | [number | string]
    | [number | string, number | string]
    | [number | string, number | string, number | string]
    | [number | string, number | string, number | string, number | string]
    | {
        /**
         * Where to listen: a port (on every address of the machine, IPv4 and IPv6), `host:port`, the path of a unix socket (with a slash; relative to the service's folder), or a list of up to four.
         */
        port:
          | number
          | string
          | [number | string]
          | [number | string, number | string]
          | [number | string, number | string, number | string]
          | [number | string, number | string, number | string, number | string];
        /**
         * The address of this machine to listen on, for ports that do not name one: `127.0.0.1` is for programs on this machine only.
         */
        host?: string;
        /**
         * Who may connect to a unix socket, in octal as for `chmod`: 600 is this user only, 660 the group too, 666 everybody.
         */
        permissions?: string | number;
        /**
         * How many connections may wait until the program accepts them. The kernel has a limit of its own (net.core.somaxconn).
         */
        backlog?: number;
        /**
         * `share` hands the sockets to every instance (LISTEN_FDS, from descriptor 3 on; a Node program needs to know nothing of it). `proxy` is for programs that can only bind a port themselves: each instance gets a $PORT of its own, and procs forwards connections. `inetd` starts the command once a connection, with the connection as its standard input and output.
         */
        mode?: "share" | "proxy" | "inetd";
        /**
         * `on-demand`: nothing runs until the first connection, which waits while the service starts.
         */
        start?: "always" | "on-demand";
        /**
         * A service that was started on demand is stopped after this long without a connection, and started again by the next one. `never`: it runs on.
         */
        idle_stop?: string;
        /**
         * How long the connections of an instance that is to stop may go on before it gets its stop signal; new ones go to others at once. Only with `mode: proxy`.
         */
        drain?: string;
        /**
         * Connections of one client address go to one instance, as long as it is ready. Only with `mode: proxy`.
         */
        sticky?: boolean;
        /**
         * Each connection to an instance begins with a PROXY protocol v2 header, which names the client; the program has to expect it. Only with `mode: proxy`.
         */
        proxy_protocol?: boolean;
        /**
         * The command is started once, with the listening socket itself as its standard input, accepts connections by itself, and ends when it has none left. Only with `mode: inetd`.
         */
        wait?: boolean;
        /**
         * Processes at once; further connections wait until one of them ends. Only with `mode: inetd`.
         */
        max_connections?: number;
        /**
         * Processes at once for one client address; further connections of it are closed. Only with `mode: inetd`.
         */
        per_source?: number;
        /**
         * After more connections than this within one second no further one is taken for a pause; they wait. Only with `mode: inetd`.
         */
        rate?:
          | string
          | {
              /**
               * Connections within one second.
               */
              count: number;
              /**
               * How long no further connection is taken.
               */
              pause?: string;
            };
      };
  /**
   * Environment variables of this service; they win over env files and over the file's own `env`. A value that is left empty is taken from the shell.
   */
  env?: Env;
  /**
   * Env files of this service, relative to the file that names them. Later ones win.
   */
  env_file?: EnvFile;
  /**
   * Which variables of the shell reach this service: all, none, or those named.
   */
  inherit_env?: InheritEnv;
  /**
   * What this service waits for before it starts; a dependency that fails later stops nothing. A list waits for `ready`, and for `done` where the other is a task.
   */
  depends_on?:
    | string
    | string[]
    | {
        [k: string]:
          | "started"
          | "ready"
          | "done"
          | {
              /**
               * `started`: its processes run. `ready`: its probe passes. `done`: the task ended well.
               */
              condition?: "started" | "ready" | "done";
              /**
               * Replace this service too when the other was replaced.
               */
              restart?: boolean;
              /**
               * Whether the other must be there at all; with false it is waited for only when it is part of the project.
               */
              required?: boolean;
            };
      };
  /**
   * When the service counts as ready. Without it: with `listen`, once it accepts connections; else once it has lived a second.
   */
  ready?: {
    [k: string]: unknown;
  } & {
    /**
     * Passes when a GET answers 2xx or 3xx. A path asks the instance's own port; also `:3000/health`, or a whole URL.
     */
    http?: string;
    /**
     * Passes when a connection is accepted: a port, `host:port`, or `true` for the instance's own port.
     */
    tcp?: number | string | true;
    /**
     * Passes when this command exits with 0. It runs in the service's folder with its environment; `$` belongs to the shell.
     */
    exec?: string | [string, ...string[]];
    /**
     * Passes when the program writes a line that contains this text, or that matches `/pattern/` (JavaScript, with flags after the last slash). `$` belongs to the pattern; only `${procs.…}` and `${services.…}` are replaced.
     */
    log?: string;
    /**
     * Passes when the program says READY=1 on the systemd notify socket.
     */
    notify?: true;
    /**
     * Passes when a Node program calls process.send('ready').
     */
    message?: true;
    /**
     * Passes when this very instance accepts connections on the sockets of `listen`. What a service with `listen` has anyway, in `share` and `inetd` mode.
     */
    accepts?: true;
    /**
     * Time between two attempts.
     */
    interval?: string;
    /**
     * How long until the verdict is: not ready.
     */
    timeout?: string;
    /**
     * Failures in a row after which a ready instance counts as unready.
     */
    failures?: number;
  };
  /**
   * Asked again and again once ready; failing restarts the instance.
   */
  alive?: {
    [k: string]: unknown;
  } & {
    /**
     * Passes when a GET answers 2xx or 3xx. A path asks the instance's own port; also `:3000/health`, or a whole URL.
     */
    http?: string;
    /**
     * Passes when a connection is accepted: a port, `host:port`, or `true` for the instance's own port.
     */
    tcp?: number | string | true;
    /**
     * Passes when this command exits with 0. It runs in the service's folder with its environment; `$` belongs to the shell.
     */
    exec?: string | [string, ...string[]];
    /**
     * Time between two attempts.
     */
    interval?: string;
    /**
     * The limit of one attempt.
     */
    timeout?: string;
    /**
     * Failures in a row after which the instance is restarted.
     */
    failures?: number;
  };
  /**
   * What happens when the program ends by itself.
   */
  restart?:
    | ("always" | "on-failure" | "never")
    | {
        /**
         * `always`, `on-failure` (an exit that is not in `success_codes`) or `never`.
         */
        policy?: "always" | "on-failure" | "never";
        /**
         * The wait before a retry: it doubles from the first to the second duration.
         */
        backoff?: string;
        /**
         * Ready for this long: the count of failures starts anew.
         */
        reset_after?: string;
        /**
         * Exits within `window` after which procs gives up.
         */
        max?: number;
        /**
         * The time in which `max` counts.
         */
        window?: string;
      };
  /**
   * How the service is stopped: the signal goes to the whole process group; what is left after the timeout is killed.
   */
  stop?: {
    /**
     * The signal that asks the program to stop.
     */
    signal?:
      | "SIGTERM"
      | "SIGINT"
      | "SIGHUP"
      | "SIGQUIT"
      | "SIGUSR1"
      | "SIGUSR2"
      | "SIGKILL"
      | "SIGABRT"
      | "SIGALRM"
      | "SIGCONT"
      | "SIGPIPE"
      | "SIGTTIN"
      | "SIGTTOU"
      | "SIGWINCH"
      | "SIGSTOP";
    /**
     * How long it may take before everything it started is killed.
     */
    timeout?: string;
    /**
     * What a Node program that waits for messages gets instead of the signal, as with PM2: `process.on('message')` is called with this text.
     */
    message?: string;
  };
  /**
   * How new instances take the place of old ones: `rolling` starts the new one first, `restart` stops the old one first. With a signal, watched files that change send it instead of a restart; an edit of what the program is started with still stops the old one first.
   */
  reload?:
    | ("rolling" | "restart")
    | {
        /**
         * The signal at which the program reads its files again.
         */
        signal:
          | "SIGTERM"
          | "SIGINT"
          | "SIGHUP"
          | "SIGQUIT"
          | "SIGUSR1"
          | "SIGUSR2"
          | "SIGKILL"
          | "SIGABRT"
          | "SIGALRM"
          | "SIGCONT"
          | "SIGPIPE"
          | "SIGTTIN"
          | "SIGTTOU"
          | "SIGWINCH"
          | "SIGSTOP";
      };
  /**
   * How instances are replaced when an edit needs new ones.
   */
  rollout?: {
    /**
     * How many instances may run above the wanted number.
     */
    surge?: number | string;
    /**
     * How many of the wanted instances may be missing.
     */
    unavailable?: number | string;
    /**
     * How long a new instance must stay ready before the next one.
     */
    min_ready?: string;
    /**
     * Without progress for this long, the rollout has failed.
     */
    progress?: string;
    /**
     * `rollback` returns to the revision that was good; `pause` leaves things as they are.
     */
    on_failure?: "rollback" | "pause";
  };
  /**
   * Acts when files change. `true` watches the service's folder.
   */
  watch?:
    | boolean
    | string
    | string[]
    | {
        /**
         * Files, folders and globs, relative to the service's folder.
         */
        paths?: string | string[];
        /**
         * Globs that are not watched, matched against the path below the service's folder.
         */
        ignore?: string | string[];
        /**
         * How long it must be quiet before anything happens.
         */
        debounce?: string;
        /**
         * What a change does: `restart`, send a signal, or run a command and then restart (or nothing).
         */
        action?:
          | "restart"
          | ({
              [k: string]: unknown;
            } & {
              /**
               * The signal to send.
               */
              signal?:
                | "SIGTERM"
                | "SIGINT"
                | "SIGHUP"
                | "SIGQUIT"
                | "SIGUSR1"
                | "SIGUSR2"
                | "SIGKILL"
                | "SIGABRT"
                | "SIGALRM"
                | "SIGCONT"
                | "SIGPIPE"
                | "SIGTTIN"
                | "SIGTTOU"
                | "SIGWINCH"
                | "SIGSTOP";
              /**
               * Runs once for each batch of changes; `$` belongs to the shell.
               */
              run?: string | [string, ...string[]];
              /**
               * What follows when the command ended well.
               */
              then?: "restart" | "nothing";
            });
      };
  /**
   * Runs a task at these times, as cron writes them.
   */
  schedule?:
    | string
    | {
        /**
         * Five fields (minute, hour, day, month, weekday), or six with seconds first.
         */
        cron: string;
        /**
         * The time zone of the fields.
         */
        timezone?: string;
        /**
         * What to do when the last run is still going: leave it, or stop it and start anew.
         */
        overlap?: "skip" | "replace";
        /**
         * What to do for a time that passed while nothing could run.
         */
        missed?: "run" | "skip";
      };
  /**
   * How much output is kept: the live file of each stream, archives of what it held before, and the files of runs that have ended. The oldest goes first; the end of an instance's last run never does.
   */
  log?: {
    /**
     * A log file that grows past this is archived.
     */
    max_size?: string;
    /**
     * How many archives of `max_size` are kept for each instance and stream; what ended runs left counts by its size. 0: nothing but the live files and the last run.
     */
    keep?: number;
    /**
     * What all logs of the service may take on the disk.
     */
    max_total?: string;
    /**
     * Archives and ended runs are deleted this long after their last line. Looked at when logs are archived, when a run ends and when procs starts.
     */
    max_age?: string;
    /**
     * Whether archives are compressed.
     */
    compress?: boolean;
  };
  /**
   * What the program may use.
   */
  limits?: {
    /**
     * Memory of one instance and all that it started.
     */
    memory?: string;
    /**
     * Processors that one instance may use.
     */
    cpus?: number;
    /**
     * Files and sockets that the program may hold open.
     */
    nofile?: number;
  };
  /**
   * The service is part of the project only when one of these is chosen (`--profile dev`). An empty list: always.
   */
  profiles?: string[];
  /**
   * false: known, but not started.
   */
  enabled?: boolean;
  /**
   * The name this service had before: its processes are kept when only the name changed.
   */
  was?: string;
  /**
   * Free names and values, for people and other tools.
   */
  labels?: {
    [k: string]: string | number | boolean;
  };
  /**
   * Exit codes that count as success.
   *
   * @minItems 1
   */
  success_codes?: [number, ...number[]];
  /**
   * The user to run as; only root may change it.
   */
  user?: string;
  /**
   * The group to run as; only root may change it.
   */
  group?: string;
  /**
   * Which permissions new files do not get, in octal.
   */
  umask?: string | number;
  /**
   * Priority: from -20 (first) to 19 (last).
   */
  nice?: number;
  /**
   * Gives the program a terminal of its own.
   */
  tty?: boolean;
  /**
   * Commands that procs runs around the life of an instance.
   */
  hooks?: {
    /**
     * Before an instance starts; failing keeps it from starting.
     */
    pre_start?: string | [string, ...string[]];
    /**
     * Once an instance is ready.
     */
    post_start?: string | [string, ...string[]];
    /**
     * Before the stop signal.
     */
    pre_stop?: string | [string, ...string[]];
    /**
     * After an instance has ended.
     */
    post_stop?: string | [string, ...string[]];
    /**
     * When procs gives up on an instance.
     */
    on_fail?: string | [string, ...string[]];
  };
}
