import { expect, test } from "vitest";
import { applying, broken, projectOf, server, shell } from "../rig/projects.ts";
import { createRig } from "../rig/rig.ts";
import { until } from "../rig/until.ts";

const never = {
  restart: { policy: "never", backoff: { min: 1, max: 1 }, reset_after: 1, max: 1, window: 1 },
} as const;

test("a snapshot has everything that ps and status show", async () => {
  await using rig = await createRig();
  const db = server("db", { description: "the store", port: 5432, labels: {} });
  const needs = {
    depends_on: { db: { condition: "ready", restart: false, required: true } },
  } as const;
  const project = projectOf(
    rig,
    db,
    server("api", { ...needs, instances: 2 }),
    { ...broken("bad"), ...never },
    shell("task", "echo done", { kind: "task", ...never }),
    server("off", { enabled: false }),
  );
  await rig.engine.operate(applying(project), { launch: true });
  const snapshot = await rig.engine.snapshot();
  expect(snapshot).toMatchObject({
    ...{ v: 1, kind: "ps", project: "rig", folder: rig.folder },
    supervisor: { pid: (await rig.engine.version())?.pid },
  });
  const [first, api, bad, task, off] = snapshot?.services ?? [];
  expect(first).toMatchObject({
    ...{ name: "db", kind: "service", state: "ready", ready: 1, wanted: 1, restarts: 0 },
    ...{ where: ":5432", needed_by: ["api"], description: "the store", cwd: rig.folder },
    by_hand: { stopped: false, scale: null, file_instances: 1 },
    instances: [{ instance: 1, run: 1, state: "ready", current: true, port: 5432 }],
    last_exit: null,
  });
  expect(first?.probe).toMatch(/up.*(just now|ago)$/);
  expect(first?.memory_bytes).toBeGreaterThan(0);
  expect(Math.abs(Date.now() - Date.parse(first?.since ?? ""))).toBeLessThan(60_000);
  expect(api).toMatchObject({
    depends_on: { db: "ready" },
    instances: [{ instance: 1 }, { instance: 2 }],
  });
  expect(bad).toMatchObject({
    ...{ state: "failed", ready: 0, instances: [] },
    last_exit: {
      code: 3,
      signal: null,
      words: "exit 3",
      run: 1,
      last_lines: ["no such table: users"],
    },
  });
  expect(task).toMatchObject({ kind: "task", state: "done" });
  expect(off).toMatchObject({ state: "disabled", instances: [] });
  expect((await rig.engine.snapshot(["db", "off"]))?.services.map((one) => one.name)).toEqual([
    "db",
    "off",
  ]);
});

test("a service that left the file is shown until it has ended", async () => {
  await using rig = await createRig();
  const slow = server("slow", {
    command: "trap : TERM; echo up; while :; do sleep 0.05; done",
    stop: { signal: "SIGTERM", timeout: 500 },
  });
  await rig.engine.operate(applying(projectOf(rig, server("a"), slow)), { launch: true });
  const less = applying(projectOf(rig, server("a")), { command: "reload", wait: false });
  await rig.engine.operate(less, { launch: false });
  const services = async () => (await rig.engine.snapshot())?.services ?? [];
  expect((await services())[1]).toMatchObject({ name: "slow", state: "stopping" });
  await until("slow has ended", async () => (await services()).length === 1);
});
