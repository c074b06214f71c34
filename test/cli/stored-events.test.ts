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
    writeFileSync(`${paths.events}.1`, '{"seq":1,"message":"a"}\n');
    writeFileSync(paths.events, 'n":2}\n{"seq":3,"message":"b"}\n{"seq":4,"mess');
    expect(storedEvents(paths).map((event) => event.message)).toEqual(["a", "b"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
