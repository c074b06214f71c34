import { expect, test } from "vitest";
import { type Desired, withIntent } from "../../src/core/desired.ts";
import { observe } from "../../src/core/observe.ts";
import type { PlanDoc } from "../../src/core/plan-doc.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { planOf, planText, running, wanting } from "../rig/plans.ts";
import { listening, service } from "../rig/specs.ts";

type Keys = Partial<ServiceSpec>;

const db = service("db", { port: 5432 });
const { restart, rollout, log } = service("api");
const http = { kind: "http", url: "/health" } as const;
const probe = { check: http, interval: 1000, timeout: 60_000, failures: 3 };
const schedule = { cron: "0 3 * * *", timezone: null, overlap: "skip", missed: "run" } as const;
const watch = {
  paths: ["/shop/src"],
  ignore: [],
  debounce: 100,
  action: { kind: "restart" },
} as const;
const sigint = { signal: "SIGINT", timeout: 5000 } as const;
const task = { kind: "task", restart: { ...restart, policy: "never" } } as const;
const fast = { command: ["node", "api.js", "--fast"] };

const SOCKET = { kind: "unix", path: "/shop/api.sock", mode: 0o600 } as const;
const LAZY = { start: "on-demand", idle_stop: 60_000 } as const;
const PROXIED = {
  listen: listening(3000, { mode: "proxy", drain: 30_000 }),
  port: "auto",
  instances: 2,
} as const;

/** One edit of `api`, beside a `db` that is not edited. */
function edit(from: Keys, to: Keys): PlanDoc {
  const before = wanting(db, service("api", from));
  return planOf(before, wanting(db, service("api", { ...from, ...to })));
}

