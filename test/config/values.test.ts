import fc from "fast-check";
import { expect, test } from "vitest";
import { cronFault, isTimezone, parseBackoff, parseDuration } from "../../src/config/values.ts";
import { formatDuration } from "../../src/core/units.ts";

test("durations", () => {
  const table = {
    "300ms": 300,
    "10s": 10_000,
    "5m": 300_000,
    "2h": 7_200_000,
    "1m30s": 90_000,
    "0.5s": 500,
    "0s": 0,
    "1.5h": 5_400_000,
  };
  for (const [text, ms] of Object.entries(table))
    expect([text, parseDuration(text)]).toEqual([text, ms]);
});

test("a duration that is printed reads back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000_000 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }),
  );
});

test("a duration without end is cut", () => {
  expect(parseDuration(`${"9".repeat(400)}h`)).toBe(1_000 * 24 * 3_600_000);
});

test("backoff is a range, or one duration for both ends", () => {
  expect(parseBackoff("100ms..30s")).toEqual({ min: 100, max: 30_000 });
  expect(parseBackoff("5s")).toEqual({ min: 5_000, max: 5_000 });
});

test("schedules that cron knows", () => {
  const fine = [
    "0 3 * * *",
    "*/15 * * * *",
    "0 0 1,15 * mon-fri",
    "0 0 3 * * *",
    "@daily",
    "59 23 31 12 7",
    "0 12 * jan-mar 1#2",
    "0 0 L * *",
    "10-20/2 * * * *",
  ];
  expect(fine.filter((cron) => cronFault(cron) !== null)).toEqual([]);
});

test("schedules that are mistyped", () => {
  const wrong = [
    "",
    "0 3 * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * * 13 *",
    "* * * * 8",
    "a * * * *",
    "1-2-3 * * * *",
    "*/0 * * * *",
    "*/x * * * *",
    "@often",
    "0 3 * * * * *",
  ];
  expect(wrong.filter((cron) => cronFault(cron) === null)).toEqual([]);
});

test("time zones", () => {
  expect([isTimezone("Europe/Berlin"), isTimezone("UTC"), isTimezone("Europe/Berln")]).toEqual([
    true,
    true,
    false,
  ]);
});
