import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createProject } from "../rig/project.ts";
import { until } from "../rig/until.ts";

const YAML = `
services:
  api:
    command: 'i=0; while :; do i=$((i+1)); echo "api says $i"; sleep 0.02; done'
  other:
    command: 'echo "other was here"; exec sleep 1000'
  task:
    kind: task
    command: 'echo "task was here"'
`;

const lines = (text: string) => text.split("\n").filter((line) => line !== "");

test("clearing empties what was asked for, of what runs and of what has ended, and touches no process", async () => {
  await using project = createProject(YAML);
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  expect(await project.procs("restart", "api")).toMatchObject({ code: 0 });
  const logs = async (...args: string[]) => lines((await project.procs("logs", ...args)).stdout);
  await until("it has spoken", async () => (await logs("api", "-n", "all")).length > 20);
  const pids = [await project.pids("api"), await project.pids("other")];

  const nobody = await project.procs("logs", "--clear", "api");
  expect(nobody).toMatchObject({ code: 2, stdout: "" });
  expect(nobody.stderr).toMatch(
    /^error\[P802\]: --clear would delete what api wrote, and nobody can be asked/,
  );
  const part = await project.procs("logs", "--clear", "api", "--since", "10m", "-y");
  expect(part.code).toBe(2);

  const [last = ""] = await logs("api", "-n", "1");
  const cleared = await project.procs("logs", "--clear", "api", "-y");
  expect(cleared).toMatchObject({ code: 0, stderr: "" });
  expect(cleared.stdout).toMatch(/^api: cleared/);
  const left = await logs("api", "-n", "all");
  const number = (line: string) => Number(/says (\d+)/.exec(line)?.[1] ?? Number.NaN);
  expect(left.map(number).filter((one) => one < number(last))).toEqual([]);
  await until("it speaks on", async () => (await logs("api", "-n", "all")).length > left.length);
  expect([await project.pids("api"), await project.pids("other")]).toEqual(pids);
  expect(await logs("other")).toEqual(
    expect.arrayContaining([expect.stringContaining("other was here")]),
  );
  expect((await project.procs("events")).stdout).toContain("the logs of api were cleared");

  const all = JSON.parse((await project.procs("logs", "--clear", "-y", "--json")).stdout);
  expect(all).toMatchObject({ v: 1, kind: "cleared", failed: [] });
  expect(all.services.map((one: { name: string }) => one.name)).toEqual(["api", "other", "task"]);
  expect(await logs("other")).not.toEqual(
    expect.arrayContaining([expect.stringContaining("was here")]),
  );
  expect((await project.service("task")).state).toBe("done");
});

test("with nothing running the files go, and runs are numbered on", async () => {
  await using project = createProject(YAML);
  await project.procs("up", "-d");
  await project.procs("down");
  expect(await project.procs("logs", "--clear", "-y")).toMatchObject({ code: 0 });
  expect((await project.procs("logs")).stdout).toBe("");
  const runs = join(
    project.stateFolder,
    "state",
    readdirSync(join(project.stateFolder, "state"))[0] ?? "",
    "runs",
  );
  expect(readdirSync(join(runs, "other.1"))).toEqual(["1.ledger"]);
  expect((await project.procs("logs", "--clear", "-y", "nothing")).code).not.toBe(0);
});
