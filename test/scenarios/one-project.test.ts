import { cpSync, mkdirSync, renameSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { newKeepers } from "../rig/deaths.ts";
import { createProject, finished, type Project } from "../rig/project.ts";

const YAML = `
services:
  web: { command: sleep 1001 }
`;

const sleeps = (project: Project) =>
  project.alive().filter((line) => /^\d+ sleep 1001$/.test(line)).length;
const supervisors = (project: Project) =>
  project.alive().filter((line) => line.includes("main.js")).length;

test("two ups at once are one project, and both tell the same", async () => {
  await using project = createProject(YAML);
  const ups = [project.open("up", "-d"), project.open("up", "-d"), project.open("up", "-d")];
  for (const up of await Promise.all(ups.map(finished))) expect(up).toMatchObject({ code: 0 });
  expect([sleeps(project), supervisors(project)]).toEqual([1, 1]);
});

test("a folder is the same project by whatever link it is reached", async () => {
  await using project = createProject(YAML);
  const link = join(dirname(project.folder), "link");
  symlinkSync(project.folder, link);
  await project.procs("up", "-d");
  const pids = await project.pids("web");
  expect(await project.procs("-C", link, "up", "-d")).toMatchObject({ code: 0 });
  expect(await project.procs("-f", join(link, "procs.yaml"), "up", "-d")).toMatchObject({
    code: 0,
  });
  expect(await project.pids("web")).toEqual(pids);
  expect([sleeps(project), supervisors(project)]).toEqual([1, 1]);
});

test("a copy of a folder is another project", async () => {
  await using project = createProject(YAML);
  await project.procs("up", "-d");
  const copy = join(dirname(project.folder), "copy");
  cpSync(project.folder, copy, { recursive: true });
  expect(await project.procs("-C", copy, "up", "-d")).toMatchObject({ code: 0 });
  expect([sleeps(project), supervisors(project)]).toEqual([2, 2]);
  expect(await project.procs("-C", copy, "down")).toMatchObject({ code: 0 });
  expect([sleeps(project), supervisors(project)]).toEqual([1, 1]);
});

test("a folder that was moved while its project runs is not started a second time, but told of", async () => {
  await using project = createProject(YAML);
  await project.procs("up", "-d");
  await newKeepers(project);
  const moved = join(dirname(project.folder), "moved");
  renameSync(project.folder, moved);
  mkdirSync(project.folder);
  for (const words of [["up", "-d"], ["ps"], ["reload"]]) {
    const ran = await project.procs("-C", moved, ...words);
    expect([words, ran.code]).toEqual([words, 4]);
    expect(ran.stderr).toContain("P616");
    expect(ran.stderr).toContain(project.folder);
  }
  expect(sleeps(project)).toBe(1);
  expect(await project.procs("-p", "project", "down")).toMatchObject({ code: 0 });
  expect(await project.procs("-C", moved, "up", "-d")).toMatchObject({ code: 0 });
  expect(sleeps(project)).toBe(1);
  expect(await project.procs("-C", moved, "down")).toMatchObject({ code: 0 });
});
