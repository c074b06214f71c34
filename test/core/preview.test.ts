import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Desired, NOTHING, withIntent, withRestart } from "../../src/core/desired.ts";
import { EMPTY } from "../../src/core/fold.ts";
import { observe } from "../../src/core/observe.ts";
import type { Observed } from "../../src/core/observed.ts";
import type { Dependency } from "../../src/core/spec.ts";
import { folderWith, load, projectIn } from "../config/folder.ts";
import { NOW, planOf, planText, refiled, running, wanting } from "../rig/plans.ts";
import { service } from "../rig/specs.ts";

function needs(condition: Dependency["condition"], restart = false): Dependency {
  return { condition, restart, required: true };
}

const db = service("db", { port: 5432 });
const worker = service("worker");
const api = service("api", {
  instances: 2,
  port: 3000,
  reload: "rolling",
  env: { A: "1", B: "1" },
  depends_on: { db: needs("ready") },
});
const web = service("web", { depends_on: { db: needs("ready", true) }, reload: "rolling" });
const migrate = service("migrate", { kind: "task" });
const app = service("app", { depends_on: { migrate: needs("done") }, reload: "rolling" });
const old = service("web", { port: 3000, command: "node web.js" });
const renamed = { ...old, name: "site", was: "web", description: "the site" };
const dev = service("mail", { profiles: ["dev"] });
const backup = service("backup", {
  kind: "task",
  schedule: { cron: "0 3 * * *", timezone: null, overlap: "skip", missed: "run" },
});

const scaled = withIntent(wanting(worker, db), "worker", { scale: 4 });
const stopped = withIntent(wanting(db, worker), "db", { stopped: true });
const selected: Desired = { ...wanting(worker, web), selected: new Set(["worker"]) };

/** `worker` crashed a moment ago and waits for its next try. */
function crashed(desired: Desired): Observed {
  const id = { service: "worker", slot: 1, run: 1 };
  const exit = { kind: "code", code: 1 } as const;
  const exited = observe(running(desired), { kind: "exited", id, exit }, NOW);
  return observe(exited, { kind: "gone", id }, NOW);
}

/** One run of `backup` is under way. */
function underWay(desired: Desired): Observed {
  const due = observe(running(desired), { kind: "reset", service: "backup" }, NOW);
  const instance = running(wanting(migrate)).services.get("migrate")?.instances[0];
  const before = due.services.get("backup");
  if (instance === undefined || before === undefined) throw new Error("nothing was foreseen");
  const run = { ...instance, service: "backup", applied: backup };
  const services = new Map(due.services).set("backup", {
    ...before,
    instances: [{ ...run, phase: { kind: "running", pid: 7 } }],
  });
  return { ...due, services };
}

interface Edit {
  readonly what: string;
  readonly before: Desired;
  readonly after: Desired;
  readonly observed?: Observed;
  readonly noRemove?: true;
}

const EDITS: readonly Edit[] = [
  {
    what: "the first start of everything",
    before: NOTHING,
    after: wanting(api, web, db, migrate, dev, backup),
    observed: EMPTY,
  },
  {
    what: "6 scaled by hand, and edited in the file",
    before: scaled,
    after: refiled(scaled, { ...worker, instances: 2 }, db),
  },
  {
    what: "14 a new dependency starts, its dependent is left alone",
    before: wanting(worker),
    after: wanting(db, { ...worker, depends_on: { db: needs("ready") } }),
  },
  {
    what: "15 a replaced dependency takes along those with restart: true",
    before: wanting(db, api, web),
    after: wanting({ ...db, command: "postgres" }, api, web),
  },
  {
    what: "16 removed services stop after their dependents",
    before: wanting(db, api, worker),
    after: wanting(worker),
  },
  {
    what: "16 removed services with --no-remove",
    before: wanting(db, api, worker),
    after: wanting({ ...worker, command: "x" }),
    noRemove: true,
  },
  { what: "17 renamed, with was", before: wanting(old, worker), after: wanting(renamed, worker) },
  {
    what: "17 renamed, with was, and edited",
    before: wanting(old),
    after: wanting({ ...renamed, command: "node site.js" }),
  },
  {
    what: "17 renamed, without was",
    before: wanting(old),
    after: wanting({ ...renamed, was: null }),
  },
  {
    what: "18 a profile is selected",
    before: wanting(dev),
    after: { ...wanting(dev), profiles: new Set(["dev"]) },
  },
  {
    what: "18 the selection is remembered",
    before: selected,
    after: refiled(selected, worker, { ...web, command: "x" }, db),
  },
  { what: "stopped by hand, nothing edited", before: stopped, after: stopped },
  {
    what: "stopped by hand, edited",
    before: stopped,
    after: refiled(stopped, { ...db, command: "x" }, worker),
  },
  {
    what: "needed, and stopped by hand",
    before: stopped,
    after: refiled(stopped, db, { ...web, command: "x" }),
  },
  {
    what: "a task runs anew before what needs it is replaced",
    before: wanting(migrate, app),
    after: wanting({ ...migrate, command: "2" }, { ...app, command: "2" }),
  },
  {
    what: "22 a run that is under way is never ended by an edit",
    before: wanting(backup),
    after: wanting({ ...backup, command: "2" }),
    observed: underWay(wanting(backup)),
  },
  {
    what: "26 what waits for its next try is no part of a plan",
    before: wanting(worker),
    after: wanting(worker),
    observed: crashed(wanting(worker)),
  },
  {
    what: "what waits for its next try, edited",
    before: wanting(worker),
    after: wanting({ ...worker, command: "x" }),
    observed: crashed(wanting(worker)),
  },
  {
    what: "30 the five edits",
    before: wanting(api, worker, db),
    after: wanting({ ...api, command: "node 2.js", instances: 3, env: { B: "1", C: "1" } }, db),
  },
  {
    what: "a restart that was asked for",
    before: wanting(api, db),
    after: withRestart(wanting(api, db), "db", "restart asked"),
  },
];

