import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { loadProject } from "../../src/config/load.ts";
import type { EventItem } from "../../src/control/protocol.ts";
import type { Project } from "../../src/core/spec.ts";
import { applying } from "../rig/projects.ts";
import { createRig, pidsOf, type Rig } from "../rig/rig.ts";
import { until } from "../rig/until.ts";

/** The project as a client reads it. */
function load(
  rig: Rig,
  env: Record<string, string> = {},
  files: readonly string[] = ["procs.yaml"],
): Project {
  const cpus = availableParallelism();
  const loaded = loadProject({ files, cwd: rig.folder, env, cpus });
  if (!loaded.ok) throw new Error(loaded.diagnostics.map((one) => one.message).join("\n"));
  return loaded.project;
}

const yaml = (port: number, head = "") => `${head}
services:
  api:
    command: echo up; exec sleep 1000
    ready: { log: /up/ }
    env: { PORT_NUMBER: "${port}", FROM: "\${FROM:-nowhere}" }
`;

async function follow(rig: Rig): Promise<{ readonly messages: string[]; stop(): void }> {
  const messages: string[] = [];
  const abort = new AbortController();
  const onEvent = (event: EventItem) => event.type === "config" && messages.push(event.message);
  await new Promise<void>((onReady) => {
    void rig.engine.attach({ own: false, onReady, onEvent, signal: abort.signal });
  });
  return { messages, stop: () => abort.abort() };
}

test("an edit while running is told once, with what it would change, and changes nothing", async () => {
  await using rig = await createRig({ "procs.yaml": yaml(1) });
  await rig.engine.operate(applying(load(rig)), { launch: true });
  const pids = await pidsOf(rig);
  const { messages, stop } = await follow(rig);
  expect((await rig.engine.snapshot())?.drift).toMatchObject({ changed: false, edits: 0 });
  rig.write("procs.yaml", yaml(2));
  await until("it is told", () => messages.length > 0);
  expect(messages).toEqual([
    "procs.yaml changed: -/+ api (env.PORT_NUMBER). R + Enter applies, plan shows",
  ]);
  expect((await rig.engine.snapshot())?.drift).toMatchObject({ changed: true, edits: 1 });
  rig.write("procs.yaml", `# a comment\n${yaml(2)}`);
  rig.write("procs.yaml", "services: { api: { comand: x } }\n");
  await until("the mistake is told", () => messages.length > 1);
  expect(messages[1]).toMatch(/^procs\.yaml:1:\d+ .*comand.*; what runs goes on$/);
  expect((await rig.engine.snapshot())?.drift).toBeNull();
  rig.write("procs.yaml", yaml(1));
  await until(
    "there is no drift",
    async () => (await rig.engine.snapshot())?.drift?.changed === false,
  );
  expect(await pidsOf(rig)).toEqual(pids);
  stop();
});

test("with reload: auto an edit is applied, a mistake is not, and the next edit is again", async () => {
  await using rig = await createRig({ "procs.yaml": yaml(1, "reload: auto") });
  await rig.engine.operate(applying(load(rig)), { launch: true });
  const runOf = async () => (await rig.engine.snapshot())?.services[0]?.instances[0]?.run;
  const { messages, stop } = await follow(rig);
  rig.write("procs.yaml", yaml(2, "reload: auto"));
  await until("the edit runs", async () => (await runOf()) === 2);
  rig.write("procs.yaml", "reload: auto\nservices: [\n");
  await until("the mistake is told", () =>
    messages.some((one) => one.includes("what runs goes on")),
  );
  rig.write("procs.yaml", yaml(3, "reload: auto"));
  await until("the next edit runs", async () => (await runOf()) === 3);
  expect(messages[0]).toBe("procs.yaml changed: -/+ api (env.PORT_NUMBER)");
  stop();
});

test("the file is read again with the variables of the shell that applied it", async () => {
  await using rig = await createRig({ "procs.yaml": yaml(1) });
  await rig.engine.operate(applying(load(rig, { FROM: "the shell" })), { launch: true });
  expect((await rig.engine.snapshot())?.drift).toMatchObject({ changed: false });
});

test("an env file is a part of the file", async () => {
  const text =
    "env_file: [.env]\nservices: { api: { command: echo up; exec sleep 9, ready: { log: up } } }\n";
  await using rig = await createRig({ "procs.yaml": text, ".env": "COLOUR=red\n" });
  await rig.engine.operate(applying(load(rig)), { launch: true });
  const { messages, stop } = await follow(rig);
  rig.write(".env", "COLOUR=blue\n");
  await until("it is told", () => messages.length > 0);
  expect(messages[0]).toContain("-/+ api (env.COLOUR)");
  stop();
});

test("a project of two files is compared with both of them", async () => {
  await using rig = await createRig({
    "procs.yaml": yaml(1),
    "more.yaml": "services: { api: { env: { MORE: one } } }\n",
  });
  const both = load(rig, {}, ["procs.yaml", "more.yaml"]);
  await rig.engine.operate(applying(both), { launch: true });
  expect((await rig.engine.snapshot())?.drift).toMatchObject({ changed: false });
  rig.write("more.yaml", "services: { api: { env: { MORE: two } } }\n");
  expect((await rig.engine.snapshot())?.drift).toMatchObject({ changed: true, edits: 1 });
});
