import { expect, test } from "vitest";
import { applying, by, planning, projectOf, server } from "../rig/projects.ts";
import { createRig, outcomes } from "../rig/rig.ts";
import { until } from "../rig/until.ts";

const reload = { command: "reload" } as const;
const launch = { launch: true };
const another = { by: { user: "ana", via: "cli", pid: 1 } } as const;

test("two clients at once: the second waits for the first when both change the same service", async () => {
  await using rig = await createRig();
  const slow = (version: number) => ({
    ...server("a", {}, version),
    command: `sleep 0.3; echo up v${version}; exec sleep 1000`,
  });
  await rig.engine.operate(applying(projectOf(rig, slow(1))), launch);
  const [one, two] = await Promise.all([
    rig.engine.operate(applying(projectOf(rig, slow(2)), reload), launch),
    rig.engine.operate(applying(projectOf(rig, slow(3)), { ...reload, ...another }), launch),
  ]);
  expect([one.exit, two.exit]).toEqual([0, 0]);
  expect([outcomes(one), outcomes(two)]).toEqual([{ a: "replaced" }, { a: "replaced" }]);
  const snapshot = await rig.engine.snapshot();
  expect(snapshot?.services[0]).toMatchObject({ ready: 1, instances: [{ run: 3 }] });
});

test("two clients at once: who may not wait is told who is changing the project", async () => {
  await using rig = await createRig();
  const hanging = { ...server("a"), command: "exec sleep 1000" };
  const abort = new AbortController();
  const first = rig.engine.operate(applying(projectOf(rig, hanging)), {
    ...launch,
    signal: abort.signal,
  });
  const settled = first.catch(() => null);
  await until(
    "a is being started",
    async () =>
      (await rig.engine.snapshot())?.services.some((one) => one.state === "starting") ?? false,
  );
  const other = applying(projectOf(rig, server("a")), { ...another, timeout_ms: 50 });
  await expect(rig.engine.operate(other, launch)).rejects.toMatchObject({
    exitCode: 4,
    diagnostics: [
      { code: "P603", message: expect.stringContaining('another procs up is changing "rig"') },
    ],
  });
  // Another service is nobody's business, and stopping is never kept waiting.
  await rig.engine.operate(
    {
      op: "stop",
      by,
      services: ["a"],
      dependents: false,
      signal: null,
      grace_ms: null,
      wait: true,
      timeout_ms: 10_000,
    },
    launch,
  );
  abort.abort();
  await settled;
});

test("a client that disconnects does not cancel its operation", async () => {
  await using rig = await createRig();
  const slow = { ...server("a"), command: "sleep 0.3; echo up; exec sleep 1000" };
  const abort = new AbortController();
  const operation = rig.engine.operate(applying(projectOf(rig, slow)), {
    ...launch,
    signal: abort.signal,
    onItem: () => abort.abort(),
  });
  await expect(operation).rejects.toMatchObject({ exitCode: 130 });
  await until(
    "a is ready",
    async () => (await rig.engine.snapshot())?.services[0]?.state === "ready",
  );
});

test("a client of another version may look and end things, and change nothing", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("a"));
  await rig.engine.operate(applying(project), launch);
  const other = rig.engineOf("9.9.9");
  expect((await other.snapshot())?.services).toHaveLength(1);
  const refused = {
    exitCode: 4,
    diagnostics: [
      {
        code: "P601",
        message: expect.stringMatching(
          /^this project runs under procs .*, and you called procs 9\.9\.9$/,
        ),
      },
    ],
  };
  await expect(other.plan(planning(project))).rejects.toMatchObject(refused);
  await expect(other.operate(applying(project, reload), launch)).rejects.toMatchObject(refused);
  const down = await other.operate({ op: "down", by, grace_ms: null }, launch);
  expect(down.exit).toBe(0);
});

test("another folder's project is refused", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("a"));
  await rig.engine.operate(applying(project), launch);
  const foreign = { ...project, folder: "/elsewhere" };
  await expect(rig.engine.operate(applying(foreign), launch)).rejects.toMatchObject({
    diagnostics: [{ code: "P608" }],
  });
});

test("a client's next edit takes the place of its own that hangs", async () => {
  await using rig = await createRig();
  const hanging = { ...server("a"), command: "exec sleep 1000" };
  const first = rig.engine.operate(applying(projectOf(rig, hanging)), launch);
  await until(
    "a is being started",
    async () => (await rig.engine.snapshot())?.services[0]?.state === "starting",
  );
  const second = await rig.engine.operate(applying(projectOf(rig, server("a")), reload), launch);
  expect(outcomes(second)).toEqual({ a: "replaced" });
  expect(await first).toMatchObject({ exit: 0, services: [{ outcome: "ready" }] });
});
