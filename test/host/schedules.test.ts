import { afterEach, expect, test } from "vitest";
import type { Schedule } from "../../src/core/spec.ts";
import { Schedules } from "../../src/host/schedules.ts";
import { eventually } from "./rig.ts";
import { specOf } from "./spec.ts";

const opened: Schedules[] = [];
afterEach(() => {
  for (const schedules of opened.splice(0)) schedules.close();
});

/** Two clocks that the test moves: monotonic time begins at 1,000. */
function createOne(wall: string) {
  const clocks = { now: 1_000, wall: Date.parse(wall) };
  const told: string[] = [];
  const warnings: string[] = [];
  const schedules = new Schedules({
    now: () => clocks.now,
    wallNow: () => clocks.wall,
    scheduled: (service, at) => {
      const due = at === null ? "never" : new Date(clocks.wall + at - clocks.now).toISOString();
      told.push(`${service} ${due}`);
    },
    warn: (message) => warnings.push(message),
  });
  opened.push(schedules);
  const pass = (ms: number): void => {
    clocks.now += ms;
    clocks.wall += ms;
  };
  const ask = async (change: Partial<Schedule>): Promise<string | undefined> => {
    const before = told.length;
    const schedule: Schedule = {
      cron: "0 3 * * *",
      timezone: "UTC",
      overlap: "skip",
      missed: "skip",
      ...change,
    };
    schedules.schedule(specOf(["true"], { name: "backup", schedule }));
    expect(told.length, "not during the call").toBe(before);
    await eventually("an answer", () => told.length > before);
    return told.at(-1);
  };
  return { clocks, told, warnings, schedules, pass, ask };
}

test("the next time, in its time zone", async () => {
  const { ask } = createOne("2026-01-10T12:00:00Z");
  expect(await ask({})).toBe("backup 2026-01-11T03:00:00.000Z");
  expect(await ask({ timezone: "America/New_York" })).toBe("backup 2026-01-11T08:00:00.000Z");
});

test("over the change to summer time: a time that does not exist that night still has its day", async () => {
  const { ask } = createOne("2026-03-28T12:00:00Z");
  // At 02:00 the clocks of Berlin go to 03:00, which is 01:00 UTC.
  expect(await ask({ cron: "30 2 * * *", timezone: "Europe/Berlin" })).toMatch(
    /^backup 2026-03-29T0[01]:/,
  );
});

test("asked again before it is due it tells the same, and after it the next one", async () => {
  const { ask, pass } = createOne("2026-01-10T02:59:59Z");
  expect(await ask({})).toBe("backup 2026-01-10T03:00:00.000Z");
  pass(500);
  expect(await ask({})).toBe("backup 2026-01-10T03:00:00.000Z");
  pass(500);
  expect(await ask({})).toBe("backup 2026-01-11T03:00:00.000Z");
});

test("an alarm a little before the wall clock does not make the same time due twice", async () => {
  const { ask, pass, clocks } = createOne("2026-01-10T02:59:59Z");
  await ask({});
  pass(1_000);
  clocks.wall -= 3;
  expect(await ask({})).toBe("backup 2026-01-11T03:00:00.000Z");
});

test("another cron of the same service begins anew", async () => {
  const { ask, pass } = createOne("2026-01-10T02:59:59Z");
  await ask({});
  pass(1_000);
  expect(await ask({ cron: "0 4 * * *" })).toBe("backup 2026-01-10T04:00:00.000Z");
});

test("a clock that was set tells the due time anew", async () => {
  const { ask, told, clocks, schedules } = createOne("2026-01-10T00:00:00Z");
  await ask({});
  clocks.wall += 3_600_000;
  schedules.look();
  await eventually("told anew", () => told.length === 2);
  expect(told[1]).toBe("backup 2026-01-10T03:00:00.000Z");
  // An hour less to wait.
  schedules.look();
  expect(told.length).toBe(2);
});

test("a time that passed in sleep is due now with missed: run, and left out with skip", async () => {
  for (const missed of ["run", "skip"] as const) {
    const { ask, told, clocks, schedules } = createOne("2026-01-10T00:00:00Z");
    await ask({ missed });
    clocks.wall += 6 * 3_600_000;
    schedules.look();
    await eventually("told anew", () => told.length === 2);
    const expected = missed === "run" ? "2026-01-10T06:00:00.000Z" : "2026-01-11T03:00:00.000Z";
    expect(told[1]).toBe(`backup ${expected}`);
    if (missed === "run") expect(await ask({ missed })).toBe("backup 2026-01-11T03:00:00.000Z");
  }
});

test("a cron that never comes is due never, and one that cannot be read is told of", async () => {
  const { ask, warnings } = createOne("2026-01-10T00:00:00Z");
  expect(await ask({ cron: "0 0 30 2 *" })).toBe("backup never");
  expect(await ask({ cron: "nonsense" })).toBe("backup never");
  expect(warnings.at(-1)).toMatch(/^the schedule of backup cannot be read: /);
});
