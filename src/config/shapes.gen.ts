// Made from schema/procs.schema.json by `node scripts/generate.mjs`. Not edited by hand.
import type { Shapes } from "./shape.ts";

export const SHAPES: Shapes = {
 "": {
  "types": [
   "map"
  ],
  "keys": {
   "name": "name",
   "include": "include",
   "env_file": "#env_file",
   "env": "#env",
   "inherit_env": "#inherit_env",
   "reload": "reload",
   "log": "log",
   "defaults": "#service",
   "services": "services"
  },
  "isOpen": true,
  "expects": "a map with services"
 },
 "name": {
  "types": [
   "string"
  ],
  "expects": "a name of letters, digits, dots, - and _",
  "example": "shop"
 },
 "include": {
  "types": [
   "string",
   "list"
  ],
  "items": "include[]",
  "expects": "a path or a list of paths",
  "example": [
   "other/procs.yaml"
  ]
 },
 "include[]": {
  "types": [
   "string"
  ]
 },
 "#env_file": {
  "types": [
   "string",
   "list"
  ],
  "items": "#env_file[]",
  "expects": "a path or a list of paths",
  "example": [
   ".env"
  ]
 },
 "#env_file[]": {
  "types": [
   "string",
   "map"
  ],
  "keys": {
   "path": "#env_file[].path",
   "required": "#env_file[].required"
  },
  "expects": "a path, or a map with path and required"
 },
 "#env_file[].path": {
  "types": [
   "string"
  ],
  "expects": "a path",
  "example": ".env.local"
 },
 "#env_file[].required": {
  "types": [
   "boolean"
  ],
  "expects": "true or false",
  "example": false
 },
 "#env": {
  "types": [
   "map"
  ],
  "rest": "#env.*",
  "expects": "a map of variables, such as { PORT: 3000 }",
  "example": {
   "NODE_ENV": "development"
  }
 },
 "#env.*": {
  "types": [
   "string",
   "number",
   "boolean",
   "null"
  ],
  "expects": "text, a number, true or false, or nothing (then it is taken from the shell)"
 },
 "#inherit_env": {
  "types": [
   "boolean",
   "list"
  ],
  "items": "#inherit_env[]",
  "expects": "true, false, or a list of names of variables",
  "example": true
 },
 "#inherit_env[]": {
  "types": [
   "string"
  ]
 },
 "reload": {
  "types": [
   "string"
  ],
  "values": [
   "manual",
   "auto"
  ],
  "expects": "manual or auto",
  "example": "auto"
 },
 "log": {
  "types": [
   "map"
  ],
  "keys": {
   "max_total": "log.max_total",
   "max_age": "log.max_age"
  },
  "expects": "a map with max_total and max_age",
  "example": {
   "max_total": "200MB",
   "max_age": "30d"
  }
 },
 "log.max_total": {
  "types": [
   "string"
  ],
  "expects": "a size such as 500KB, 10MB or 1GB",
  "example": "200MB"
 },
 "log.max_age": {
  "types": [
   "string"
  ],
  "expects": "a duration such as 12h, 7d or 30d",
  "example": "30d"
 },
 "#service": {
  "types": [
   "map"
  ],
  "keys": {
   "kind": "#service.kind",
   "description": "#service.description",
   "command": "#service.command",
   "shell": "#service.shell",
   "cwd": "#service.cwd",
   "instances": "#service.instances",
   "port": "#service.port",
   "listen": "#service.listen",
   "env": "#env",
   "env_file": "#env_file",
   "inherit_env": "#inherit_env",
   "depends_on": "#service.depends_on",
   "ready": "#service.ready",
   "alive": "#service.alive",
   "restart": "#service.restart",
   "stop": "#service.stop",
   "reload": "#service.reload",
   "rollout": "#service.rollout",
   "watch": "#service.watch",
   "schedule": "#service.schedule",
   "log": "#service.log",
   "limits": "#service.limits",
   "profiles": "#service.profiles",
   "enabled": "#service.enabled",
   "was": "#service.was",
   "labels": "#service.labels",
   "success_codes": "#service.success_codes",
   "user": "#service.user",
   "group": "#service.group",
   "umask": "#service.umask",
   "nice": "#service.nice",
   "tty": "#service.tty",
   "hooks": "#service.hooks"
  },
  "isOpen": true,
  "expects": "a map with a command"
 },
 "#service.kind": {
  "types": [
   "string"
  ],
  "values": [
   "service",
   "task"
  ],
  "expects": "service or task",
  "example": "task"
 },
 "#service.description": {
  "types": [
   "string"
  ],
  "expects": "text",
  "example": "the shop's API"
 },
 "#service.command": {
  "types": [
   "string",
   "list"
  ],
  "isShell": true,
  "items": "#service.command[]",
  "expects": "a command line, or a list of a program and its arguments",
  "example": "npm run dev"
 },
 "#service.command[]": {
  "types": [
   "string"
  ]
 },
 "#service.shell": {
  "types": [
   "string"
  ],
  "expects": "the path of a shell",
  "example": "/bin/bash"
 },
 "#service.cwd": {
  "types": [
   "string"
  ],
  "expects": "a path",
  "example": "api"
 },
 "#service.instances": {
  "types": [
   "number",
   "string"
  ],
  "values": [
   "cpus"
  ],
  "expects": "a whole number from 0 to 256, or \"cpus\"",
  "example": 2
 },
 "#service.port": {
  "types": [
   "number",
   "string"
  ],
  "values": [
   "auto"
  ],
  "expects": "a port from 1 to 65535, or auto",
  "example": 5173
 },
 "#service.listen": {
  "types": [
   "number",
   "string",
   "list",
   "map"
  ],
  "items": "#service.listen[]",
  "keys": {
   "port": "#service.listen.port",
   "host": "#service.listen.host",
   "permissions": "#service.listen.permissions",
   "backlog": "#service.listen.backlog",
   "mode": "#service.listen.mode",
   "start": "#service.listen.start",
   "idle_stop": "#service.listen.idle_stop",
   "drain": "#service.listen.drain",
   "sticky": "#service.listen.sticky",
   "proxy_protocol": "#service.listen.proxy_protocol",
   "wait": "#service.listen.wait",
   "max_connections": "#service.listen.max_connections",
   "per_source": "#service.listen.per_source",
   "rate": "#service.listen.rate"
  },
  "expects": "a port, host:port, a path with a slash, a list of at most four of these, or a map with port",
  "example": 3000
 },
 "#service.listen[]": {
  "types": [
   "number",
   "string"
  ],
  "expects": "a port, host:port, or a path with a slash",
  "example": "127.0.0.1:3000"
 },
 "#service.listen.port": {
  "types": [
   "number",
   "string",
   "list"
  ],
  "items": "#service.listen.port[]",
  "expects": "a port, host:port, a path with a slash, or a list of at most four of these",
  "example": 8025
 },
 "#service.listen.port[]": {
  "types": [
   "number",
   "string"
  ],
  "expects": "a port, host:port, or a path with a slash",
  "example": "127.0.0.1:3000"
 },
 "#service.listen.host": {
  "types": [
   "string"
  ],
  "expects": "an IP address of this machine",
  "example": "127.0.0.1"
 },
 "#service.listen.permissions": {
  "types": [
   "string",
   "number"
  ],
  "expects": "octal digits such as 660",
  "example": "660"
 },
 "#service.listen.backlog": {
  "types": [
   "number"
  ],
  "expects": "a whole number from 1 to 65535",
  "example": 4096
 },
 "#service.listen.mode": {
  "types": [
   "string"
  ],
  "values": [
   "share",
   "proxy",
   "inetd"
  ],
  "expects": "share, proxy or inetd",
  "example": "proxy"
 },
 "#service.listen.start": {
  "types": [
   "string"
  ],
  "values": [
   "always",
   "on-demand"
  ],
  "expects": "always or on-demand",
  "example": "on-demand"
 },
 "#service.listen.idle_stop": {
  "types": [
   "string"
  ],
  "expects": "a duration such as 300ms, 10s, 5m or 2h, or never",
  "example": "5m"
 },
 "#service.listen.drain": {
  "types": [
   "string"
  ],
  "expects": "a duration such as 300ms, 10s, 5m or 2h",
  "example": "5s"
 },
 "#service.listen.sticky": {
  "types": [
   "boolean"
  ],
  "expects": "true or false",
  "example": true
 },
 "#service.listen.proxy_protocol": {
  "types": [
   "boolean"
  ],
  "expects": "true or false",
  "example": true
 },
 "#service.listen.wait": {
  "types": [
   "boolean"
  ],
  "expects": "true or false",
  "example": true
 },
 "#service.listen.max_connections": {
  "types": [
   "number"
  ],
  "expects": "a whole number from 1 to 65535",
  "example": 16
 },
 "#service.listen.per_source": {
  "types": [
   "number"
  ],
  "expects": "a whole number from 1 to 65535",
  "example": 4
 },
 "#service.listen.rate": {
  "types": [
   "string",
   "map"
  ],
  "keys": {
   "count": "#service.listen.rate.count",
   "pause": "#service.listen.rate.pause"
  },
  "expects": "connections a second such as 50/s, or a map with count and pause",
  "example": "50/s"
 },
 "#service.listen.rate.count": {
  "types": [
   "number"
  ],
  "expects": "a whole number from 1 to 999999",
  "example": 50
 },
 "#service.listen.rate.pause": {
  "types": [
   "string"
  ],
  "expects": "a duration such as 300ms, 10s, 5m or 2h",
  "example": "10s"
 },
 "#service.depends_on": {
  "types": [
   "string",
   "list",
   "map"
  ],
  "items": "#service.depends_on[]",
  "rest": "#service.depends_on.*",
  "expects": "a list of names, or a map of name to started, ready or done",
  "example": [
   "db"
  ]
 },
 "#service.depends_on[]": {
  "types": [
   "string"
  ]
 },
 "#service.depends_on.*": {
  "types": [
   "string",
   "map"
  ],
  "values": [
   "started",
   "ready",
   "done"
  ],
  "keys": {
   "condition": "#service.depends_on.*.condition",
   "restart": "#service.depends_on.*.restart",
   "required": "#service.depends_on.*.required"
  },
  "expects": "started, ready or done, or a map with condition, restart and required"
 },
 "#service.depends_on.*.condition": {
  "types": [
   "string"
  ],
  "values": [
   "started",
   "ready",
   "done"
  ],
  "expects": "started, ready or done",
  "example": "done"
 },
 "#service.depends_on.*.restart": {
  "types": [
   "boolean"
  ],
  "expects": "true or false",
  "example": true
 },
 "#service.depends_on.*.required": {
  "types": [
   "boolean"
  ],
  "expects": "true or false",
  "example": false
 },
 "#service.ready": {
  "types": [
   "map"
  ],
  "keys": {
   "http": "#service.ready.http",
   "tcp": "#service.ready.tcp",
   "exec": "#service.ready.exec",
   "log": "#service.ready.log",
   "notify": "#service.ready.notify",
   "message": "#service.ready.message",
   "accepts": "#service.ready.accepts",
   "interval": "#service.ready.interval",
   "timeout": "#service.ready.timeout",
   "failures": "#service.ready.failures"
  },
  "expects": "a map with one of http, tcp, exec, log, notify, message or accepts",
  "example": {
   "http": "/health"
  }
 },
 "#service.ready.http": {
  "types": [
   "string"
  ],
  "expects": "a path such as /health, :3000/health, or an http URL",
  "example": "/health"
 },
 "#service.ready.tcp": {
  "types": [
   "number",
   "string",
   "boolean"
  ],
  "expects": "a port, host:port, or true (the instance's own port)",
  "example": 5432
 },
 "#service.ready.exec": {
  "types": [
   "string",
   "list"
  ],
  "isShell": true,
  "items": "#service.ready.exec[]",
  "expects": "a command line, or a list of a program and its arguments",
  "example": "pg_isready -q"
 },
 "#service.ready.exec[]": {
  "types": [
   "string"
  ]
 },
 "#service.ready.log": {
  "types": [
   "string"
  ],
  "isShell": true,
  "expects": "text, or a pattern between slashes",
  "example": "listening on"
 },
 "#service.ready.notify": {
  "types": [
   "boolean"
  ],
  "expects": "true",
  "example": true
 },
 "#service.ready.message": {
  "types": [
   "boolean"
  ],
  "expects": "true",
  "example": true
 },
 "#service.ready.accepts": {
  "types": [
   "boolean"
  ],
  "expects": "true",
  "example": true
 },
 "#service.ready.interval": {
  "types": [
   "string"
  ],
  "expects": "a duration such as 300ms, 10s, 5m or 2h",
  "example": "2s"
 },
 "#service.ready.timeout": {
  "types": [
   "string"
  ],
  "expects": "a duration such as 300ms, 10s, 5m or 2h",
  "example": "30s"
 },
 "#service.ready.failures": {
  "types": [
   "number"
  ],
  "expects": "a whole number from 1 to 1000",
  "example": 5
 },
 "#service.alive": {
  "types": [
   "map"
  ],
  "keys": {
   "http": "#service.alive.http",
   "tcp": "#service.alive.tcp",
   "exec": "#service.alive.exec",
   "interval": "#service.alive.interval",
   "timeout": "#service.alive.timeout",
   "failures": "#service.alive.failures"
  },
  "expects": "a map with one of http, tcp or exec",
  "example": {
   "http": "/health",
   "interval": "10s",
   "failures": 3
  }
 },
 "#service.alive.http": {
  "types": [
   "string"
  ],
  "expects": "a path such as /health, :3000/health, or an http URL",
  "example": "/health"
 },
 "#service.alive.tcp": {
  "types": [
   "number",
   "string",
   "boolean"
  ],
  "expects": "a port, host:port, or true (the instance's own port)",
  "example": 5432
 },
 "#service.alive.exec": {
  "types": [
   "string",
   "list"
  ],
  "isShell": true,
  "items": "#service.alive.exec[]",
  "expects": "a command line, or a list of a program and its arguments",
  "example": "pg_isready -q"
 },
 "#service.alive.exec[]": {
  "types": [
   "string"
  ]
 },
 "#service.alive.interval": {
  "types": [
   "string"
  ],
  "expects": "a duration such as 300ms, 10s, 5m or 2h",
  "example": "2s"
 },
 "#service.alive.timeout": {
  "types": [
   "string"
  ],
  "expects": "a duration such as 300ms, 10s, 5m or 2h",
  "example": "30s"
 },
 "#service.alive.failures": {
  "types": [
   "number"
  ],
  "expects": "a whole number from 1 to 1000",
  "example": 5
 },
 "#service.restart": {
  "types": [
   "string",
   "map"
  ],
  "values": [
   "always",
   "on-failure",
   "never"
  ],
  "keys": {
   "policy": "#service.restart.policy",
   "backoff": "#service.restart.backoff",
   "reset_after": "#service.restart.reset_after",
   "max": "#service.restart.max",
   "window": "#service.restart.window"
  },
  "expects": "always, on-failure or never, or a map with policy",
  "example": "on-failure"
 },
 "#service.restart.policy": {
  "types": [
   "string"
  ],
  "values": [
   "always",
   "on-failure",
   "never"
  ],
  "expects": "always, on-failure or never",
  "example": "on-failure"
 },
 "#service.restart.backoff": {
  "types": [
   "string"
  ],
  "expects": "a duration, or two with .. between, such as 100ms..30s",
  "example": "1s..1m"
 },
 "#service.restart.reset_after": {
  "types": [
   "string"
  ],
  "expects": "a duration such as 300ms, 10s, 5m or 2h",
  "example": "1m"
 },
 "#service.restart.max": {
  "types": [
   "number"
  ],
  "expects": "a whole number from 1 to 10000",
  "example": 3
 },
 "#service.restart.window": {
  "types": [
   "string"
  ],
  "expects": "a duration such as 300ms, 10s, 5m or 2h",
  "example": "10m"
 },
 "#service.stop": {
  "types": [
   "map"
  ],
  "keys": {
   "signal": "#service.stop.signal",
   "timeout": "#service.stop.timeout",
   "message": "#service.stop.message"
  },
  "expects": "a map with signal, timeout and message",
  "example": {
   "signal": "SIGINT",
   "timeout": "30s"
  }
 },
 "#service.stop.signal": {
  "types": [
   "string"
  ],
  "values": [
   "SIGTERM",
   "SIGINT",
   "SIGHUP",
   "SIGQUIT",
   "SIGUSR1",
   "SIGUSR2",
   "SIGKILL",
   "SIGABRT",
   "SIGALRM",
   "SIGCONT",
   "SIGPIPE",
   "SIGTTIN",
   "SIGTTOU",
   "SIGWINCH",
   "SIGSTOP"
  ],
  "expects": "the name of a signal, such as SIGTERM or SIGINT",
  "example": "SIGINT"
 },
 "#service.stop.timeout": {
  "types": [
   "string"
  ],
  "expects": "a duration such as 300ms, 10s, 5m or 2h",
  "example": "30s"
 },
 "#service.stop.message": {
  "types": [
   "string"
  ],
  "expects": "text such as shutdown",
  "example": "shutdown"
 },
 "#service.reload": {
  "types": [
   "string",
   "map"
  ],
  "values": [
   "rolling",
   "restart"
  ],
  "keys": {
   "signal": "#service.reload.signal"
  },
  "expects": "rolling, restart, or { signal: SIGHUP }",
  "example": "rolling"
 },
 "#service.reload.signal": {
  "types": [
   "string"
  ],
  "values": [
   "SIGTERM",
   "SIGINT",
   "SIGHUP",
   "SIGQUIT",
   "SIGUSR1",
   "SIGUSR2",
   "SIGKILL",
   "SIGABRT",
   "SIGALRM",
   "SIGCONT",
   "SIGPIPE",
   "SIGTTIN",
   "SIGTTOU",
   "SIGWINCH",
   "SIGSTOP"
  ],
  "expects": "the name of a signal, such as SIGTERM or SIGINT",
  "example": "SIGHUP"
 },
 "#service.rollout": {
  "types": [
   "map"
  ],
  "keys": {
   "surge": "#service.rollout.surge",
   "unavailable": "#service.rollout.unavailable",
   "min_ready": "#service.rollout.min_ready",
   "progress": "#service.rollout.progress",
   "on_failure": "#service.rollout.on_failure"
  },
  "expects": "a map with surge, unavailable, min_ready, progress and on_failure",
  "example": {
   "surge": 1,
   "min_ready": "5s"
  }
 },
 "#service.rollout.surge": {
  "types": [
   "number",
   "string"
  ],
  "expects": "a whole number, or a share of the instances such as 25%",
  "example": 1
 },
 "#service.rollout.unavailable": {
  "types": [
   "number",
   "string"
  ],
  "expects": "a whole number, or a share of the instances such as 25%",
  "example": 0
 },
 "#service.rollout.min_ready": {
  "types": [
   "string"
  ],
  "expects": "a duration such as 300ms, 10s, 5m or 2h",
  "example": "5s"
 },
 "#service.rollout.progress": {
  "types": [
   "string"
  ],
  "expects": "a duration such as 300ms, 10s, 5m or 2h",
  "example": "5m"
 },
 "#service.rollout.on_failure": {
  "types": [
   "string"
  ],
  "values": [
   "rollback",
   "pause"
  ],
  "expects": "rollback or pause",
  "example": "pause"
 },
 "#service.watch": {
  "types": [
   "boolean",
   "string",
   "list",
   "map"
  ],
  "items": "#service.watch[]",
  "keys": {
   "paths": "#service.watch.paths",
   "ignore": "#service.watch.ignore",
   "debounce": "#service.watch.debounce",
   "action": "#service.watch.action"
  },
  "expects": "a path, a list of paths, or a map with paths, ignore, debounce and action",
  "example": [
   "src"
  ]
 },
 "#service.watch[]": {
  "types": [
   "string"
  ]
 },
 "#service.watch.paths": {
  "types": [
   "string",
   "list"
  ],
  "items": "#service.watch.paths[]",
  "expects": "a path or a list of paths",
  "example": [
   "src"
  ]
 },
 "#service.watch.paths[]": {
  "types": [
   "string"
  ]
 },
 "#service.watch.ignore": {
  "types": [
   "string",
   "list"
  ],
  "items": "#service.watch.ignore[]",
  "expects": "a path or a list of paths",
  "example": [
   "**/*.test.ts"
  ]
 },
 "#service.watch.ignore[]": {
  "types": [
   "string"
  ]
 },
 "#service.watch.debounce": {
  "types": [
   "string"
  ],
  "expects": "a duration such as 300ms, 10s, 5m or 2h",
  "example": "500ms"
 },
 "#service.watch.action": {
  "types": [
   "string",
   "map"
  ],
  "values": [
   "restart"
  ],
  "keys": {
   "signal": "#service.watch.action.signal",
   "run": "#service.watch.action.run",
   "then": "#service.watch.action.then"
  },
  "expects": "restart, { signal: … } or { run: …, then: … }",
  "example": "restart"
 },
 "#service.watch.action.signal": {
  "types": [
   "string"
  ],
  "values": [
   "SIGTERM",
   "SIGINT",
   "SIGHUP",
   "SIGQUIT",
   "SIGUSR1",
   "SIGUSR2",
   "SIGKILL",
   "SIGABRT",
   "SIGALRM",
   "SIGCONT",
   "SIGPIPE",
   "SIGTTIN",
   "SIGTTOU",
   "SIGWINCH",
   "SIGSTOP"
  ],
  "expects": "the name of a signal, such as SIGTERM or SIGINT",
  "example": "SIGHUP"
 },
 "#service.watch.action.run": {
  "types": [
   "string",
   "list"
  ],
  "isShell": true,
  "items": "#service.watch.action.run[]",
  "expects": "a command line, or a list of a program and its arguments",
  "example": "npm run build"
 },
 "#service.watch.action.run[]": {
  "types": [
   "string"
  ]
 },
 "#service.watch.action.then": {
  "types": [
   "string"
  ],
  "values": [
   "restart",
   "nothing"
  ],
  "expects": "restart or nothing",
  "example": "nothing"
 },
 "#service.schedule": {
  "types": [
   "string",
   "map"
  ],
  "keys": {
   "cron": "#service.schedule.cron",
   "timezone": "#service.schedule.timezone",
   "overlap": "#service.schedule.overlap",
   "missed": "#service.schedule.missed"
  },
  "expects": "cron fields such as 0 3 * * *, or a map with cron",
  "example": "0 3 * * *"
 },
 "#service.schedule.cron": {
  "types": [
   "string"
  ],
  "expects": "five cron fields, such as 0 3 * * *",
  "example": "0 3 * * *"
 },
 "#service.schedule.timezone": {
  "types": [
   "string"
  ],
  "expects": "the name of a time zone, such as Europe/Berlin",
  "example": "Europe/Berlin"
 },
 "#service.schedule.overlap": {
  "types": [
   "string"
  ],
  "values": [
   "skip",
   "replace"
  ],
  "expects": "skip or replace",
  "example": "replace"
 },
 "#service.schedule.missed": {
  "types": [
   "string"
  ],
  "values": [
   "run",
   "skip"
  ],
  "expects": "run or skip",
  "example": "run"
 },
 "#service.log": {
  "types": [
   "map"
  ],
  "keys": {
   "max_size": "#service.log.max_size",
   "keep": "#service.log.keep",
   "max_total": "#service.log.max_total",
   "max_age": "#service.log.max_age",
   "compress": "#service.log.compress"
  },
  "expects": "a map with max_size, keep, max_total, max_age and compress",
  "example": {
   "max_size": "10MB",
   "keep": 5
  }
 },
 "#service.log.max_size": {
  "types": [
   "string"
  ],
  "expects": "a size such as 500KB, 10MB or 1GB",
  "example": "50MB"
 },
 "#service.log.keep": {
  "types": [
   "number"
  ],
  "expects": "a whole number from 0 to 10000",
  "example": 10
 },
 "#service.log.max_total": {
  "types": [
   "string"
  ],
  "expects": "a size such as 500KB, 10MB or 1GB",
  "example": "500MB"
 },
 "#service.log.max_age": {
  "types": [
   "string"
  ],
  "expects": "a duration such as 12h, 7d or 30d",
  "example": "7d"
 },
 "#service.log.compress": {
  "types": [
   "boolean"
  ],
  "expects": "true or false",
  "example": false
 },
 "#service.limits": {
  "types": [
   "map"
  ],
  "keys": {
   "memory": "#service.limits.memory",
   "cpus": "#service.limits.cpus",
   "nofile": "#service.limits.nofile"
  },
  "expects": "a map with nofile",
  "example": {
   "nofile": 4096
  }
 },
 "#service.limits.memory": {
  "types": [
   "string"
  ],
  "expects": "a size such as 300MB or 1GB",
  "example": "300MB",
  "isNotYet": true
 },
 "#service.limits.cpus": {
  "types": [
   "number"
  ],
  "expects": "a number above 0, such as 1.5",
  "example": 1.5,
  "isNotYet": true
 },
 "#service.limits.nofile": {
  "types": [
   "number"
  ],
  "expects": "a whole number from 16 to 1048576",
  "example": 4096
 },
 "#service.profiles": {
  "types": [
   "list"
  ],
  "items": "#service.profiles[]",
  "expects": "a list of names",
  "example": [
   "dev"
  ]
 },
 "#service.profiles[]": {
  "types": [
   "string"
  ]
 },
 "#service.enabled": {
  "types": [
   "boolean"
  ],
  "expects": "true or false",
  "example": false
 },
 "#service.was": {
  "types": [
   "string"
  ],
  "expects": "the earlier name of the service",
  "example": "old-name"
 },
 "#service.labels": {
  "types": [
   "map"
  ],
  "rest": "#service.labels.*",
  "expects": "a map of names to text",
  "example": {
   "team": "payments"
  }
 },
 "#service.labels.*": {
  "types": [
   "string",
   "number",
   "boolean"
  ],
  "expects": "text, a number, or true or false"
 },
 "#service.success_codes": {
  "types": [
   "list"
  ],
  "items": "#service.success_codes[]",
  "expects": "a list of exit codes",
  "example": [
   0,
   143
  ]
 },
 "#service.success_codes[]": {
  "types": [
   "number"
  ],
  "expects": "a whole number from 0 to 255"
 },
 "#service.user": {
  "types": [
   "string"
  ],
  "expects": "the name or number of a user",
  "example": "www-data"
 },
 "#service.group": {
  "types": [
   "string"
  ],
  "expects": "the name or number of a group",
  "example": "www-data"
 },
 "#service.umask": {
  "types": [
   "string",
   "number"
  ],
  "expects": "octal digits such as 022",
  "example": "022"
 },
 "#service.nice": {
  "types": [
   "number"
  ],
  "expects": "a whole number from -20 to 19",
  "example": 10
 },
 "#service.tty": {
  "types": [
   "boolean"
  ],
  "expects": "true or false",
  "example": true,
  "isNotYet": true
 },
 "#service.hooks": {
  "types": [
   "map"
  ],
  "keys": {
   "pre_start": "#service.hooks.pre_start",
   "post_start": "#service.hooks.post_start",
   "pre_stop": "#service.hooks.pre_stop",
   "post_stop": "#service.hooks.post_stop",
   "on_fail": "#service.hooks.on_fail"
  },
  "expects": "a map with pre_start, post_start, pre_stop, post_stop and on_fail",
  "example": {
   "pre_start": "./prepare.sh"
  },
  "isNotYet": true
 },
 "#service.hooks.pre_start": {
  "types": [
   "string",
   "list"
  ],
  "isShell": true,
  "items": "#service.hooks.pre_start[]",
  "expects": "a command line, or a list of a program and its arguments",
  "example": "./notify.sh"
 },
 "#service.hooks.pre_start[]": {
  "types": [
   "string"
  ]
 },
 "#service.hooks.post_start": {
  "types": [
   "string",
   "list"
  ],
  "isShell": true,
  "items": "#service.hooks.post_start[]",
  "expects": "a command line, or a list of a program and its arguments",
  "example": "./notify.sh"
 },
 "#service.hooks.post_start[]": {
  "types": [
   "string"
  ]
 },
 "#service.hooks.pre_stop": {
  "types": [
   "string",
   "list"
  ],
  "isShell": true,
  "items": "#service.hooks.pre_stop[]",
  "expects": "a command line, or a list of a program and its arguments",
  "example": "./notify.sh"
 },
 "#service.hooks.pre_stop[]": {
  "types": [
   "string"
  ]
 },
 "#service.hooks.post_stop": {
  "types": [
   "string",
   "list"
  ],
  "isShell": true,
  "items": "#service.hooks.post_stop[]",
  "expects": "a command line, or a list of a program and its arguments",
  "example": "./notify.sh"
 },
 "#service.hooks.post_stop[]": {
  "types": [
   "string"
  ]
 },
 "#service.hooks.on_fail": {
  "types": [
   "string",
   "list"
  ],
  "isShell": true,
  "items": "#service.hooks.on_fail[]",
  "expects": "a command line, or a list of a program and its arguments",
  "example": "./notify.sh"
 },
 "#service.hooks.on_fail[]": {
  "types": [
   "string"
  ]
 },
 "services": {
  "types": [
   "map"
  ],
  "rest": "#service",
  "expects": "a map of names to services",
  "example": {
   "api": {
    "command": "node server.js"
   }
  }
 }
};
