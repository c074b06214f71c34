import { describe, expect, test } from "vitest";
import { createOutput, type OutputSettings } from "../../src/cli/output.ts";

function output(isTty: boolean, change: Partial<OutputSettings> = {}) {
  const written: string[] = [];
  const settings = { json: false, plain: false, color: null, ascii: false, env: {}, ...change };
  const made = createOutput({
    settings,
    isTty,
    width: () => 72,
    write: (text) => written.push(text),
    drained: () => Promise.resolve(),
    flushed: () => Promise.resolve(),
  });
  return Object.assign(made, { written });
}

describe("an output", () => {
  test("is pretty at a terminal, plain in a pipe, in CI and where it is dumb", () => {
    expect(output(true).mode).toBe("pretty");
    expect(output(false).mode).toBe("plain");
    expect(output(true, { plain: true }).mode).toBe("plain");
    expect(output(true, { env: { CI: "true" } }).mode).toBe("plain");
    expect(output(true, { env: { CI: "false" } }).mode).toBe("pretty");
    expect(output(true, { env: { TERM: "dumb" } }).mode).toBe("plain");
    expect(output(true, { json: true }).mode).toBe("json");
  });

  test("never colours JSON, whatever is forced", () => {
    expect(output(true, { json: true, color: "always" }).paint.on).toBe(false);
    expect(output(false, { color: "always" }).paint.on).toBe(true);
  });

  test("has the width of the terminal, and none in a pipe", () => {
    expect(output(true).columns).toBe(72);
    expect(output(false).columns).toBe(Number.POSITIVE_INFINITY);
  });

  test("keeps to ASCII when asked, or where the locale is another", () => {
    expect(output(true).ascii).toBe(false);
    expect(output(true, { ascii: true }).ascii).toBe(true);
    expect(output(true, { env: { LANG: "C" } }).ascii).toBe(true);
    expect(output(true, { env: { LANG: "de_DE.UTF-8" } }).ascii).toBe(false);
    expect(output(true, { env: { LC_ALL: "C.utf8", LANG: "C" } }).ascii).toBe(false);
  });

  test("does not repaint an accessible screen", () => {
    expect(output(true).canRepaint).toBe(true);
    expect(output(true, { env: { PROCS_ACCESSIBLE: "1" } }).canRepaint).toBe(false);
    expect(output(false).canRepaint).toBe(false);
  });

  test("writes lines and one JSON document a line", () => {
    const made = output(false);
    made.line("a");
    made.json({ v: 1 });
    expect(made.written.join("")).toBe('a\n{"v":1}\n');
  });
});
