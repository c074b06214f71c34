import { spawn, spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { holderByLsof } from "../../src/host/lsof.ts";
import { anyPort } from "./listening.ts";
import { eventually } from "./rig.ts";

const hasLsof = spawnSync("lsof", ["-v"]).error === undefined;

test.skipIf(!hasLsof)("who listens is told by lsof too, as on systems without /proc", async () => {
  const address = await anyPort();
  expect(holderByLsof(address)).toBe(null);
  const script = `require("node:net").createServer().listen(${address.kind === "tcp" ? address.port : 0}, "127.0.0.1", () => console.log("up"))`;
  const child = spawn(process.execPath, ["-e", script], { cwd: "/" });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  let holder = holderByLsof(address);
  // A machine under load may be slower than it waits.
  await eventually("lsof answers", () => {
    holder ??= holderByLsof(address);
    return holder !== null;
  });
  child.kill("SIGKILL");
  expect(holder).toMatchObject({
    pid: child.pid,
    cwd: "/",
    command: expect.stringContaining("createServer"),
  });
  expect(Math.abs((holder?.startedAt ?? 0) - Date.now())).toBeLessThan(60_000);
});
