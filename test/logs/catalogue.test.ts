import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  chooseRuns,
  listSlots,
  parseSlotName,
  type RunChoice,
  streamsOf,
} from "../../src/logs/catalogue.ts";
import { storedRuns } from "./stored.ts";

test("a slot's folder is named after its service and number", () => {
  expect(parseSlotName("api.2")).toEqual({ service: "api", slot: 2 });
  expect(parseSlotName("my-api_v2.10")).toEqual({ service: "my-api_v2", slot: 10 });
  expect(parseSlotName("api")).toBeNull();
  expect(parseSlotName("api.0")).toBeNull();
  expect(parseSlotName("api.x")).toBeNull();
});

test("runs are chosen by target and by number", () => {
  using stored = storedRuns();
  for (const name of ["web.1/1", "api.2/1", "api.1/9", "api.1/10", "api.1/11"]) {
    stored.write(name, "x\n");
  }
  mkdirSync(join(stored.runs, "not a slot"));
  writeFileSync(join(stored.runs, "api.1", "notes.txt"), "");
  expect(listSlots(stored.runs).map((one) => `${one.service}.${one.slot}`)).toEqual([
    "api.1",
    "api.2",
    "web.1",
  ]);
  const chosen = (choice: RunChoice, service: string | null = null, slot: number | null = null) =>
    chooseRuns(stored.runs, service === null ? null : [{ service, slot }], choice)
      .map((one) => `${one.service}.${one.slot}/${one.run}`)
      .join(" ");
  expect(chosen({ kind: "all" })).toBe("api.1/9 api.1/10 api.1/11 api.2/1 web.1/1");
  expect(chosen({ kind: "all" }, "api", 2)).toBe("api.2/1");
  expect(chosen({ kind: "previous" })).toBe("api.1/10");
  expect(chosen({ kind: "number", run: 1 })).toBe("api.2/1 web.1/1");
  expect(chosen({ kind: "all" }, "nobody")).toBe("");
});

test("a run has two streams, or the one that is asked for", () => {
  using stored = storedRuns();
  stored.write("api.1/1", "x\n");
  const [run] = chooseRuns(stored.runs, null, { kind: "all" });
  if (run === undefined) throw new Error("the run was not found");
  expect(streamsOf(run, null).map((one) => one.stream)).toEqual(["stdout", "stderr"]);
  expect(streamsOf(run, "stderr").map((one) => one.path)).toEqual([stored.files("api.1/1").err]);
});

test("a folder that is not there has no runs", () => {
  expect(chooseRuns("/nonexistent/runs", null, { kind: "all" })).toEqual([]);
});
