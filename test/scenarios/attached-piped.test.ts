import { expect, test } from "vitest";
import { createProject, finished, type Project } from "../rig/project.ts";
import { until } from "../rig/until.ts";

const SHOP = `
name: shop
services:
  clock:
    command: i=0; while true; do i=$((i+1)); echo "tick $i"; sleep 0.2; done
    ready: { log: /tick/ }
  quiet:
    command: sleep 1000
`;

function nothingRuns(project: Project): Promise<true> {
  return until("nothing runs", () => project.alive().length === 0);
}

test("says in a line that its supervisor went away, and that it is back, and still owns the project", async () => {
  await using project = createProject(SHOP);
  const client = project.open("up");
  const ran = finished(client);
  let said = "";
  client.stderr?.on("data", (text) => {
    said += text;
  });
  await until("all is up", () => said.includes("2 ready in"));
  const { supervisor } = await project.snapshot();
  process.kill(supervisor?.pid ?? 0, "SIGKILL");
  await until("it is back", () => said.includes("the supervisor is back"), 20_000);
  expect(said.match(/the supervisor is gone; waiting for it to return/g)).toHaveLength(1);
  client.kill("SIGTERM");
  expect(await ran).toMatchObject({ code: 143 });
  await nothingRuns(project);
});

test("stops in order at SIGTERM, with 143", async () => {
  await using project = createProject(SHOP);
  const client = project.open("up");
  const ran = finished(client);
  await new Promise((resolve) => client.stdout?.once("data", resolve));
  client.kill("SIGTERM");
  expect(await ran).toMatchObject({ code: 143 });
  await nothingRuns(project);
});

test("takes a Ctrl-C that it is told twice, as npm does, for one", async () => {
  await using project = createProject(`
services:
  slow:
    command: trap 'sleep 0.5; echo finished; exit 0' TERM; echo trapped; while true; do sleep 0.1; done
`);
  const client = project.open("up");
  const ran = finished(client);
  let said = "";
  client.stdout?.on("data", (text) => {
    said += text;
  });
  await until("it is up", () => said.includes("trapped"));
  client.kill("SIGINT");
  client.kill("SIGINT");
  expect(await ran).toMatchObject({ code: 0, stdout: expect.stringContaining("finished") });
});

test("goes on when stdin, which is no terminal, ends; only output of services is on stdout", async () => {
  await using project = createProject(SHOP);
  const client = project.open("up");
  const ran = finished(client);
  let said = "";
  client.stdout?.on("data", (text) => {
    said += text;
  });
  await until("it shows output", () => said.includes("tick"));
  client.kill("SIGINT");
  const { code, stdout } = await ran;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^(clock +│ tick \d+\n)+$/);
});

test("ends quietly, and the project with it, when nobody reads its output any more", async () => {
  await using project = createProject(SHOP);
  const client = project.open("up");
  const ran = finished(client);
  client.stdout?.once("data", () => client.stdout?.destroy());
  const { code, stderr } = await ran;
  expect(code).toBe(0);
  expect(stderr).not.toMatch(/EPIPE|error/i);
  await nothingRuns(project);
});

test("ends all when a service ends, with its code, if asked to", async () => {
  await using project = createProject(`${SHOP}
  tests: { kind: task, command: sleep 0.5; exit 7, restart: never }
`);
  expect(await project.procs("up", "--exit-code-from", "tests")).toMatchObject({ code: 7 });
  await nothingRuns(project);
});
