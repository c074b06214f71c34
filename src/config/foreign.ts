import type { Tree } from "./tree.ts";

/** What a key of another tool is called here; undefined when it is none we know. */
export function foreignKey(
  key: string,
  value: Tree,
  parent: readonly string[],
): string | undefined {
  const table = parent.length === 0 ? OF_FILE : isService(parent) ? OF_SERVICE : OF_PART;
  const entry = Object.hasOwn(table, key) ? table[key] : undefined;
  if (entry === undefined) return undefined;
  if (key === "exec_mode" && value.kind === "scalar" && value.text === "fork") {
    return "not needed: every instance is a process of its own";
  }
  return entry;
}

function isService(path: readonly string[]): boolean {
  return path[0] === "services" ? path.length === 2 : path.length === 1;
}

/** What a value of another tool is called here. */
export function foreignValue(key: string, text: string): string | undefined {
  if (key !== "restart" && key !== "policy") return undefined;
  const entry = Object.hasOwn(OF_RESTART, text) ? OF_RESTART[text] : undefined;
  return entry === undefined ? undefined : `${entry[0]}: ${key}: ${entry[1]}`;
}

const OF_RESTART: Readonly<Record<string, readonly [string, string]>> = {
  no: ['"no" is called never here', "never"],
  none: ['"none" is called never here', "never"],
  false: ["false is called never here", "never"],
  true: ["true is called always here", "always"],
  "unless-stopped": ["compose's unless-stopped is always here", "always"],
  on_failure: ["process-compose's on_failure is on-failure here", "on-failure"],
  exit_on_failure: ["process-compose's exit_on_failure is never here", "never"],
};

type Table = Readonly<Record<string, string>>;

const OF_FILE: Table = {
  version: "compose's version is not needed: delete it",
  apps: "pm2's apps is `services` here, a map by name",
  processes: "process-compose's processes is `services` here",
  procs: "mprocs' procs is `services` here",
  volumes: "procs runs programs, not images: folders are used as they are",
  networks: "procs runs programs, not images: services share the machine's network",
  secrets: "put them into an env file: env_file: [.env]",
  configs: "procs runs programs, not images: files are used as they are",
  environment: "compose's environment is `env` here",
  vars: `process-compose's vars are env and \${NAME} here`,
  env_cmds: "set the variables in the shell, or in an env file",
  log_location: "logs are kept by procs: procs logs",
  log_level: "delete it: what procs says does not depend on the file",
  shell: "put it below defaults: defaults: { shell: /bin/bash }",
  deploy: "pm2's deploy has no counterpart: use ssh and procs reload",
  extends: "use include, or an anchor",
};

