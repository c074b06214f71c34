import { afterEach, expect, test } from "vitest";
import { API, createRig, eventually, type HostRig } from "./rig.ts";

const rigs: HostRig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

test.skipIf(process.platform !== "linux")(
  "processor and memory of a whole tree, also of what left its session",
  async () => {
    const rig = await createRig();
    rigs.push(rig);
    const idle = { ...API, slot: 2 };
    const script = "const b = Buffer.alloc(100 * 1024 * 1024, 1); while (true) b[0]++;";
    rig.host.start(API, rig.spec(`setsid "${process.execPath}" -e '${script}'; true`));
    rig.host.start(idle, rig.spec(["sleep", "1000"]));
    await rig.event("started");
    await rig.event("started", idle);
    const sample = () => {
      const found = rig.host.stats([API, idle]);
      return { busy: found?.[0]?.stats, idle: found?.[1]?.stats };
    };
    expect(sample().busy?.cpuPercent).toBe(null);
    await eventually("the buffer", () => (sample().busy?.memoryBytes ?? 0) > 100 * 1024 * 1024);
    let after = sample();
    await eventually("the loop is seen", () => {
      after = sample();
      return (after.busy?.cpuPercent ?? 0) > 2;
    });
    // How much it gets depends on what else runs here.
    expect(after.busy?.cpuPercent).toBeLessThan(250);
    expect(after.idle?.cpuPercent).toBeLessThan(after.busy?.cpuPercent ?? 0);
    expect(after.idle?.memoryBytes).toBeGreaterThan(100_000);
    expect(after.idle?.processes).toBe(2);
  },
);

test("a run that is not there has no stats", async () => {
  const rig = await createRig();
  rigs.push(rig);
  expect(rig.host.stats([API]) ?? []).toEqual([]);
});
