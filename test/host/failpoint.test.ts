import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { armFailpoints, FAILPOINTS, failpoint, parseFailpoints } from "../../src/host/failpoint.ts";
import { builtPackage } from "../rig/built.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-failpoint-"));
});
afterEach(() => {
  armFailpoints(undefined, "/");
  rmSync(folder, { recursive: true, force: true });
});

test("a failpoint that nobody named does nothing", () => {
  for (const name of FAILPOINTS) expect(failpoint(name)).toBeUndefined();
  armFailpoints(" ", folder);
  expect(failpoint("spawn.before")).toBeUndefined();
});

test("every failpoint has a before and an after", () => {
  expect(FAILPOINTS).toHaveLength(24);
  expect(FAILPOINTS.slice(0, 2)).toEqual(["spawn.before", "spawn.after"]);
});

test("an error is one that the system could have given", () => {
  armFailpoints("rename.before=error(ENOSPC)", folder);
  expect(() => failpoint("rename.before")).toThrow(
    expect.objectContaining({ code: "ENOSPC", message: "ENOSPC: failpoint rename.before" }),
  );
  expect(failpoint("rename.after")).toBeUndefined();
});

test("a chain passes from one action to the next, and the last with a count ends it", () => {
  armFailpoints("copy.after=2*off->1*error(EIO)->1*error(EROFS)", folder);
  const seen = Array.from({ length: 6 }, () => {
    try {
      return failpoint("copy.after") ?? "passed";
    } catch (error) {
      return error instanceof Error ? error.message.slice(0, 5) : error;
    }
  });
  expect(seen).toEqual(["passed", "passed", "EIO: ", "EROFS", "passed", "passed"]);
});

test("a delay holds up the whole process", () => {
  armFailpoints("punch.before=1*delay(60)", folder);
  const from = performance.now();
  failpoint("punch.before");
  const held = performance.now();
  failpoint("punch.before");
  expect(held - from).toBeGreaterThanOrEqual(59);
});

test("a kill kills once, however many successors pass there", () => {
  const compiled = join(builtPackage(), "dist", "host", "failpoint.js");
  const program = `
    import { armFailpoints, failpoint } from ${JSON.stringify(compiled)};
    armFailpoints(process.argv[1], process.argv[2]);
    failpoint("spawn.after"); console.log("one"); failpoint("spawn.after"); console.log("two");`;
  const run = (rule: string) => {
    const argv = ["--input-type=module", "-e", program, rule, folder];
    const { signal, stdout } = spawnSync(process.execPath, argv, { encoding: "utf8" });
    return [signal, stdout.split("\n").join(" ").trim()];
  };
  expect(run("spawn.after=1*off->kill")).toEqual(["SIGKILL", "one"]);
  expect(run("spawn.after=1*off->kill")).toEqual([null, "one two"]);
  expect(readFileSync(join(folder, "failpoint.spawn.after"), "utf8")).toBe("x");
  expect(run("spawn.after=2*kill")).toEqual(["SIGKILL", ""]);
  expect(run("spawn.after=2*kill")).toEqual([null, "one two"]);
});

test.each([
  ["spawn=kill", /"spawn=kill": it is not one of spawn\.before/],
  ["nonsense", /"nonsense": it is not one of/],
  ["spawn.before=", /"" is none of off, error\(ENOSPC\), kill, delay\(100\)/],
  ["spawn.before=die", /"die" is none of/],
  ["spawn.before=error(ENOTHING)", /"error\(ENOTHING\)" is none of/],
  ["spawn.before=delay(soon)", /"delay\(soon\)" is none of/],
  ["spawn.before=kill(9)", /"kill\(9\)" is none of/],
  ["spawn.before=off->kill", /"off" needs a count: 2\*off/],
  ["spawn.before=off; spawn.before=kill", /spawn\.before is there twice/],
])("what cannot be read is refused, with what is wrong: %s", (text, message) => {
  expect(() => parseFailpoints(text)).toThrow(message);
});

test("several rules, spaces and an empty one are read", () => {
  const chains = parseFailpoints(" spawn.before = kill; rename.after=2*off -> error(ENOSPC) ;; ");
  expect([...chains]).toEqual([
    ["spawn.before", [{ passes: 1, act: { kind: "kill" } }]],
    [
      "rename.after",
      [
        { passes: 2, act: { kind: "off" } },
        { passes: Number.POSITIVE_INFINITY, act: { kind: "error", code: "ENOSPC" } },
      ],
    ],
  ]);
});
