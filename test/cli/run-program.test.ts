import { expect, test } from "vitest";
import { environmentOf } from "../../src/cli/commands/run.ts";
import { exitCodeOf } from "../../src/cli/run-program.ts";
import { INSTANCE_MARK } from "../../src/core/spec.ts";
import { service } from "../rig/specs.ts";

test("the exit code is the program's own, or 128 and the signal's number", () => {
  expect(exitCodeOf(0, null)).toBe(0);
  expect(exitCodeOf(42, null)).toBe(42);
  expect(exitCodeOf(null, "SIGTERM")).toBe(143);
  expect(exitCodeOf(null, "SIGKILL")).toBe(137);
});

test("a one-off sees what the first instance would see", () => {
  const spec = service("api", {
    env: { A: `x${INSTANCE_MARK}`, HOME: "/own" },
    inherit_env: ["PATH", "HOME"],
    port: 3000,
  });
  expect(environmentOf(spec, { PATH: "/bin", HOME: "/root", SECRET: "s" })).toEqual({
    PATH: "/bin",
    HOME: "/own",
    PWD: "/shop",
    PORT: "3000",
    A: "x1",
    PROCS: "1",
    PROCS_SERVICE: "api",
    PROCS_INSTANCE: "1",
  });
});
