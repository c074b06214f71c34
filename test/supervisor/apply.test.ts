import { expect, test } from "vitest";
import type { StreamItem } from "../../src/control/protocol.ts";
import { applying, broken, planning, projectOf, server, shell } from "../rig/projects.ts";
import { createRig, outcomes, pidsOf } from "../rig/rig.ts";

const reload = { command: "reload" } as const;
const launch = { launch: true };
const rolling = { reload: "rolling" } as const;

test("up starts what is missing, in order, and says so as it happens", async () => {
  await using rig = await createRig();
  const project = projectOf(
    rig,
    server("db"),
    shell("migrate", "echo migrated", {
      kind: "task",
      restart: {
        policy: "never",
        backoff: { min: 100, max: 100 },
        reset_after: 1,
        max: 1,
        window: 1,
      },
      depends_on: { db: { condition: "ready", restart: false, required: true } },
    }),
    server("api", {
      instances: 2,
      depends_on: { migrate: { condition: "done", restart: false, required: true } },
    }),
  );
  const items: StreamItem[] = [];
  const onItem = (item: StreamItem) => items.push(item);
  const result = await rig.engine.operate(applying(project), { ...launch, onItem });
  expect(result).toMatchObject({ ok: true, exit: 0, op: "apply", rolled_back: [] });
  expect(outcomes(result)).toEqual({ db: "ready", migrate: "done", api: "ready" });
  expect(items[0]).toMatchObject({ kind: "plan", plan: { summary: { add: 3 } } });
  expect(items.at(-1)).toEqual(result);
  const states = items.flatMap((item) =>
    item.kind === "event" && item.type === "state" ? [`${item.service} ${item.state}`] : [],
  );
  const at = (what: string) => states.indexOf(what);
  expect(at("db ready")).toBeGreaterThanOrEqual(0);
  expect(at("db ready")).toBeLessThan(at("migrate starting"));
  expect(at("migrate done")).toBeLessThan(at("api starting"));
});

test("an edit touches what it changes and nothing else", async () => {
  await using rig = await createRig();
  const before = projectOf(rig, server("a"), server("b"), server("c"), server("old"));
  await rig.engine.operate(applying(before), launch);
  const pids = await pidsOf(rig);
  const after = projectOf(
    rig,
    server("a"),
    server("b", {}, 2),
    server("c", { instances: 2 }),
    server("new"),
  );
  const plan = await rig.engine.plan(planning(after));
  expect(plan.summary).toEqual({ add: 1, change: 2, remove: 1, unchanged: 1 });
  const result = await rig.engine.operate(applying(after, { ...reload, expect: plan.id }), launch);
  expect(result).toMatchObject({ exit: 0, plan: plan.id });
  expect(outcomes(result)).toEqual({
    a: "unchanged",
    b: "replaced",
    c: "scaled",
    new: "ready",
    old: "removed",
  });
  const now = await pidsOf(rig);
  expect(now.a).toEqual(pids.a);
  expect(now.b).not.toEqual(pids.b);
  expect(now.c?.[0]).toBe(pids.c?.[0]);
  expect(Object.keys(now).sort()).toEqual(["a", "b", "c", "new"]);
});

test("a reload that changes nothing touches no process", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("a"), server("b", { instances: 2 }));
  await rig.engine.operate(applying(project), launch);
  const pids = await pidsOf(rig);
  for (let round = 0; round < 20; round++) {
    // Another shell: what it has in its environment is not taken.
    const ambient = { PATH: "/bin", SHELL_NUMBER: String(round) };
    const result = await rig.engine.operate(applying(project, { ...reload, ambient }), launch);
    expect(outcomes(result)).toEqual({ a: "unchanged", b: "unchanged" });
  }
  expect(await pidsOf(rig)).toEqual(pids);
});

test("--refresh-env takes the environment anew", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("a"));
  await rig.engine.operate(applying(project), launch);
  const ambient = { PATH: "/usr/bin:/bin", COLOUR: "blue" };
  const change = { ...reload, ambient, refresh_env: true };
  const result = await rig.engine.operate(applying(project, change), launch);
  expect(outcomes(result)).toEqual({ a: "replaced" });
  expect((await rig.engine.project())?.ambient).toEqual(ambient);
});

test("a new version that does not get ready is rolled back: exit 6, its last lines, old pids", async () => {
  await using rig = await createRig();
  const keys = { instances: 2, ...rolling };
  await rig.engine.operate(applying(projectOf(rig, server("api", keys), server("b"))), launch);
  const pids = await pidsOf(rig);
  const bad = projectOf(rig, broken("api", keys), server("b", {}, 2));
  const result = await rig.engine.operate(applying(bad, reload), launch);
  expect(result).toMatchObject({ ok: false, exit: 6, rolled_back: ["api"] });
  expect(outcomes(result)).toEqual({ api: "rolled_back", b: "replaced" });
  const api = result.services.find((service) => service.name === "api");
  expect(api?.last_lines).toEqual(["no such table: users"]);
  expect((await pidsOf(rig)).api).toEqual(pids.api);

  // The file is ahead of what runs; asking again tries again; another edit goes through.
  expect((await rig.engine.plan(planning(bad))).services[0]).toMatchObject({
    service: "api",
    symbol: "~",
  });
  const again = await rig.engine.operate(applying(bad, reload), launch);
  expect(again.exit).toBe(6);
  const good = projectOf(rig, server("api", keys, 2), server("b", {}, 2));
  expect((await rig.engine.operate(applying(good, reload), launch)).exit).toBe(0);
});

