import { EXIT, userError } from "../errors.ts";
import { COMMANDS } from "./commands.ts";
import type { Context } from "./context.ts";
import { suggest } from "./suggest.ts";

/** Answers a word that is no command: another tool's word with what to do here, else the nearest one. Always exit 2. */
export function answerUnknown(context: Context, word: string, rest: readonly string[]): number {
  const foreign = foreignAnswer(word, rest);
  if (foreign !== null) {
    sayForeign(context, foreign);
    return EXIT.usage;
  }
  const names = COMMANDS.flatMap((c) => (c.hidden === true ? [] : [c.name, ...c.aliases]));
  const near = suggest(word, names);
  throw userError(EXIT.usage, "P801", unknownMessage(word, near), {
    help: [near === null ? "all commands: procs --help" : `procs ${near}`],
  });
}

/** On stderr: the answer was not what was asked for. */
export function sayForeign(context: Context, lines: readonly string[]): void {
  if (context.err.mode !== "json") {
    for (const line of lines) context.err.line(line);
    return;
  }
  const [message = "", ...help] = lines;
  context.err.json({ v: 1, kind: "error", code: "P801", message, help });
}

function unknownMessage(word: string, near: string | null): string {
  const start = `unknown command "${word}".`;
  return near === null ? start.slice(0, -1) : `${start} A similar command is: ${near}`;
}

/** Lines for a word that means something elsewhere, or null. */
export function foreignAnswer(word: string, rest: readonly string[]): readonly string[] | null {
  const name = rest.find((one) => !one.startsWith("-")) ?? null;
  const make = Object.hasOwn(FOREIGN, word) ? FOREIGN[word] : undefined;
  return make === undefined ? null : make(name, rest);
}

/** `start app.js -i 4`: the words of a process manager that takes scripts; null when it is not that. */
export function scriptStart(argv: readonly string[]): readonly string[] | null {
  const [word, script] = argv;
  if (word !== "start" || script === undefined) return null;
  if (!/[/\\]|\.([cm]?[jt]sx?|py|rb|sh|json|ya?ml)$/.test(script)) return null;
  const at = argv.findIndex((one) => one === "-i" || one === "--instances");
  const instances = at === -1 ? null : (argv[at + 1] ?? null);
  const wanted = instances === null ? "" : `, instances: ${instances}`;
  const command = /\.[cm]?js$/.test(script) ? `node ${script}` : script;
  const called = script.replace(/^.*[/\\]/, "").replace(/\..*$/, "") || "app";
  return [
    "procs runs what procs.yaml declares. For this one:",
    `  services: { ${called}: { command: ${command}${wanted} } }`,
    "then: procs up -d",
  ];
}

type Answer = (name: string | null, rest: readonly string[]) => readonly string[];

const notYet =
  (what: string): Answer =>
  () => [`procs has no ${what} yet.`, "All commands: procs --help"];

const FOREIGN: Readonly<Record<string, Answer>> = {
  save: () => [
    "procs has nothing to save: procs.yaml is the saved state.",
    "To make it run: procs up -d",
  ],
  resurrect: () => [
    "procs has nothing to resurrect: procs.yaml is the saved state.",
    "Run: procs up -d",
  ],
  delete: (name) => removal(name),
  del: (name) => removal(name),
  rm: (name) => removal(name),
  remove: (name) => removal(name),
  build: () => [
    "procs does not build images. Put the build in the service's `command`, or in a",
    "task that others depend on: kind: task, and depends_on: { build: done }",
  ],
  pull: () => ["procs runs programs, not images, so there is nothing to pull."],
  push: () => ["procs runs programs, not images, so there is nothing to push."],
  deploy: () => [
    "procs does not copy code. Bring the new code here with what you use today, then: procs reload",
  ],
  create: () => ["procs creates nothing ahead of time: procs up starts what procs.yaml declares."],
  rename: () => ["Rename the service in procs.yaml and add `was: OLDNAME`, then: procs reload"],
  reset: (name) => [`To clear the retries of a service: procs start ${name ?? "SERVICE"}`],
  pause: () => ["To stop a service and keep it stopped: procs stop SERVICE"],
  unpause: () => ["To start a service that was stopped: procs start SERVICE"],
  flush: notYet("way to empty logs"),
  exec: (name) => [
    `procs has no exec yet. A new process with its environment: procs run ${name ?? "SERVICE"} -- COMMAND`,
  ],
  attach: (name) => [`procs has no attach yet. Its output: procs logs -f ${name ?? "SERVICE"}`],
  monit: notYet("full-screen view"),
  ui: notYet("full-screen view"),
  top: () => ["procs has no top yet. Every 2 s: procs ps --watch"],
  stats: () => ["procs has no top yet. Every 2 s: procs ps --watch"],
  web: notYet("web dashboard"),
  plus: notYet("web dashboard"),
  init: () => [
    "procs has no init yet. A procs.yaml can be as short as:",
    "  services: { web: { command: npm run dev } }",
    "All keys: procs schema",
  ],
  graph: (name) => [
    `procs has no graph yet. What a service waits for: procs status ${name ?? "SERVICE"}`,
  ],
  open: (name) => [
    `procs has no open yet. Where a service answers: procs status ${name ?? "SERVICE"}`,
  ],
  port: (name) => [`Where a service answers: procs status ${name ?? "SERVICE"}`],
  connect: (name) => [`procs has no attach yet. Its output: procs logs -f ${name ?? "SERVICE"}`],
  explain: notYet("explain"),
  export: notYet("export"),
  convert: notYet("export"),
  mcp: notYet("mcp"),
  update: () => ["With the new version of procs: procs daemon upgrade"],
  report: notYet("doctor"),
  dashboard: notYet("full-screen view"),
  monitor: notYet("web dashboard"),
  ecosystem: () => ["procs has no init yet. All keys of procs.yaml: procs schema"],
  generate: () => ["procs has no init yet. All keys of procs.yaml: procs schema"],
  unstartup: notYet("start at boot"),
  startup: notYet("start at boot"),
  completion: notYet("shell completion"),
  doctor: notYet("doctor"),
  projects: notYet("list of projects"),
};

function removal(name: string | null): readonly string[] {
  const who = name ?? "SERVICE";
  return [
    `To stop it now: procs stop ${who}`,
    `To remove it: delete "${who}" from procs.yaml, then: procs reload`,
  ];
}
