import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
// The generator is a script, without types of its own.
// @ts-expect-error
import { commandsDocs } from "../../scripts/commands-docs.mjs";
import { COMMANDS, findCommand, GLOBAL_OPTIONS, GROUPS } from "../../src/cli/commands.ts";
import { exitRows } from "../../src/cli/exits.ts";
import { EXIT } from "../../src/errors.ts";

describe("the command table", () => {
  test("has no word twice", () => {
    const words = COMMANDS.flatMap((command) => [command.name, ...command.aliases]);
    expect(words).toEqual([...new Set(words)]);
  });

  test("has no option twice in one command", () => {
    for (const { options } of [...COMMANDS, { options: GLOBAL_OPTIONS }]) {
      const names = options.flatMap((option) => [option.name, ...(option.alsoLong ?? [])]);
      expect(names).toEqual([...new Set(names)]);
      const letters = options.flatMap((option) => option.short ?? []);
      expect(letters).toEqual([...new Set(letters)]);
    }
  });

  test("gives each command an example that names it, and known exit codes", () => {
    const codes: readonly number[] = Object.values(EXIT);
    for (const command of COMMANDS) {
      expect(command.examples.length, command.name).toBeGreaterThan(0);
      for (const { line } of command.examples) expect(line).toContain(`procs ${command.name}`);
      for (const exit of command.exits) expect(codes).toContain(exit);
    }
  });

  test.each(COMMANDS.map((command) => [command.name, command] as const))(
    "loads %s",
    async (_name, command) => {
      expect(await command.load()).toHaveProperty("run", expect.any(Function));
    },
  );

  test("knows the words of other tools", () => {
    expect(findCommand("apply")?.name).toBe("reload");
    expect(findCommand("diff")?.name).toBe("plan");
    expect(findCommand("describe")?.name).toBe("status");
    expect(findCommand("check")?.name).toBe("validate");
    expect(findCommand("ls")?.name).toBe("ps");
    expect(findCommand("nonsense")).toBeNull();
  });

  test("is what docs/commands.md says (npm run generate writes it)", () => {
    const settings = { commands: COMMANDS, globalOptions: GLOBAL_OPTIONS, groups: GROUPS };
    const text: unknown = commandsDocs({ ...settings, exitRows: exitRows() });
    expect(readFileSync("docs/commands.md", "utf8")).toBe(text);
  });
});
