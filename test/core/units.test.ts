// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what procs.yaml says
import { expect, test } from "vitest";
import { INSTANCE_MARK } from "../../src/core/spec.ts";
import {
  formatCommand,
  formatDuration,
  formatSize,
  formatValue,
  roundDuration,
} from "../../src/core/units.ts";

test.each([
  [0, "0ms"],
  [300, "300ms"],
  [1000, "1s"],
  [1500, "1.5s"],
  [90_000, "1m30s"],
  [60_000, "1m"],
  [3_600_000, "1h"],
  [3_661_250, "1h1m1.25s"],
])("%i ms is written %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  [0, "0ms"],
  [44.4, "44ms"],
  [410, "0.4s"],
  [1970, "2s"],
  [41_000, "41s"],
  [10_600, "11s"],
  [59_990, "60s"],
  [90_400, "90s"],
  [150_400, "2m30s"],
  [7_530_000, "2h6m"],
  [260_000_000, "3d"],
])("%i ms is said %s", (ms, text) => {
  expect(roundDuration(ms)).toBe(text);
});

const probe = { interval: 1000, timeout: 60_000, failures: 3 };

test.each([
  ["command", "node server.js", "node server.js"],
  ["command", "a\nb", '"a\\nb"'],
  ["command", ["node", "a b.js", "--x=1"], 'node "a b.js" --x=1'],
  ["env.PORT", "3000", "3000"],
  ["env.EMPTY", "", '""'],
  ["env.PEM", "a\nb", '"a\\nb"'],
  ["env.NAME", `api-${INSTANCE_MARK}`, "api-${procs.instance}"],
  ["umask", 0o022, "022"],
  ["stop.timeout", 10_000, "10s"],
  ["restart.reset_after", 1500, "1.5s"],
  ["restart.max", 10, "10"],
  ["restart.backoff", { min: 100, max: 30_000 }, "100ms..30s"],
  ["ready", { check: { kind: "http", url: "/health" }, ...probe }, "http /health"],
  ["ready.http", { kind: "http", url: ":80/x" }, "http :80/x"],
  ["ready", { kind: "tcp", host: null, port: 5432 }, "tcp 5432"],
  ["ready", { kind: "tcp", host: "db", port: 5432 }, "tcp db:5432"],
  ["ready", { kind: "tcp", host: null, port: null }, "tcp"],
  ["alive.exec", { kind: "exec", command: ["pg_isready", "-q"] }, "exec pg_isready -q"],
  ["ready.log", { kind: "log", pattern: "up on \\d+", flags: "i" }, "log /up on \\d+/i"],
  ["ready", { kind: "notify" }, "notify"],
  ["ready", { kind: "accepts" }, "it accepts connections"],
  ["ready.timeout", 60_000, "1m"],
  ["ready.failures", 3, "3"],
  ["depends_on.db", { condition: "ready", restart: false, required: true }, "ready"],
  [
    "depends_on.db",
    { condition: "done", restart: true, required: false },
    "done, restart, optional",
  ],
  ["reload", "rolling", "rolling"],
  ["reload", { signal: "SIGHUP" }, "signal SIGHUP"],
  ["watch.paths", ["/a", "/b"], "/a, /b"],
  ["watch.action", { kind: "restart" }, "restart"],
  [
    "watch.action",
    // biome-ignore lint/suspicious/noThenProperty: a word of procs.yaml
    { kind: "run", command: "make", then: "restart" },
    "run make, then restart",
  ],
  ["schedule", { cron: "0 3 * * *", timezone: null, overlap: "skip", missed: "run" }, "0 3 * * *"],
  ["schedule.cron", "0 3 * * *", "0 3 * * *"],
  ["enabled", false, "false"],
  ["profiles", ["dev", "ci"], "dev, ci"],
  ["user", null, null],
])("%s of %j is written %s", (path, value, text) => {
  expect(formatValue(path, value)).toBe(text);
});

test("a list is quoted where a shell would need it", () => {
  expect(formatCommand(["sh", "-c", "a && b", ""])).toBe('sh -c "a && b" ""');
});

test.each([
  [0, "0B"],
  [999, "999B"],
  [10_000, "10KB"],
  [1_500_000, "1.5MB"],
  [1_234_567, "1234567B"],
  [2_000_000_000, "2GB"],
])("a size as procs.yaml has it, %d bytes", (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
  expect(formatValue("log.max_size", bytes)).toBe(text);
  expect(formatValue("log.max_total", bytes)).toBe(text);
});
