import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { explainProgram, findProgram, type ProgramFacts } from "../../src/host/program.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-program-"));
  for (const name of ["a", "b"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "a", "tool"), "");
  chmodSync(join(folder, "a", "tool"), 0o644);
  writeFileSync(join(folder, "b", "tool"), "");
  chmodSync(join(folder, "b", "tool"), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a program is looked for", () => {
  test("along PATH, past what is not executable, relative folders from the working folder", () => {
    const found = { kind: "found", path: join(folder, "b", "tool") };
    expect(findProgram("tool", folder, `${folder}/a:${folder}/b`)).toEqual(found);
    expect(findProgram("tool", folder, "a:b")).toEqual(found);
  });

  test("from the working folder when its name has a slash", () => {
    expect(findProgram("./b/tool", folder, "").kind).toBe("found");
    expect(findProgram("./a/tool", folder, "").kind).toBe("not-executable");
    expect(findProgram("./a", folder, "").kind).toBe("folder");
    expect(findProgram("./c", folder, "")).toEqual({ kind: "missing", folders: [] });
  });

  test("in vain: the folders that were looked in", () => {
    expect(findProgram("tool", folder, "/x:/y")).toEqual({
      kind: "missing",
      folders: ["/x", "/y"],
    });
    expect(findProgram("tool", folder, `${folder}/a`).kind).toBe("not-executable");
  });
});

describe("what people are told", () => {
  const facts: ProgramFacts = {
    name: "vite",
    args: ["--port", "5173"],
    found: { kind: "missing", folders: ["/home/ana/.bin", "/usr/bin"] },
    home: "/home/ana",
    isInBin: false,
    lacksModules: false,
    programs: [],
  };
  const help = (change: Partial<ProgramFacts>) => explainProgram({ ...facts, ...change }).help;

  test("a program that is nowhere: where it was looked for", () => {
    expect(explainProgram(facts)).toEqual({
      code: "P302",
      message: '"vite" is not a program',
      notes: ["PATH was ~/.bin, /usr/bin"],
      help: [],
    });
  });

  test("what to write instead, the first that helps", () => {
    const programs = ["ls", "vita"];
    expect(help({ isInBin: true, programs })).toEqual([
      "vite is in ./node_modules/.bin. Use: npx vite --port 5173",
    ]);
    expect(help({ lacksModules: true, programs })).toEqual([
      "node_modules is missing: run npm install",
    ]);
    expect(help({ programs })).toEqual(["a similar program exists: vita"]);
  });

  test("only a slip of the finger is similar", () => {
    const similar = (name: string, program: string) =>
      help({ name, programs: [program] }).length === 1;
    expect(similar("uvicon", "uvicorn")).toBe(true);
    expect(similar("nide", "node")).toBe(true);
    expect(similar("ndoe", "node")).toBe(true);
    expect(similar("nodee", "node")).toBe(true);
    expect(similar("nope", "rope")).toBe(true);
    expect(similar("abcd", "badc")).toBe(false);
    expect(similar("node", "nodemon")).toBe(false);
    expect(similar("ab", "ac")).toBe(false);
  });

  test("a file that may not be executed, a folder, a path that is not there", () => {
    const tell = (name: string, found: ProgramFacts["found"]) =>
      explainProgram({ ...facts, name, found });
    expect(tell("run.sh", { kind: "not-executable", path: "/x/run.sh" })).toMatchObject({
      code: "P305",
      message: "run.sh is not executable",
      help: ["chmod +x run.sh    or: command: sh run.sh"],
    });
    expect(tell("./src", { kind: "folder", path: "/x/src" }).message).toBe(
      "./src is a folder, not a program",
    );
    expect(tell("./x", { kind: "missing", folders: [] }).message).toBe("there is no file ./x");
  });
});
