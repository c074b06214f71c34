import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { applying, by, projectOf, shell } from "../rig/projects.ts";
import { createRig } from "../rig/rig.ts";

test("up starts real processes, and down leaves nothing behind", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, shell("web", "exec sleep 1000"));
  const result = await rig.engine.operate(applying(project), { launch: true });
  expect(result).toMatchObject({ ok: true, exit: 0 });
  expect(result.services.map((service) => [service.name, service.outcome])).toEqual([
    ["web", "ready"],
  ]);
  const snapshot = await rig.engine.snapshot();
  expect(snapshot?.services[0]).toMatchObject({ name: "web", state: "ready", ready: 1, wanted: 1 });
  const down = await rig.engine.operate({ op: "down", by, grace_ms: null }, { launch: false });
  expect(down.services.map((service) => [service.name, service.outcome])).toEqual([
    ["web", "stopped"],
  ]);
  expect(await rig.engine.version()).toBeNull();
  expect(existsSync(rig.paths.runtime)).toBe(false);
});
