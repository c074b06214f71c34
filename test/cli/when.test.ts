import { expect, test } from "vitest";
import { parseWhen } from "../../src/cli/when.ts";

const now = new Date(2026, 2, 1, 12, 4, 31).getTime();

test("so long ago", () => {
  expect(parseWhen("10m", now)).toBe(now - 600_000);
  expect(parseWhen("1h30m", now)).toBe(now - 5_400_000);
});

test("a time of day is the last such time", () => {
  expect(parseWhen("12:00", now)).toBe(new Date(2026, 2, 1, 12, 0, 0).getTime());
  expect(parseWhen("12:04:30", now)).toBe(now - 1000);
  expect(parseWhen("23:00", now)).toBe(new Date(2026, 1, 28, 23, 0, 0).getTime());
});

test("an ISO time", () => {
  expect(parseWhen("2026-03-01T12:00Z", now)).toBe(Date.UTC(2026, 2, 1, 12));
});

test.each(["soon", "25", "2026-13-40", "-5m", ""])("%j is refused with what to write", (text) => {
  expect(() => parseWhen(text, now)).toThrow("is not a time");
});
