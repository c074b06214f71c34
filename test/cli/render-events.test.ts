import { expect, test } from "vitest";
import { paintFor } from "../../src/cli/paint.ts";
import { eventLine, eventRow } from "../../src/cli/render-events.ts";
import type { EventItem } from "../../src/control/protocol.ts";

const at = new Date(2026, 2, 1, 12, 1, 7);
const event = (change: Partial<EventItem>): EventItem => ({
  v: 1,
  kind: "event",
  seq: 1,
  time: at.toISOString(),
  type: "reload",
  message: "rolling, env.PORT 3000 -> 4000",
  ...change,
});
const screen = (width: number, on = false) => ({
  width,
  paint: paintFor(on),
  nowMs: at.getTime(),
  nameWidth: 8,
});
const by = { user: "ana", via: "cli", pid: 1 } as const;

test("an event says when, what, who it is about and who did it", () => {
  expect(eventLine(event({ service: "api", by }), screen(80))).toBe(
    "12:01:07 reload   api       rolling, env.PORT 3000 -> 4000      by ana (cli)",
  );
  expect(eventLine(event({ message: "went down" }), screen(80))).toBe(
    "12:01:07 reload   procs     went down",
  );
});

test("on a narrow terminal nothing is lost", () => {
  expect(eventLine(event({ service: "api", by }), screen(40))).toContain("4000  by ana (cli)");
});

test("a crash is red, and its text cannot steer the terminal", () => {
  const line = eventLine(event({ message: "x\x1b[2Jy", state: "crashed" }), screen(80, true));
  expect(line).toContain("\x1b[31mxy\x1b[39m");
});

test("piped it is one row of fields", () => {
  expect(eventRow(event({ service: "api", instance: 2, by })).split("\t")).toEqual([
    at.toISOString(),
    "reload",
    "api",
    "2",
    "rolling, env.PORT 3000 -> 4000",
    "ana (cli)",
  ]);
});