/** The numbers are the rows of the table of edits that the design was made from. */
const EDITS: readonly (readonly [string, Keys, Keys])[] = [
  ["1 command, of one that may not overlap", {}, fast],
  ["1 command, of one that holds a port", { port: 3000 }, fast],
  ["1 command, with a port of its own for each run", { port: "auto" }, fast],
  ["1 command, reload: rolling", { reload: "rolling" }, fast],
  ["1 command, reload: rolling on a fixed port", { reload: "rolling", port: 3000 }, fast],
  ["1 command, of two instances", { instances: 2 }, fast],
  [
    "1 command, of four, two at a time",
    { instances: 4, rollout: { ...rollout, unavailable: 2 } },
    fast,
  ],
  [
    "1 command, of three, by a surge",
    { instances: 3, rollout: { ...rollout, surge: "50%" } },
    fast,
  ],
  ["2 variables", { env: { A: "1", B: "1" } }, { env: { A: "2", C: "x y" } }],
  [
    "2 a variable that the program does not see",
    { inherited: { T: "1" }, env: { T: "x" } },
    { inherited: { T: "2" } },
  ],
  ["4 more instances", { instances: 2 }, { instances: 4 }],
  ["5 fewer instances", { instances: 3 }, { instances: 1 }],
  ["5 none", { instances: 2 }, { instances: 0 }],
  ["5 some again", { instances: 0 }, { instances: 2 }],
  ["7 folder", { instances: 2 }, { cwd: "/shop/api" }],
  [
    "8 user, group, umask, nice, limits, shell",
    { instances: 2 },
    {
      user: "web",
      group: "web",
      umask: 0o27,
      nice: 5,
      shell: "/bin/bash",
      limits: { nofile: 4096 },
    },
  ],
  ["9 probes", { ready: probe }, { ready: { ...probe, interval: 500 }, alive: probe }],
  ["9 no probe", { ready: probe, alive: probe }, { ready: null, alive: null }],
  [
    "10 restart policy",
    {},
    { restart: { ...restart, max: 5, backoff: { min: 1000, max: 60_000 } } },
  ],
  ["11 stop settings", {}, { stop: sigint }],
  [
    "11 stop settings, and a new command: the old process stops by its own",
    {},
    { stop: sigint, ...fast },
  ],
  ["12 watch", { watch }, { watch: { ...watch, debounce: 300 } }],
  ["12 a first watch", {}, { watch }],
  [
    "13 log settings",
    { log: { ...log, max_age: 3_600_000 } },
    {
      log: { max_size: 1_500_000, keep: 2, max_total: 50_000_000, max_age: null, compress: false },
    },
  ],
  ["13 log settings of what is stopped", { enabled: false }, { log: { ...log, keep: 0 } }],
  ["18 disabled", {}, { enabled: false }],
  ["18 enabled", { enabled: false }, { enabled: true }],
  ["18 disabled, and edited", { enabled: false }, fast],
  ["18 its profile is not selected, and edited", { profiles: ["dev"] }, fast],
  ["19 port", { port: 3000 }, { port: 4000 }],
  ["19 port, reload: rolling", { port: 3000, reload: "rolling" }, { port: 4000 }],
  ["20 listens, where nothing did before", {}, { listen: listening() }],
  ["20 listens no more", { listen: listening() }, { listen: null }],
  ["20 command, over a shared socket", { listen: listening(), instances: 2 }, fast],
  ["20 command, one instance over a shared socket", { listen: listening() }, fast],
  [
    "20 command, over a shared socket without surge",
    { listen: listening(), rollout: { ...rollout, surge: 0 } },
    fast,
  ],
  ["20 another port", { listen: listening(3000), instances: 2 }, { listen: listening(3001) }],
  [
    "20 one more address",
    { listen: listening(3000) },
    { listen: { ...listening(3000), addresses: [...listening(3000).addresses, SOCKET] } },
  ],
  ["20 procs listens where the program did", { port: 3000 }, { port: null, listen: listening() }],
  ["20 the program listens where procs did", { listen: listening() }, { port: 3000, listen: null }],
  ["20 drain and stickiness", PROXIED, { listen: { ...PROXIED.listen, drain: 0, sticky: true } }],
  ["20 command, behind a proxy", PROXIED, fast],
  ["20 the proxy comes", { listen: listening() }, PROXIED],
  ["20 the proxy goes", PROXIED, { listen: listening(), port: null }],
  ["20 the proxy and the address go", PROXIED, { listen: listening(3001), port: null }],
  ["20 starts on demand from now on", { listen: listening() }, { listen: listening(3000, LAZY) }],
  ["20 idle: another command", { listen: listening(3000, LAZY) }, fast],
  ["20 idle: another port", { listen: listening(3000, LAZY) }, { listen: listening(3001, LAZY) }],
  [
    "20 idle: starts always from now on",
    { listen: listening(3000, LAZY) },
    { listen: listening() },
  ],
  ["18 enabled, on demand", { listen: listening(3000, LAZY), enabled: false }, { enabled: true }],
  ["22 schedule of a service", { schedule }, { schedule: { ...schedule, cron: "0 4 * * *" } }],
  [
    "22 schedule of a task, and its command",
    { ...task, schedule },
    { schedule: { ...schedule, timezone: "Europe/Berlin" }, ...fast },
  ],
  ["23 a service becomes a task", {}, task],
  ["23 a task becomes a service", task, { kind: "service", restart }],
  ["23 a task that is done, edited", task, fast],
  ["23 a task that is done, its description edited", task, { description: "once" }],
  [
    "24 secrets",
    { env: { API_KEY: "a", DB: "pg://u:p@h/x", PORT: "1" } },
    { env: { API_KEY: "b", DB: "pg://u:q@h/x", PORT: "2" } },
  ],
  [
    "25 description and labels",
    { labels: { team: "a" } },
    { description: "the API", labels: { team: "b" } },
  ],
  [
    "26 the same, written otherwise",
    { env: { A: "1", B: "2" }, labels: {} },
    { env: { B: "2", A: "1" } },
  ],
  [
    "29 rollout settings, reload, success codes",
    {},
    { rollout: { ...rollout, surge: "50%" }, reload: "rolling", success_codes: [0, 2] },
  ],
  [
    "30 all at once",
    { instances: 2, port: 3000, env: { A: "1" } },
    { instances: 3, ...fast, env: { B: "1" }, description: "new", ready: probe },
  ],
];

test("what each edit of a service does, whole", async () => {
  const blocks = EDITS.map(([what, from, to]) => `${what}\n${planText(edit(from, to))}\n`);
  await expect(blocks.join("\n")).toMatchFileSnapshot("fixtures/edits.txt");
});