test("what each edit of a project does, whole", async () => {
  const blocks = EDITS.map(({ what, before, after, observed, noRemove = false }) => {
    const doc = planOf(before, after, {
      noRemove,
      ...(observed === undefined ? {} : { observed }),
    });
    return `${what}\n${planText(doc)}\n`;
  });
  await expect(blocks.join("\n")).toMatchFileSnapshot("fixtures/plans.txt");
});

test("3 the content of an env file is as good as an edit of procs.yaml", () => {
  const file = "env_file: [{ path: own.env }]";
  const folder = folderWith({
    "procs.yaml": `services: { api: { command: x, ${file} }, web: { command: y } }`,
    "own.env": "A=1\nB=1\n",
  });
  const before = wanting(...projectIn(folder).services);
  writeFileSync(join(folder, "own.env"), "# B comes first\nB='1'\nA=2\n");
  const after = projectIn(folder);
  const { sources } = after;
  expect(planText(planOf(before, wanting(...after.services), { sources }))).toBe(
    [
      "-/+ api      stop, then start: about 1s of downtime, because it may not run twice at once (reload: rolling allows it)",
      "      env.A  1 -> 2  own.env:3",
      "  = web      unchanged",
      "    = 0 to add, 1 to change, 0 to remove, 1 unchanged",
      "    > stop api.1#1: changed",
      "    > start api.1#2: missing",
    ].join("\n"),
  );
});

test("a file that does not validate gives no project to plan with", () => {
  const loaded = load(folderWith({ "procs.yaml": "services: { api: { comand: x } }" }));
  expect(loaded).not.toHaveProperty("project");
});

test("nothing to do: nothing changed, no step, whatever runs", () => {
  for (const { before } of EDITS) {
    const doc = planOf(before, structuredClone(before));
    expect([doc.changed, doc.steps]).toEqual([false, []]);
  }
});

test("a plan's id is the same for the same edit, and another for another", () => {
  const before = wanting(api, worker, db);
  const ids = EDITS.map((edit) => planOf(before, edit.after).id);
  expect(EDITS.map((edit) => planOf(before, structuredClone(edit.after)).id)).toEqual(ids);
  expect(ids.every((id) => /^[0-9a-f]{8}$/.test(id))).toBe(true);
  expect(planOf(before, refiled(before, worker, db)).id).not.toBe(
    planOf(before, refiled(before, api, db)).id,
  );
});

test("a plan touches neither what is wanted nor what is known", () => {
  const before = wanting(api, web, db);
  const observed = running(before);
  const copy = structuredClone(observed);
  planOf(before, wanting(db), { observed });
  expect(observed).toEqual(copy);
});

test("a version that failed its rollout is shown as ahead of what runs", () => {
  const before = wanting(worker);
  const bad = { ...worker, command: "node bad.js" };
  const observed = running(before);
  const known = observed.services.get("worker");
  if (known === undefined) throw new Error("nothing was foreseen");
  const rejected = {
    revision: { spec: bad, generation: 0 },
    reason: "new worker.1 ended before it was ready",
    instance: { slot: 1, run: 2 },
    at: NOW,
    paused: false,
  };
  const services = new Map(observed.services).set("worker", { ...known, rejected });
  const after = wanting(bad);
  expect(planText(planOf(after, after, { observed: { ...observed, services } }))).toBe(
    [
      "  ~ worker   blocked: this version was tried and rolled back [new worker.1 ended before it was ready]",
      "      command  node worker.js -> node bad.js",
      "      (procs restart worker tries it again)",
      "    = 0 to add, 1 to change, 0 to remove, 0 unchanged",
    ].join("\n"),
  );
});
