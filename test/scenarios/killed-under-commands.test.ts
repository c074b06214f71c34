import type { ChildProcess } from "node:child_process";
import { expect, test } from "vitest";
import { slay } from "../rig/deaths.ts";
import { createProject, finished, type Project } from "../rig/project.ts";
import { until } from "../rig/until.ts";

/** Of what goes through many lives of supervisors; a loaded machine takes its time for each. */
const LONG_MS = 180_000;

/** Slow to start and slow to end, so that there is a middle to be killed in. */
const slow = (word: string) => `
services:
  still: { command: sleep 1001 }
  slow:
    command: trap 'sleep 0.7; exit 0' TERM; sleep 0.7; echo ${word}; while :; do sleep 0.05; done
    ready: { log: /${word}/ }
`;

/** How many times each service was started, by its own runs. */
async function runs(project: Project): Promise<Record<string, number>> {
  const { services } = await project.snapshot();
  return Object.fromEntries(
    services.map(({ name, instances }) => [name, Math.max(0, ...instances.map((one) => one.run))]),
  );
}

/** Also of an `up` that has only just begun. */
function untilReady(project: Project) {
  return until("slow is ready", async () => {
    const service = await project.service("slow").catch(() => null);
    return service?.state === "ready";
  });
}

/** Waits until a command has said this of what it does, and kills the supervisor under it. */
async function killWhen(project: Project, child: ChildProcess, says: string) {
  const end = finished(child);
  await until(`an event of ${says}`, async () => {
    const { stdout } = await project.procs("events", "slow");
    return stdout.includes(says);
  });
  await slay(project, "supervisor");
  return end;
}

test("up: the verdicts come from the next supervisor, and are true", async () => {
  await using project = createProject(slow("good"));
  const up = await killWhen(project, project.open("up", "-d"), "slow starts");
  expect(up).toMatchObject({ code: 0 });
  expect(up.stderr).toMatch(/slow\s+ready in/);
  expect(await runs(project)).toEqual({ still: 1, slow: 1 });
});

test("up of what fails is told to have failed, whoever lives to tell it", async () => {
  const yaml = `
services:
  slow: { command: sleep 0.7; echo no such table; exit 3, restart: never }
`;
  await using project = createProject(yaml);
  const up = await killWhen(project, project.open("up", "-d"), "slow starts");
  expect(up).toMatchObject({ code: 1 });
  expect(up.stderr).toContain("exit 3");
  expect(up.stderr).toContain("no such table");
});

test("reload: what was edited is replaced once, and the rest is left alone", async () => {
  await using project = createProject(slow("good"));
  await project.procs("up", "-d");
  const [still] = await project.pids("still");
  project.write("procs.yaml", slow("better"));
  const reload = await killWhen(project, project.open("reload", "-y"), "slow stops");
  expect(reload).toMatchObject({ code: 0 });
  expect(reload.stderr + reload.stdout).toMatch(/slow.*(replaced|restarted)/);
  expect(await runs(project)).toEqual({ still: 1, slow: 2 });
  expect(await project.pids("still")).toEqual([still]);
  expect((await project.procs("logs", "--raw", "slow")).stdout).toContain("better");
});

test(
  "restart, scale and stop are done once, whichever supervisor ends them",
  async () => {
    await using project = createProject(slow("good"));
    await project.procs("up", "-d");
    expect(
      await killWhen(project, project.open("restart", "slow"), "slow stops: restart asked"),
    ).toMatchObject({ code: 0 });
    expect(await runs(project)).toEqual({ still: 1, slow: 2 });
    const scaled = await killWhen(project, project.open("scale", "slow=2"), "slow.2 starts");
    expect(scaled).toMatchObject({ code: 0 });
    expect((await project.pids("slow")).filter((pid) => pid !== null)).toHaveLength(2);
    const stopped = await killWhen(project, project.open("stop", "slow"), "stopped by hand");
    expect(stopped).toMatchObject({ code: 0 });
    expect(stopped.stderr).toMatch(/slow\s+stopped/);
    expect((await project.service("slow")).state).toBe("stopped");
  },
  LONG_MS,
);

test("down goes on until nothing is left", async () => {
  await using project = createProject(slow("good"));
  await project.procs("up", "-d");
  expect(await killWhen(project, project.open("down"), "slow stops: down")).toMatchObject({
    code: 0,
  });
  // The guardian is the last to go, a moment after the answer.
  await until("nothing is left", () => project.alive().length === 0);
});

test(
  "an attached up goes on over deaths: no line twice, none missing, and its end is still the end",
  async () => {
    const yaml = `
services:
  count: { command: "trap 'exit 0' TERM; n=0; while :; do n=$((n+1)); echo line $n; sleep 0.02; done" }
`;
    await using project = createProject(yaml);
    const up = project.open("up");
    const end = finished(up);
    for (const which of ["supervisor", "guardian"] as const) {
      await until("it counts", async () => {
        const { stdout } = await project.procs("logs", "--raw", "-n", "all");
        return stdout.length > 500;
      });
      await slay(project, which);
      await project.reaches("count", "ready");
    }
    await until("the last death is seen by its owner", async () => {
      const { stdout } = await project.procs("events");
      return stdout.includes("where the one before it had ended");
    });
    up.kill("SIGINT");
    const { code, stdout, stderr } = await end;
    expect([code, stderr]).toEqual([0, expect.stringContaining("the supervisor is back")]);
    // The guardian is the last to go, a moment after the answer.
    await until("nothing is left", () => project.alive().length === 0);
    const told = [...stdout.matchAll(/line (\d+)/g)].map(([, number]) => Number(number));
    expect(told).toEqual(told.map((_, index) => index + 1));
    const stored = await project.procs("logs", "--raw", "-n", "all");
    expect(told.length).toBe(stored.stdout.match(/^line /gm)?.length);
  },
  LONG_MS,
);

test(
  "an up that comes after its predecessor was killed with all its keepers owns the project",
  async () => {
    await using project = createProject(slow("good"));
    for (const words of [["up"], ["up", "-d"]]) {
      const first = project.open("up");
      await untilReady(project);
      first.kill("SIGKILL");
      await slay(project, "guardian", "supervisor");
      const second = project.open(...words);
      const end = finished(second);
      await untilReady(project);
      if (words.includes("-d")) {
        expect(await end).toMatchObject({ code: 0 });
        const { stdout } = await project.procs("daemon", "--json");
        expect(JSON.parse(stdout)).not.toHaveProperty("awaits_owner");
        expect(await project.procs("down")).toMatchObject({ code: 0 });
      } else {
        await until("it is heard", async () => {
          const { stdout } = await project.procs("events", "--type", "reload");
          return stdout.split("up:").length > 2;
        });
        second.kill("SIGINT");
        expect(await end).toMatchObject({ code: 0 });
      }
      // The guardian is the last to go, a moment after the answer.
      await until("nothing is left", () => project.alive().length === 0);
    }
  },
  LONG_MS,
);
