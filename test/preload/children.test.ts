import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ask, createRig, NODES, type Rig } from "./rig.ts";

const rigs: Rig[] = [];
afterEach(() => {
  for (const rig of rigs.splice(0)) rig.close();
});

async function createOne(): Promise<Rig> {
  const rig = await createRig();
  rigs.push(rig);
  const server = `
    import { createServer } from "node:http";
    createServer((q, a) => void console.log("asked", q.url) ?? setTimeout(() => a.end("below"), q.url === "/slow" ? 1500 : 0)).listen(process.env.PORT, () => console.log("listening"));`;
  writeFileSync(join(rig.folder, "server.mjs"), server);
  const scripts = { start: "node server.mjs" };
  writeFileSync(join(rig.folder, "package.json"), JSON.stringify({ name: "x", scripts }));
  return rig;
}

test("below npm the program has the socket", async () => {
  const rig = await createOne();
  const program = rig.start(["npm", "start"]);
  await program.says("listening");
  expect(await ask(rig)).toMatchObject({ body: "below" });
});

test("below npm, which passes the signal on a second time, an answer is finished", async () => {
  const rig = await createOne();
  const program = rig.start(["npm", "start"]);
  await program.says("listening");
  const slow = ask(rig, "/slow");
  await program.says("asked /slow");
  program.signal("SIGTERM");
  expect(await slow).toMatchObject({ body: "below" });
});

const node = "process.execPath, ['server.mjs']";
const STARTERS: Readonly<Record<string, string>> = {
  fork: `require("child_process").fork("server.mjs")`,
  "spawn of a shell": `require("child_process").spawn("sh", ["-c", "node server.mjs"], { stdio: "inherit" })`,
  "spawn with more descriptors": `require("child_process").spawn(${node}, { stdio: [0, 1, 2, "ipc", "pipe"] })`,
  exec: `require("child_process").exec("node server.mjs").stdout.pipe(process.stdout)`,
  "execFileSync that waits": `require("child_process").execFileSync(${node}, { stdio: "inherit" })`,
  "execSync that waits": `require("child_process").execSync("node server.mjs", { stdio: [0, 1, 2], env: process.env })`,
};

describe.each(NODES)("in %s", (NODE) => {
  test.each(Object.keys(STARTERS))("%s passes it on", async (name) => {
    const rig = await createOne();
    await rig.run("starter.cjs", STARTERS[name] ?? "", { NODE });
    expect(await ask(rig)).toMatchObject({ body: "below" });
  });
});

test("what is started for its output, or with an environment of its own, is left as it is", async () => {
  const rig = await createOne();
  const text = `
    import { execFileSync, spawnSync } from "node:child_process";
    const count = "ls /proc/self/fd | wc -l";
    console.log(String(execFileSync("sh", ["-c", count])).trim(), String(spawnSync("sh", ["-c", count], { env: { PATH: process.env.PATH } }).stdout).trim());
    console.log("listening");`;
  const given = await rig.run("a.mjs", text);
  const plain = await rig.run("a.mjs", text, { NODE_OPTIONS: "" });
  expect(given.said()).toBe(plain.said());
});

test("a program that serves the socket gives it to none of its children", async () => {
  const rig = await createOne();
  const text = `
    const { spawn } = require("child_process");
    const server = require("http").createServer().listen(process.env.PORT, () => {
      spawn("sh", ["-c", "for fd in 3 4 5; do [ -S /dev/fd/$fd ] && echo has $fd; done; echo listening"], { stdio: "inherit" });
    });`;
  const program = await rig.run("a.cjs", text);
  expect(program.said()).not.toContain("has");
});
