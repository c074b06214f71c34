import { describe, expect, test } from "vitest";
import { paintFor } from "../../src/cli/paint.ts";
import { advance, isNews, progressRows, startProgress } from "../../src/cli/progress.ts";
import { renderRows } from "../../src/cli/results.ts";
import type { EventItem } from "../../src/control/protocol.ts";

const look = (ascii = false) => ({ paint: paintFor(false), ascii, columns: 80 });

let seq = 0;
function event(type: EventItem["type"], more: Partial<EventItem>): EventItem {
  seq += 1;
  const time = "2026-03-01T12:04:29.310Z";
  return { v: 1, kind: "event", seq, time, type, message: "", service: "api", ...more };
}
const rollout = (replaced: number, instances: number) =>
  event("rollout", { replaced, instances, state: "reloading" });
const run = (
  instance: number,
  number: number,
  state: NonNullable<EventItem["state"]>,
  more: Partial<EventItem> = {},
) => event("state", { instance, run: number, state, ...more });

/** The row after each event. */
function rowsOf(events: readonly EventItem[], ascii = false): readonly string[] {
  let progress = startProgress(["api"], "reload");
  return events.map((one) => {
    progress = advance(progress, one);
    return renderRows(progressRows(progress), look(ascii), 0)[0] ?? "";
  });
}

const TWO = [
  rollout(0, 2),
  run(1, 2, "starting"),
  run(1, 2, "ready", { ready_ms: 1900 }),
  rollout(1, 2),
  run(1, 1, "stopping", { drain_ms: 30_000 }),
  run(2, 2, "starting"),
  run(1, 1, "stopped"),
  run(2, 2, "ready", { ready_ms: 2100 }),
  rollout(2, 2),
  run(2, 1, "stopping"),
];

describe("a replacement under way", () => {
  test("shows how many are replaced, and what goes on", () => {
    expect(rowsOf(TWO)).toEqual([
      "~ api   [□□] 0 of 2 replaced",
      "~ api   [□□] 0 of 2 replaced; starting api.1",
      "~ api   [□□] 0 of 2 replaced; api.1 ready in 1.9s",
      "~ api   [■□] 1 of 2 replaced; api.1 ready in 1.9s",
      "~ api   [■□] 1 of 2 replaced; api.1 ready in 1.9s, draining api.1, up to 30s",
      "~ api   [■□] 1 of 2 replaced; api.1 ready in 1.9s, starting api.2, draining api…",
      "~ api   [■□] 1 of 2 replaced; api.1 ready in 1.9s, starting api.2",
      "~ api   [■□] 1 of 2 replaced; api.2 ready in 2.1s",
      "~ api   [■■] 2 of 2 replaced; api.2 ready in 2.1s",
      "~ api   [■■] 2 of 2 replaced; api.2 ready in 2.1s, stopping api.2",
    ]);
  });

  test("of the only instance says old and new", () => {
    const rows = rowsOf([
      rollout(0, 1),
      run(1, 2, "starting"),
      run(1, 2, "ready", { ready_ms: 300 }),
      rollout(1, 1),
      run(1, 1, "stopping", { drain_ms: 5000 }),
    ]);
    expect(rows.slice(1)).toEqual([
      "~ api   [□] 0 of 1 replaced; starting the new one",
      "~ api   [□] 0 of 1 replaced; new one ready in 0.3s",
      "~ api   [■] 1 of 1 replaced; new one ready in 0.3s",
      "~ api   [■] 1 of 1 replaced; new one ready in 0.3s, draining the old one, up to…",
    ]);
  });

  test("of very many has a bar of twenty cells, and one of plain characters where it must", () => {
    expect(rowsOf([rollout(50, 100)])).toEqual([
      `~ api   [${"■".repeat(10)}${"□".repeat(10)}] 50 of 100 replaced`,
    ]);
    expect(rowsOf([rollout(1, 3)], true)).toEqual(["~    api   [#..] 1 of 3 replaced"]);
  });

  test("that goes back says why", () => {
    const back = event("rollout", {
      state: "reloading",
      message: "api rolls back: new api.1 exited with code 1 before it was ready",
    });
    expect(rowsOf([rollout(0, 2), run(1, 2, "starting"), back]).at(-1)).toBe(
      "~ api   rolls back: new api.1 exited with code 1 before it was ready",
    );
  });

  test("is worth a line where nothing is repainted when the count rises, or something drains", () => {
    let progress = startProgress(["api"], "reload");
    const lines = new Set<string>();
    for (const one of TWO) {
      progress = advance(progress, one);
      for (const row of progressRows(progress)) {
        if (isNews(row, "reload")) lines.add(row.news ?? "");
      }
    }
    expect([...lines]).toEqual(["1 ", "1 draining api.1, up to 30s", "2 "]);
  });

  test("goes on when a socket is bound meanwhile", () => {
    const listens = event("socket", { message: "api listens on :3001" });
    expect(rowsOf([rollout(0, 2), listens]).at(-1)).toBe("~ api   [□□] 0 of 2 replaced");
  });
});

test("what procs runs for a service has no row", () => {
  let progress = startProgress(["api"], "up");
  progress = advance(
    progress,
    event("state", { service: "api:proxy", instance: 1, state: "starting" }),
  );
  expect(progressRows(progress).map((row) => row.name)).toEqual(["api"]);
});

test("a service that cannot listen says who has its port", () => {
  const message = "api cannot listen: port 3000 is taken by node server.js (pid 2865)";
  const progress = advance(
    startProgress(["api"], "up"),
    event("socket", { state: "waiting", message }),
  );
  expect(renderRows(progressRows(progress), look(), 0)).toEqual([
    "· api   cannot listen: port 3000 is taken by node server.js (pid 2865)",
  ]);
});
