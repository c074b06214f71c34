import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EDIT_ROWS } from "../core/edit-rows.ts";

test("every kind of edit is held by a plan and by real processes, or refused so far", () => {
  const plans = textsBelow("test/core");
  const scenarios = textsBelow("test/scenarios");
  const schema = JSON.parse(readFileSync("schema/procs.schema.json", "utf8"));
  const gaps = EDIT_ROWS.flatMap(({ row, edit, held }) => {
    const name = `row ${row}, ${edit}`;
    if ("notYet" in held) {
      const path = held.notYet.split(".").join(".properties.");
      return isNotYet(schema.definitions.service.properties, path) ? [] : [`${name}: is there now`];
    }
    return [
      plans.includes(held.plan) ? [] : [`${name}: no plan`],
      scenarios.includes(held.real) ? [] : [`${name}: no scenario`],
    ].flat();
  });
  expect(gaps).toEqual([]);
  // Row 27, a program that is replaced on disk, is no edit of the file.
  const rows = Array.from({ length: 30 }, (_, index) => index + 1).filter((row) => row !== 27);
  expect(EDIT_ROWS.map(({ row }) => row)).toEqual(rows);
});

/** Names in tests and fixtures, but not in the table that is checked against them. */
function textsBelow(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => /\.test\.ts$|\.txt$/.test(file))
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("\n");
}

function isNotYet(properties: unknown, path: string): boolean {
  let node: unknown = properties;
  for (const key of path.split(".")) {
    if (typeof node !== "object" || node === null) return false;
    node = Object.entries(node).find(([name]) => name === key)?.[1];
  }
  return typeof node === "object" && node !== null && "x-not-yet" in node;
}
