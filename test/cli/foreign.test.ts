import { describe, expect, test } from "vitest";
import { COMMANDS, findCommand } from "../../src/cli/commands.ts";
import { answerUnknown, foreignAnswer, scriptStart } from "../../src/cli/foreign.ts";
import { UserError } from "../../src/errors.ts";
import { testContext } from "./test-context.ts";

describe("words of other tools", () => {
  test("are answered on stderr with what to do here, exit 2", () => {
    const context = testContext();
    expect(answerUnknown(context, "save", [])).toBe(2);
    expect(context.errText()).toBe(
      "procs has nothing to save: procs.yaml is the saved state.\nTo make it run: procs up -d\n",
    );
    expect(context.outText()).toBe("");
  });

  test("are an object for programs", () => {
    const context = testContext({ json: true });
    answerUnknown(context, "delete", ["api"]);
    expect(JSON.parse(context.errText())).toMatchObject({
      v: 1,
      kind: "error",
      code: "P801",
      message: "To stop it now: procs stop api",
    });
  });

  test("are never commands, so nothing is shadowed", () => {
    const words = COMMANDS.flatMap((command) => [command.name, ...command.aliases]);
    expect(words.filter((word) => foreignAnswer(word, []) !== null)).toEqual([]);
  });

  test("name only commands that exist", () => {
    const words = [
      "save",
      "delete",
      "build",
      "exec",
      "attach",
      "top",
      "graph",
      "open",
      "port",
      "connect",
      "daemon",
      "ping",
      "update",
      "startup",
      "rename",
      "reset",
    ];
    for (const line of words.flatMap((word) => foreignAnswer(word, ["api"]) ?? [])) {
      for (const [, name] of line.matchAll(/: procs ([a-z]+)/g)) {
        expect(findCommand(name ?? ""), line).not.toBeNull();
      }
    }
  });

  test("a script is answered with its procs.yaml", () => {
    expect(scriptStart(["start", "app.js", "-i", "4"])?.[1]).toBe(
      "  services: { app: { command: node app.js, instances: 4 } }",
    );
    expect(scriptStart(["start", "./bin/web"])?.[1]).toContain("{ web: { command: ./bin/web } }");
    expect(scriptStart(["start", "api"])).toBeNull();
    expect(scriptStart(["stop", "app.js"])).toBeNull();
  });
});

describe("an unknown word", () => {
  const problem = (word: string) => {
    try {
      answerUnknown(testContext(), word, []);
    } catch (error) {
      if (error instanceof UserError) return error;
    }
    throw new Error("expected an error");
  };

  test("names the nearest command and runs nothing", () => {
    expect(problem("relaod")).toMatchObject({
      exitCode: 2,
      message: 'unknown command "relaod". A similar command is: reload',
    });
  });

  test("that is near to none points to the help", () => {
    expect(problem("frobnicate").diagnostics[0]?.help).toEqual(["all commands: procs --help"]);
  });
});