const OF_SERVICE: Table = {
  // pm2
  autorestart: "pm2's autorestart is `restart: always` here",
  script: "pm2's script is `command` here: command: node server.js",
  args: "put the arguments into command",
  interpreter: "put it into command: command: python3 app.py",
  interpreter_args: "put them into command: command: node --inspect server.js",
  node_args: "put them into command: command: node --inspect server.js",
  exec_mode: "not needed: with `listen: 3000` all instances share the port",
  max_memory_restart:
    "pm2's max_memory_restart will be `limits: { memory: 300MB }`, which does not work yet",
  max_restarts: "pm2's max_restarts is `restart: { max: 10 }` here",
  min_uptime: "pm2's min_uptime is `restart: { reset_after: 10s }` here",
  restart_delay: "pm2's restart_delay is `restart: { backoff: 1s }` here",
  exp_backoff_restart_delay:
    "pm2's exp_backoff_restart_delay is `restart: { backoff: 100ms..30s }` here",
  stop_exit_codes: "pm2's stop_exit_codes is `restart: on-failure` with `success_codes: [0]` here",
  cron_restart: "pm2's cron_restart is `schedule` here, for a task",
  watch_delay: "pm2's watch_delay is `watch: { debounce: 100ms }` here",
  ignore_watch: "pm2's ignore_watch is `watch: { ignore: [node_modules] }` here",
  kill_timeout: "pm2's kill_timeout is `stop: { timeout: 10s }` here",
  listen_timeout: "pm2's listen_timeout is `ready: { message: true, timeout: 60s }` here",
  wait_ready: "pm2's wait_ready is `ready: { message: true }` here",
  shutdown_with_message: "name the signal instead: stop: { signal: SIGINT }",
  error_file: "logs are kept by procs: procs logs --stream err",
  out_file: "logs are kept by procs: procs logs --stream out",
  err_file: "logs are kept by procs: procs logs --stream err",
  log_file: "logs are kept by procs: procs logs",
  log_date_format: "times are kept beside the logs: procs logs",
  merge_logs: "not needed: procs logs shows all instances together",
  time: "times are kept beside the logs: procs logs",
  pid_file: "not needed: procs ps shows the pid",
  source_map_support: "put it into command: command: node --enable-source-maps server.js",
  namespace: "use profiles: profiles: [dev]",
  increment_var: `use \${procs.instance}: env: { N: "\${procs.instance}" }`,
  append_env_to_name: "delete it: names of services are fixed",
  env_production: "use an env file of its own: env_file: [production.env]",
  env_development: "use an env file of its own: env_file: [development.env]",
  uid: "pm2's uid is `user` here",
  gid: "pm2's gid is `group` here",
  // compose
  image: "procs runs programs, not images; put `docker run …` in command",
  build: "procs runs programs, not images; build in a task: kind: task",
  container_name: "procs runs programs, not images; the name is the key of the service",
  environment: "compose's environment is `env` here, as a map",
  working_dir: "compose's working_dir is `cwd` here",
  entrypoint: "compose's entrypoint is part of `command` here",
  healthcheck: "compose's healthcheck is `ready` (and `alive`) here: ready: { exec: ./check.sh }",
  ports: "say which port the program binds: port: 3000",
  expose: "say which port the program binds: port: 3000",
  volumes: "procs runs programs, not images: folders are used as they are",
  networks: "procs runs programs, not images: services share the machine's network",
  links: "use depends_on",
  deploy: "compose's deploy.replicas is `instances` here; deploy.update_config is `rollout`",
  scale: "compose's scale is `instances` here",
  replicas: "`replicas` is `instances` here",
  stop_signal: "compose's stop_signal is `stop: { signal: SIGINT }` here",
  stop_grace_period: "compose's stop_grace_period is `stop: { timeout: 10s }` here",
  logging: "not needed: logs are kept by procs: procs logs",
  mem_limit: "compose's mem_limit will be `limits: { memory: 300MB }`, which does not work yet",
  cpus: "compose's cpus will be `limits: { cpus: 1.5 }`, which does not work yet",
  ulimits: "compose's ulimits is `limits: { nofile: 4096 }` here",
  secrets: "put them into an env file: env_file: [.env]",
  init: "not needed: every instance has a parent that reaps",
  stdin_open: "services read nothing: their input is /dev/null",
  develop: "compose's develop is `watch` here",
  extends: "use include, defaults or an anchor",
  // process-compose, mprocs, supervisord, systemd
  readiness_probe: "process-compose's readiness_probe is `ready` here",
  liveness_probe: "process-compose's liveness_probe is `alive` here",
  ready_log_line: "process-compose's ready_log_line is `ready: { log: … }` here",
  availability: "process-compose's availability is `restart` here",
  shutdown: "process-compose's shutdown is `stop` here",
  disabled: "process-compose's disabled is `enabled: false` here",
  is_daemon: "start the program in the foreground: procs keeps it running",
  is_tty: "process-compose's is_tty will be `tty`, which does not work yet",
  log_location: "logs are kept by procs: procs logs",
  cmd: "mprocs' cmd is `command` here",
  autostart: "`autostart: false` is `enabled: false` here",
  numprocs: "supervisord's numprocs is `instances` here",
  directory: "supervisord's directory is `cwd` here",
  stopsignal: "supervisord's stopsignal is `stop: { signal: SIGINT }` here",
  stopwaitsecs: "supervisord's stopwaitsecs is `stop: { timeout: 10s }` here",
  startretries: "supervisord's startretries is `restart: { max: 10 }` here",
  ExecStart: "systemd's ExecStart is `command` here",
  WorkingDirectory: "systemd's WorkingDirectory is `cwd` here",
  Restart: "systemd's Restart is `restart` here",
  name: "the name is the key of the service",
  envs: "`envs` is `env` here",
};

const OF_PART: Table = {
  // process-compose and Kubernetes write probes so.
  http_get: "write it as `http: /health`",
  initial_delay_seconds: "not needed: probes begin at once; timeout says how long it may take",
  period_seconds: "period_seconds is `interval: 10s` here",
  timeout_seconds: "timeout_seconds is `timeout: 5s` here",
  failure_threshold: "failure_threshold is `failures: 3` here",
  success_threshold: "delete it: one success counts",
  test: "compose's test is `exec` here",
  retries: "compose's retries is `failures` here",
  start_period: "compose's start_period is `timeout` of `ready` here",
  port: "write it as `tcp: 5432`, or `http: :3000/health`",
};
