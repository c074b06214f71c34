import { describe, expect, test } from "vitest";
import { isAtLeast, levelOf, parseLevel } from "../../src/logs/level.ts";

describe("the level of a line", () => {
  test.each([
    ['{"level":30,"msg":"pino"}', "info"],
    ['{"level":50,"msg":"pino"}', "error"],
    ['{"level":60,"msg":"pino"}', "fatal"],
    ['{"level":35,"msg":"custom"}', "info"],
    ['{"level":"warn","message":"winston"}', "warn"],
    ['{"level":"WARNING"}', "warn"],
    ['{"severity":"CRITICAL","message":"google"}', "fatal"],
    ['{"msg":"no level"}', null],
    ["error: payment provider timed out", "error"],
    ["[warn] careful", "warn"],
    ["2026-03-01T12:00:00Z [ERROR] x", "error"],
    ["12:00:01.234 WARN  com.example.App - slow", "warn"],
    ["2026-03-01 12:00:00,123 - app - DEBUG - x", "debug"],
    ["time=12 level=warning msg=x", "warn"],
    ["INFO:     Started server process", "info"],
    ["TypeError: x is not a function", "error"],
    ["Uncaught Error: boom", "error"],
    ["java.lang.NullPointerException: null", "error"],
    ["(node:12) Warning: old", null],
    ["GET /error/200 200", null],
    ["0 errors, 3 files", null],
    ["listening on 3000", null],
    ["", null],
  ])("%s is %s", (line, level) => {
    expect(levelOf(line)).toBe(level);
  });

  test("without one a line counts as info", () => {
    expect(isAtLeast(null, "info")).toBe(true);
    expect(isAtLeast(null, "warn")).toBe(false);
    expect(isAtLeast("fatal", "warn")).toBe(true);
    expect(isAtLeast("debug", "info")).toBe(false);
  });

  test("is asked for by its usual names", () => {
    expect(parseLevel("Warning")).toBe("warn");
    expect(parseLevel("err")).toBe("error");
    expect(parseLevel("loud")).toBeNull();
  });
});
