import { describe, expect, test } from "vitest";
import { parseDuration, parsedArgs, splitArgv } from "../../src/cli/args.ts";
import { type Command, findCommand, GLOBAL_OPTIONS } from "../../src/cli/commands.ts";
import { UserError } from "../../src/errors.ts";

const split = (...argv: string[]) => splitArgv(argv, GLOBAL_OPTIONS, findCommand);

function read(...argv: string[]) {
  const parts = split(...argv);
  const command: Command | null = findCommand(parts.word ?? "");
  if (command === null) throw new Error(`no command in: ${argv.join(" ")}`);
  return { ...parts, args: parsedArgs(parts, command), command: command.name };
}

function problemOf(run: () => unknown): UserError {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("expected an error");
}

describe("arguments", () => {
  test("global flags stand before or after the command", () => {
    for (const argv of [
      ["--json", "-f", "a.yaml", "ps", "api"],
      ["ps", "api", "--json", "-f", "a.yaml"],
      ["ps", "-fa.yaml", "api", "--json"],
      ["ps", "--file=a.yaml", "--json", "api"],
    ]) {
      const { globals, args } = read(...argv);
      expect(globals.get("file")).toEqual(["a.yaml"]);
      expect(globals.has("json")).toBe(true);
      expect(args.positionals).toEqual(["api"]);
    }
  });

  test("a command's own letter goes before the global one, after the command", () => {
    const { args, globals } = read("-C", "there", "logs", "-v", "-C", "3");
    expect(args.text("context")).toBe("3");
    expect(args.flag("invert")).toBe(true);
    expect(globals.get("directory")).toEqual(["there"]);
    expect(globals.has("verbose")).toBe(false);
  });

  test("letters cluster, and the last may take a value", () => {
    const { args } = read("logs", "-fn50", "-ig", "error");
    expect(args.flag("follow")).toBe(true);
    expect(args.count("lines")).toBe(50);
    expect(args.flag("ignore-case")).toBe(true);
    expect(args.text("grep")).toBe("error");
  });

  test("-- ends the flags", () => {
    const { args } = read("ps", "--", "--json");
    expect(args.positionals).toEqual(["--json"]);
    expect(args.rest).toBeNull();
  });

  test("what follows -- are names too, and a word that nobody reads is refused", () => {
    expect(read("stop", "--", "api").args.positionals).toEqual(["api"]);
    for (const argv of [
      ["down", "api"],
      ["down", "--", "api"],
    ]) {
      expect(problemOf(() => read(...argv)).message).toContain("takes no names");
    }
    expect(problemOf(() => read("down", "api", "db")).diagnostics[0]?.help).toEqual([
      "procs stop api db",
    ]);
    expect(problemOf(() => read("why", "api", "db")).message).toBe('procs why cannot use "db"');
    expect(problemOf(() => read("version", "x")).exitCode).toBe(2);
  });

  test("everything after the service belongs to the program of run", () => {
    for (const argv of [
      ["run", "api", "--", "npm", "test", "--", "-q"],
      ["run", "api", "npm", "test", "--", "-q"],
    ]) {
      const { args } = read(...argv);
      expect(args.positionals).toEqual(["api"]);
      expect(args.rest).toEqual(["npm", "test", "--", "-q"]);
    }
  });

  test("options of other tools are understood", () => {
    expect(read("logs", "--tail", "5").args.count("lines")).toBe(5);
    expect(read("wait", "--wait-timeout", "5s").args.durationMs("timeout")).toBe(5000);
  });

  test("an unknown option names the nearest one, exit 2", () => {
    const error = problemOf(() => read("ps", "--jsno"));
    expect(error.exitCode).toBe(2);
    expect(error.diagnostics[0]).toMatchObject({
      code: "P801",
      message: 'unknown option "--jsno" for procs ps',
      help: ["an option with a similar name exists: --json", "procs ps --help"],
    });
  });

  test("a missing value and a value too much are said", () => {
    expect(problemOf(() => read("logs", "-n")).message).toBe("-n needs a value: -n N");
    expect(problemOf(() => read("ps", "--watch=2")).message).toBe("--watch takes no value");
  });

  test("a duration and a number that are none are said when they are read", () => {
    const { args } = read("wait", "--timeout", "soon");
    expect(problemOf(() => args.durationMs("timeout")).message).toBe(
      "--timeout must be a duration such as 500ms, 10s or 5m",
    );
    const { args: logs } = read("logs", "-n", "x");
    expect(problemOf(() => logs.count("lines")).message).toBe("--lines must be a whole number");
  });

  test("an unknown word leaves the rest unread", () => {
    expect(split("save", "--what")).toMatchObject({ word: "save", rest: ["--what"] });
  });

  test.each([
    ["300ms", 300],
    ["10s", 10_000],
    ["1.5s", 1500],
    ["1h30m", 5_400_000],
    ["2", 2000],
    ["0", 0],
  ])("a duration of %s is %i ms", (text, millis) => {
    expect(parseDuration(text)).toBe(millis);
  });

  test.each(["", "s", "10 s", "-1s", "1w", "s1"])("%j is no duration", (text) => {
    expect(parseDuration(text)).toBeNull();
  });
});