test("a plan that is another by now is refused with P503", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("a"));
  await rig.engine.operate(applying(project), launch);
  const other = projectOf(rig, server("a", {}, 2));
  const refused = rig.engine.operate(applying(other, { ...reload, expect: "0badf00d" }), launch);
  await expect(refused).rejects.toMatchObject({ exitCode: 1, diagnostics: [{ code: "P503" }] });
  expect((await rig.engine.plan(planning(other))).changed).toBe(true);
});

test("up with names starts them and what they need, and later adds to them", async () => {
  await using rig = await createRig();
  const needs = {
    depends_on: { db: { condition: "ready", restart: false, required: true } },
  } as const;
  const project = projectOf(rig, server("db"), server("api", needs), server("web"));
  const first = await rig.engine.operate(applying(project, { select: ["api"] }), launch);
  expect(outcomes(first)).toEqual({ db: "ready", api: "ready" });
  // A reload does not resurrect the rest.
  const plain = await rig.engine.operate(applying(project, reload), launch);
  expect(outcomes(plain)).toEqual({ db: "unchanged", api: "unchanged" });
  const more = await rig.engine.operate(applying(project, { select: ["web"] }), launch);
  expect(outcomes(more)).toEqual({ db: "unchanged", api: "unchanged", web: "ready" });
  await expect(
    rig.engine.operate(applying(project, { select: ["nope"] }), launch),
  ).rejects.toMatchObject({ exitCode: 2, diagnostics: [{ code: "P803" }] });
});

test("only the named services take their new spec", async () => {
  await using rig = await createRig();
  await rig.engine.operate(applying(projectOf(rig, server("a"), server("b"))), launch);
  const edited = projectOf(rig, server("a", {}, 2), server("b", {}, 2), server("c"));
  const result = await rig.engine.operate(applying(edited, { ...reload, only: ["a"] }), launch);
  expect(outcomes(result)).toEqual({ a: "replaced", b: "unchanged" });
  expect((await rig.engine.plan(planning(edited))).summary).toMatchObject({ add: 1, change: 1 });
});

test("no_remove leaves what the file no longer has", async () => {
  await using rig = await createRig();
  await rig.engine.operate(applying(projectOf(rig, server("a"), server("b"))), launch);
  const less = projectOf(rig, server("a"));
  const kept = await rig.engine.operate(applying(less, { ...reload, no_remove: true }), launch);
  expect(outcomes(kept)).toEqual({ a: "unchanged", b: "remains" });
  const gone = await rig.engine.operate(applying(less, reload), launch);
  expect(outcomes(gone)).toEqual({ a: "unchanged", b: "removed" });
});

test("up waits for a verdict: a service that keeps crashing is exit 1 with its last words", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("a"), broken("bad"));
  const result = await rig.engine.operate(applying(project), launch);
  expect(result).toMatchObject({ ok: false, exit: 1 });
  const bad = result.services.find((service) => service.name === "bad");
  expect(bad).toMatchObject({ ok: false, outcome: "crashed" });
  expect(bad?.last_lines).toEqual(["no such table: users"]);
  expect(bad?.detail).toMatch(/^exit 3 after .*, retry 2 of 10 in |^crashed 2 times/);
});

test("a dependent of something that failed does not hold up the verdict", async () => {
  await using rig = await createRig();
  const needs = {
    depends_on: { bad: { condition: "ready", restart: false, required: true } },
  } as const;
  const project = projectOf(rig, broken("bad"), server("api", needs));
  const result = await rig.engine.operate(applying(project), launch);
  expect(result.exit).toBe(1);
  expect(outcomes(result)).toMatchObject({ bad: "crashed", api: "waiting" });
});

test("what has no verdict in time is pending: exit 5; without waiting it is exit 0", async () => {
  await using rig = await createRig();
  const slow = projectOf(rig, { ...server("slow"), command: "exec sleep 1000" });
  const result = await rig.engine.operate(applying(slow, { timeout_ms: 300 }), launch);
  expect(result).toMatchObject({
    ok: false,
    exit: 5,
    services: [{ outcome: "pending", ok: false }],
  });
  const unwaited = await rig.engine.operate(applying(slow, { wait: false }), launch);
  expect(unwaited).toMatchObject({
    ok: true,
    exit: 0,
    services: [{ outcome: "pending", ok: true }],
  });
});