test("a change names where its value, or the nearest key around it, was written", () => {
  const sources = {
    "": { file: "procs.yaml", line: 3 },
    "env.MODE": { file: ".env", line: 4 },
    ready: { file: "procs.yaml", line: 7 },
  };
  const before = wanting(service("api", { env: { MODE: "a", OLD: "1" }, ready: probe }));
  const after = wanting(service("api", { env: { MODE: "b" }, ready: { ...probe, interval: 1 } }));
  const [api] = planOf(before, after, { sources: { api: sources } }).services;
  expect(api?.changes.map(({ path, source }) => [path, source?.file, source?.line])).toEqual([
    ["env.MODE", ".env", 4],
    ["env.OLD", undefined, undefined],
    ["ready.interval", "procs.yaml", 7],
  ]);
});

test("a secret value is nowhere in the plan, but another value makes another plan", () => {
  const keyed = (key: string) => wanting(service("api", { env: { API_KEY: key } }));
  const doc = planOf(keyed("old-value"), keyed("new-value"));
  expect(JSON.stringify(doc)).not.toMatch(/old-value|new-value/);
  const ids = ["a", "b", "c", "d"].map((key) => planOf(keyed("old-value"), keyed(key)).id);
  expect(new Set(ids).size).toBe(4);
});

test("a count by hand survives a reload, and the plan says so", () => {
  const scaled = withIntent(wanting(service("api", { instances: 2 })), "api", { scale: 4 });
  const file = wanting(service("api", { instances: 3 })).services;
  expect(planText(planOf(scaled, { ...scaled, services: file }))).toBe(
    [
      "  ~ api      no restart needed",
      "      instances  2 -> 3",
      "      (scaled by hand to 4; procs.yaml says 3)",
      "    = 0 to add, 1 to change, 0 to remove, 0 unchanged",
      "    > update [instances] api.1#1: instances changed",
      "    > update [instances] api.2#1: instances changed",
      "    > update [instances] api.3#1: instances changed",
      "    > update [instances] api.4#1: instances changed",
    ].join("\n"),
  );
  const reset = planOf(scaled, { ...scaled, services: file, intents: new Map() });
  expect(reset.services[0]?.words).toBe("scale, 4 -> 3 instances, no downtime");
});

test("of what is not ready now a plan promises nothing, and names no wrong reason", () => {
  const words = (keys: Keys) => {
    const before = wanting(service("api", { ready: probe, ...keys }));
    let observed = running(before);
    const id = { service: "api", slot: 1, run: 1 };
    for (let failure = 0; failure < 3; failure++) {
      const answer = { kind: "probed", id, probe: "ready", ok: false, detail: "refused" } as const;
      observed = observe(observed, answer, 30_000);
    }
    const after = wanting(service("api", { ready: probe, ...keys, ...fast }));
    return planOf(before, after, { observed }).services[0]?.words;
  };
  expect(words({ listen: listening() })).toBe("rolling restart, 1 instance, it is not ready now");
  expect(words({ port: "auto" })).toBe("rolling restart, 1 instance, it is not ready now");
  expect(words({ port: 3000 })).toBe(
    "stop, then start: it is not ready now, because it holds :3000 alone",
  );
});

test("an address that somebody else has blocks what is to listen there, and nothing else", () => {
  const taken = { ":3000": "taken by node server.js (pid 2865, user ana, in ~/old-shop)" };
  const api = service("api", { listen: listening() });
  const words = (before: Desired, after: Desired) =>
    planOf(before, after, { taken }).services.map(({ symbol, service, action, words, notes }) =>
      [symbol, service, action, words, ...notes].join(" | "),
    );
  const blocked = "blocked, :3000 is taken by node server.js (pid 2865, user ana, in ~/old-shop)";
  expect(words(wanting(db), wanting(db, api))).toEqual([
    `+ | api | blocked | ${blocked}`,
    "= | db | none | unchanged",
  ]);
  const moved = service("api", { listen: listening(3001) });
  expect(words(wanting(moved), wanting(api))).toEqual([`~ | api | blocked | ${blocked}`]);
  // It is ours already: whoever the kernel names as its holder is procs.
  expect(words(wanting(api), wanting(service("api", { listen: listening(), ...fast })))).toEqual([
    "~ | api | rolling_restart | rolling restart, 1 instance, no downtime",
  ]);
});
