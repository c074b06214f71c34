import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { storedEvents } from "../../src/cli/stored-events.ts";
import { projectPaths } from "../../src/paths.ts";

test("events are read from both generations, and torn lines are left out", () => {
  const folder = mkdtempSync(join(tmpdir(), "procs-events-"));
  try {
    const paths = { ...projectPaths("/shop", {}, 0), events: join(folder, "events.ndjson") };
    expect(storedEvents(paths)).toEqual([]);
    const line = (seq: number, message: string) =>
      `${JSON.stringify({ v: 1, kind: "event", seq, time: "2026-01-01T00:00:00.000Z", type: "state", message })}\n`;
    writeFileSync(`${paths.events}.1`, line(1, "a"));
    writeFileSync(paths.events, `n":2}\n${line(3, "b")}{"seq":4,"mess`);
    expect(storedEvents(paths).map((event) => event.message)).toEqual(["a", "b"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
