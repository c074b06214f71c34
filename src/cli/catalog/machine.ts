import type { Command } from "../commands.ts";

/** What procs itself does on this machine. */
export const MACHINE: readonly Command[] = [
  {
    name: "daemon",
    aliases: ["ping"],
    group: "Machine",
    summary: "look at the supervisor of this project, or replace it while everything runs on",
    usage: "[ACTION] [-n 100]",
    options: [
      { name: "lines", short: "n", value: "N", summary: "of logs: the last N lines, or all (100)" },
      { name: "exit-code", summary: "of status: exit 7 when no supervisor runs" },
    ],
    examples: [
      { line: "procs daemon", what: "its version, process and log" },
      { line: "procs daemon logs -n 20", what: "what it said of itself" },
      { line: "procs daemon upgrade", what: "the version of procs that you called takes over" },
    ],
    notes: [
      "ACTION is status, which it is without one, or logs, restart, upgrade.",
      "restart puts a new supervisor in the place of the one that runs, upgrade one of your version;",
      "no instance is stopped, restarted or signalled by either.",
      "A supervisor that dies or hangs needs no help: its guardian starts one that takes over.",
    ],
    exits: [0, 3, 4, 7],
    load: () => import("../commands/daemon.ts"),
  },
];
