import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BugError } from "../../src/assert.ts";
import { renderDiagnostics, report } from "../../src/cli/report.ts";
import { type Diagnostic, UserError, userError } from "../../src/errors.ts";
import { testContext } from "./test-context.ts";

let state = "";
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "procs-report-"));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

const problem = (n: number): Diagnostic => ({ code: "P103", severity: "error", message: `m${n}` });

describe("a user's error", () => {
  test("is shown on stderr without a stack, and gives its exit code", async () => {
    const context = testContext();
    const error = userError(4, "P602", "shop is not running", { help: ["procs up"] });
    expect(await report(error, context, [])).toBe(4);
    expect(context.errText()).toBe("error[P602]: shop is not running\n  help: procs up\n");
    expect(context.outText()).toBe("");
  });

  test("is one object a problem for programs, without the lines of its frame", async () => {
    const context = testContext({ json: true });
    const first = { ...problem(1), file: "procs.yaml", lines: { 1: "secret: x" } };
    expect(await report(new UserError(3, [first, problem(2)]), context, [])).toBe(3);
    const objects = context
      .errText()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(objects).toEqual([
      { v: 1, kind: "error", code: "P103", severity: "error", message: "m1", file: "procs.yaml" },
      { v: 1, kind: "error", code: "P103", severity: "error", message: "m2" },
    ]);
  });

  test("with more than twenty problems counts the rest", async () => {
    const many = Array.from({ length: 23 }, (_, n) => problem(n));
    const text = await renderDiagnostics(many, testContext().err);
    expect(text.match(/error\[P103\]/g)).toHaveLength(20);
    expect(text.endsWith("\nand 3 more\n")).toBe(true);
  });

  test("has a stack only with PROCS_LOG=debug", async () => {
    const context = testContext({ env: { PROCS_LOG: "debug" } });
    await report(userError(1, "P602", "x"), context, []);
    expect(context.errText()).toMatch(/\n {4}at /);
  });
});

describe("a bug", () => {
  test("says that it is one, without a stack, and saves a report", async () => {
    const context = testContext({ env: { PROCS_STATE_DIR: state } });
    const argv = ["run", "api", "--", "login", "--password=hunter2"];
    expect(await report(new BugError("ring is empty"), context, argv)).toBe(1);
    expect(context.errText()).toContain("error[P699]: this is a bug in procs: ring is empty\n");
    expect(context.errText()).not.toMatch(/\n {4}at /);

    const folder = join(state, "state", "reports");
    const [name] = readdirSync(folder);
    const saved = readFileSync(join(folder, name ?? ""), "utf8");
    expect(context.errText()).toContain(join(folder, name ?? ""));
    expect(saved).toContain("procs run api\n");
    expect(saved).toContain("    at ");
    expect(saved).not.toContain("hunter2");
  });

  test("is said even where no report can be saved, and whatever was thrown", async () => {
    const context = testContext({ env: { PROCS_STATE_DIR: "/dev/null" }, json: true });
    expect(await report("a string", context, [])).toBe(1);
    expect(JSON.parse(context.errText())).toEqual({
      v: 1,
      kind: "error",
      code: "P699",
      message: "this is a bug in procs: a string",
      help: [],
    });
  });
});
