import { expect, test } from "vitest";
import { leavingDependents } from "../../src/core/needs.ts";
import { running, wanting } from "../rig/plans.ts";
import { service } from "../rig/specs.ts";

// Every object of JavaScript has things of these names, and the schema permits them.
const names = ["constructor", "toString", "hasOwnProperty", "valueOf"];

test("services with names that JavaScript knows do not wait for each other when they leave", () => {
  const desired = wanting(...names.map((name) => service(name)));
  const leaving = { ...desired, draining: true };
  for (const name of names) {
    expect(leavingDependents(leaving, running(desired), name)).toEqual([]);
  }
});
