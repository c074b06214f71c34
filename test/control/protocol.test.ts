import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { applying, projectOf, server } from "../rig/projects.ts";
import { createRig } from "../rig/rig.ts";

const DOC = readFileSync(
  fileURLToPath(new URL("../../docs/control-api.md", import.meta.url)),
  "utf8",
);

interface Step {
  readonly command: string;
  readonly answer: readonly string[];
}

/** Each `$ command` of the session with the lines that follow it. */
function sessionOf(doc: string): readonly Step[] {
  const block = /```console\n([\s\S]*?)```/.exec(doc)?.[1] ?? "";
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = "", ...answer] = part.trim().split("\n");
      return { command, answer };
    });
}

/** `…` stands for anything: within a line for some text, alone on a line for some lines. */
function pattern(answer: readonly string[]): RegExp {
  const escaped = answer.map((line) =>
    line === "…" ? "[\\s\\S]*" : line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", ".*"),
  );
  return new RegExp(`^${escaped.join("\n")}$`);
}

const hasCurl = spawnSync("curl", ["--version"]).status === 0;
if (!hasCurl)
  console.warn("curl is not installed: the session of docs/control-api.md is not replayed");

test.runIf(hasCurl)("the session of the document is what happens", async () => {
  await using rig = await createRig();
  const needs = {
    depends_on: { db: { condition: "ready", restart: false, required: true } as const },
  };
  const project = { ...projectOf(rig, server("db"), server("api", needs)), name: "shop" };
  await rig.engine.operate(applying(project), { launch: true });
  const steps = sessionOf(DOC);
  expect(steps.length).toBeGreaterThan(4);
  for (const { command, answer } of steps) {
    const env = { ...rig.env, SOCKET: rig.paths.socket };
    const { stdout } = await promisify(execFile)("sh", ["-c", command], { env });
    expect(stdout.trim(), command).toMatch(pattern(answer));
  }
});

test("the document names every route and every operation", async () => {
  const source = readFileSync(
    fileURLToPath(new URL("../../src/control/protocol.ts", import.meta.url)),
    "utf8",
  );
  const routes = [...source.matchAll(/(GET|POST) +(\/v1\/\w+)/g)].map(
    (found) => `${found[1]} ${found[2]}`,
  );
  const operations = [...source.matchAll(/op: "(\w+)"/g)].map((found) => `| \`${found[1]}\` |`);
  expect(routes.length).toBeGreaterThan(7);
  expect(operations.length).toBe(9);
  expect([...routes, ...operations].filter((word) => !DOC.includes(word))).toEqual([]);
});
