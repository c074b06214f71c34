import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/commands.ts";
import { commandHelp, exitCodesHelp, optionSpelling, overview } from "../../src/cli/help.ts";
import { paintFor } from "../../src/cli/paint.ts";
import { displayWidth } from "../../src/cli/width.ts";

const settings = { width: 80, paint: paintFor(false) };

describe("help", () => {
  test("fits 80 columns everywhere", () => {
    const texts = [
      overview(settings),
      exitCodesHelp(settings),
      ...COMMANDS.map((command) => commandHelp(command, settings)),
    ];
    for (const line of texts.join("\n").split("\n")) {
      expect(displayWidth(line), line).toBeLessThanOrEqual(80);
    }
  });

  test("of all names every command that is not hidden, by group", () => {
    const text = overview(settings);
    for (const { name, hidden } of COMMANDS) {
      expect(text.includes(`\n  ${name} `)).toBe(hidden !== true);
    }
    expect(text.indexOf("Everyday")).toBeLessThan(text.indexOf("Inspect"));
  });

  test("of a command begins with examples", () => {
    const plan = COMMANDS.find((command) => command.name === "plan");
    if (plan === undefined) throw new Error("no plan");
    const text = commandHelp(plan, settings);
    expect(text.slice(0, text.indexOf("Usage"))).toContain("procs plan --exit-code");
    expect(text).toContain("Also answers to: diff");
  });

  test("spells an option as it is typed", () => {
    expect(optionSpelling({ name: "file", short: "f", value: "FILE", summary: "" })).toBe(
      "-f, --file FILE",
    );
    expect(optionSpelling({ name: "json", summary: "" })).toBe("--json");
  });
});
