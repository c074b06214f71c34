import type { Command, Option } from "../commands.ts";

const TIMEOUT: Option = {
  name: "wait-timeout",
  value: "60s",
  alsoLong: ["timeout"],
  summary: "wait at most this long (60s; exit 5)",
};
const NO_WAIT: Option = { name: "no-wait", summary: "return at once" };
const REFRESH_ENV: Option = {
  name: "refresh-env",
  summary: "take the environment of this shell anew",
};
const RESET_SCALE: Option = {
  name: "reset-scale",
  summary: "forget counts that were set by hand; the file decides again",
};

/** What makes the file so, and undoes it. */
export const EVERYDAY: readonly Command[] = [
  {
    name: "up",
    aliases: ["dev"],
    group: "Everyday",
    summary: "make what runs match procs.yaml, and follow it",
    usage: "[SERVICE…] [-d]",
    options: [
      { name: "detach", short: "d", summary: "return when every service is ready or has failed" },
      TIMEOUT,
      NO_WAIT,
      { name: "no-deps", summary: "only the named services, not what they depend on" },
      { name: "scale", value: "S=N", summary: "run N instances of service S; repeatable" },
      { name: "force-restart", summary: "replace every instance, changed or not" },
      { name: "dry-run", summary: "show the plan and change nothing" },
      { name: "attach", value: "S", summary: "only this service's output; repeatable" },
      { name: "no-attach", value: "S", summary: "not this service's output; repeatable" },
      { name: "tail", short: "n", value: "N", summary: "begin with the last N lines (0)" },
      {
        name: "abort-on-exit",
        value: "failure",
        optionalValue: true,
        summary: "stop all when a service ends, or only when one fails",
      },
      { name: "exit-code-from", value: "S", summary: "stop all when S ends; its code is ours" },
      { name: "no-daemon", summary: "run in the foreground, for containers" },
      REFRESH_ENV,
      RESET_SCALE,
    ],
    examples: [
      { line: "procs up", what: "start all, follow the output; Ctrl-C stops all" },
      { line: "procs up -d", what: "start all, return when they are ready" },
      { line: "procs up api", what: "api and what it depends on" },
    ],
    notes: [
      "Starts what is missing (dependencies first), applies edits, leaves the rest alone. Safe to repeat.",
      "An `up` that joined a running project only detaches on Ctrl-C; the one that started it stops it. With nothing left to run, such as tasks that are all done, it ends by itself: 0, or 1 when something failed.",
    ],
    exits: [0, 1, 3, 4, 5],
    load: () => import("../commands/up.ts"),
  },
  {
    name: "down",
    aliases: ["quit"],
    group: "Everyday",
    summary: "stop everything, dependents first, and the supervisor",
    usage: "[-t 10s]",
    withNames: "stop",
    options: [
      { name: "grace", short: "t", value: "10s", summary: "wait this long before SIGKILL" },
    ],
    examples: [{ line: "procs down", what: "stop all; logs stay" }],
    notes: ["Nothing is deleted. When nothing runs, that is said and the exit code is 0."],
    exits: [0, 1, 4],
    load: () => import("../commands/down.ts"),
  },
  {
    name: "reload",
    aliases: ["apply", "startOrReload", "gracefulReload"],
    group: "Everyday",
    summary: "apply edits of procs.yaml with the least disruption",
    usage: "[SERVICE…] [--dry-run]",
    options: [
      { name: "dry-run", summary: "show the plan and change nothing" },
      { name: "expect", value: "ID", summary: "refuse when the plan is not this one by now" },
      { name: "no-remove", summary: "leave services that the file no longer has" },
      TIMEOUT,
      NO_WAIT,
      REFRESH_ENV,
      RESET_SCALE,
    ],
    examples: [
      { line: "procs reload", what: "show the plan, apply it, roll back what fails" },
      { line: "procs reload --expect 7f3a91c2 -y", what: "apply exactly the plan that was seen" },
    ],
    notes: [
      "Asks before something that runs is removed: answer with -y or --no-remove in scripts.",
      "A service that was stopped or scaled by hand stays so.",
    ],
    exits: [0, 1, 3, 4, 5, 6],
    load: () => import("../commands/reload.ts"),
  },
  {
    name: "plan",
    aliases: ["diff"],
    group: "Everyday",
    summary: "show what a reload would do, and why",
    usage: "[SERVICE…] [--full] [--exit-code]",
    options: [
      { name: "full", summary: "also unchanged services, and every step" },
      { name: "exit-code", summary: "exit 7 when there are changes" },
      { name: "no-remove", summary: "leave services that the file no longer has" },
      REFRESH_ENV,
      RESET_SCALE,
    ],
    examples: [
      { line: "procs plan", what: "procs.yaml against what runs" },
      { line: "procs plan --exit-code -q", what: "in a script: 7 when a reload has work to do" },
    ],
    notes: ["Changes nothing. Values of secret-looking names are never shown."],
    exits: [0, 3, 4, 7],
    load: () => import("../commands/plan.ts"),
  },
  {
    name: "ps",
    aliases: ["ls", "list", "l"],
    group: "Everyday",
    summary: "list the services and how they are",
    usage: "[SERVICE…] [--instances] [--watch]",
    options: [
      { name: "instances", short: "i", summary: "one row an instance, with its pid" },
      { name: "sort", value: "FIELD", summary: "name, state, up, restarts, cpu or mem" },
      { name: "state", value: "STATE", summary: "only services in this state; repeatable" },
      { name: "watch", short: "w", summary: "repeat every 2 s until Ctrl-C" },
      { name: "exit-code", summary: "exit 7 when a service is not as it should be" },
      {
        name: "all",
        short: "a",
        summary: "accepted: all services are always listed",
        hidden: true,
      },
    ],
    examples: [
      { line: "procs ps", what: "the table" },
      { line: "procs ps --json | jq '.services[].state'", what: "for programs" },
      { line: "procs ps --state crashed --state failed", what: "what is broken" },
    ],
    notes: ["Works when nothing runs, too: every service is then stopped."],
    exits: [0, 3, 4, 7],
    load: () => import("../commands/ps.ts"),
  },
  {
    name: "jlist",
    aliases: ["prettylist"],
    group: "Everyday",
    summary: "ps --json",
    usage: "",
    options: [],
    examples: [{ line: "procs jlist", what: "procs ps --json" }],
    notes: [],
    exits: [0, 3, 4],
    hidden: true,
    load: () => import("../commands/ps.ts"),
  },
];
