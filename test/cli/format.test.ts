import { expect, test } from "vitest";
import { ago, bytes, clock, count, percent, span, took } from "../../src/cli/format.ts";

test.each([
  [0, "0s"],
  [59_999, "59s"],
  [60_000, "1m"],
  [3_599_999, "59m"],
  [3_600_000, "1h"],
  [172_799_999, "47h"],
  [172_800_000, "2d"],
  [-5, "0s"],
])("a span of %i ms is %s", (millis, text) => {
  expect(span(millis)).toBe(text);
});

test("what is just over is just now", () => {
  expect(ago(10)).toBe("just now");
  expect(ago(3000)).toBe("3s ago");
});

test.each([
  [0, "0ms"],
  [12.4, "12ms"],
  [300, "0.3s"],
  [2449, "2.4s"],
  [9949, "9.9s"],
  [41_200, "41s"],
  [80_000, "1m 20s"],
  [120_000, "2m"],
])("%d ms took %s", (millis, text) => {
  expect(took(millis)).toBe(text);
});

test.each([
  [1, "1 KB"],
  [9_437_184, "9 MB"],
  [137_363_456, "131 MB"],
  [1_610_612_736, "1.5 GB"],
])("%i bytes are %s", (value, text) => {
  expect(bytes(value)).toBe(text);
});

test("a little is not nothing", () => {
  expect(percent(0)).toBe("0%");
  expect(percent(0.2)).toBe("<1%");
  expect(percent(4.4)).toBe("4%");
});

test("a time of another day has its date", () => {
  const at = new Date(2026, 2, 1, 12, 4, 31);
  expect(clock(at.toISOString(), at.getTime())).toBe("12:04:31");
  expect(clock(at.toISOString(), at.getTime() + 86_400_000)).toBe("2026-03-01 12:04:31");
  expect(clock("soon", 0)).toBe("soon");
});

test("one is not many", () => {
  expect(count(1, "edit")).toBe("1 edit");
  expect(count(2, "edit")).toBe("2 edits");
});
