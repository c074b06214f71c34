import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createRig, type Rig } from "../rig/rig.ts";
import { until } from "../rig/until.ts";
import { ran } from "./commands.ts";

/** Node itself cannot hand on such an environment; a shell and env(1) can. */
function procsIn(rig: Rig, assignments: string, words: string) {
  const base = Object.entries(rig.env).map(([name, value]) => `${name}='${value}'`);
  const script = `exec env -i ${base.join(" ")} ${assignments} ${process.execPath} ${rig.cli} ${words}`;
  return ran("/bin/bash", ["-c", script], { cwd: rig.folder });
}

function environmentOf(file: string): ReadonlyMap<string, string> {
  const pairs = readFileSync(file, "utf8")
    .split("\0")
    .filter((pair) => pair !== "");
  return new Map(
    pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
}

// No shell stands in between: some drop what they cannot spell.
const SEEING = `const fs = require("node:fs"); fs.writeFileSync("seen", fs.readFileSync("/proc/self/environ")); console.log("ready"); setInterval(() => 0, 1e6)`;
const YAML = `services:
  web:
    command: ${JSON.stringify([process.execPath, "-e", SEEING])}
    ready: { log: ready }
    env: { LINES: "one\\ntwo\\n", EMPTY: "", QUOTES: "'\\"$$(id)\`id\`\\\\", odd.name-1: odd, UTF: "né \\U0001F600", constructor: c }
`;

test("newlines, quotes, odd names and odd characters arrive as they are; what is no UTF-8 is told of", async () => {
  await using rig = await createRig({ "procs.yaml": YAML });
  const odd = `$'NL=l1\\nl2' $'BYTES=x\\xffy' =nameless 'SPACES= a  b ' $'TAB=\\t' 'BASH_FUNC_f%%=() { echo; }' 'A.B=dotted'`;
  const up = await procsIn(rig, odd, "up -d");
  expect(up).toMatchObject({ code: 0 });
  expect(up.stderr).toContain("the value of BYTES cannot be read as UTF-8");
  const seen = environmentOf(join(rig.folder, "seen"));
  const wanted = {
    ...{
      LINES: "one\ntwo\n",
      EMPTY: "",
      QUOTES: `'"$(id)\`id\`\\`,
      UTF: "né 😀",
      constructor: "c",
    },
    ...{ "odd.name-1": "odd", NL: "l1\nl2", SPACES: " a  b ", TAB: "\t", "A.B": "dotted" },
    ...{ "BASH_FUNC_f%%": "() { echo; }", BYTES: "x\ufffdy" },
  };
  for (const [name, value] of Object.entries(wanted))
    expect([name, seen.get(name)]).toEqual([name, value]);
  expect([...seen.keys()].filter((name) => /^PROCS_(SHIM|EXEC|KEY|DIGEST|ENV)/.test(name))).toEqual(
    [],
  );
  expect((await rig.procs("down")).code).toBe(0);
});

test("every name that the schema permits works, from start to logs to down", async () => {
  const names = [
    "a",
    "9",
    "constructor",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "A_b-C",
    "a.1".replace(".", "-"),
    "x".repeat(63),
    "ps",
    "down",
    "web--1",
    "z_",
    "1-1",
  ];
  const services = names.map(
    (name) =>
      `  ${name}: { command: "echo I am ${name}; exec sleep 1000", ready: { log: I am }, instances: 2 }`,
  );
  const needy = `  last: { command: "true", kind: task, depends_on: [${names.join(", ")}] }`;
  await using rig = await createRig({
    "procs.yaml": `name: "My shop 1.0_b-c"\nservices:\n${services.join("\n")}\n${needy}\n`,
  });
  expect(await rig.procs("up", "-d")).toMatchObject({ code: 0 });
  const ps = JSON.parse((await rig.procs("ps", "--json")).stdout);
  const states = ps.services.map((one: { name: string; ready: number }) => [one.name, one.ready]);
  expect(states.slice(0, -1)).toEqual(names.map((name) => [name, 2]));
  for (const name of ["constructor", "x".repeat(63), "9"]) {
    expect((await rig.procs("logs", name)).stdout).toContain(`I am ${name}`);
    expect(await rig.procs("restart", name)).toMatchObject({ code: 0 });
    expect(await rig.procs("scale", `${name}=1`)).toMatchObject({ code: 0 });
    expect(await rig.procs("why", name)).toMatchObject({ code: 0 });
  }
  expect(await rig.procs("reload", "-y")).toMatchObject({ code: 0 });
  expect(await rig.procs("down")).toMatchObject({ code: 0 });
  // The guardian ends a moment after the answer.
  await until("all has ended", () => rig.processes().length === 0);
}, 120_000);

test("a command or a value that is too long is said to be, and the rest runs", async () => {
  const long = "x".repeat(200_000);
  const yaml = `services:\n  long: { command: [echo, "${long}"] }\n  big: { command: "true", env: { A: "${long}" } }\n  good: { command: exec sleep 1000 }\n`;
  await using rig = await createRig({ "procs.yaml": yaml });
  const up = await rig.procs("up", "-d", "--wait-timeout", "5s");
  expect(up.code).toBe(1);
  expect(up.stderr).toMatch(/long .*longer than the system takes \(E2BIG\)/);
  expect(up.stderr).toMatch(/big .*longer than the system takes \(E2BIG\)/);
  expect(up.stderr.length).toBeLessThan(10_000);
  expect(JSON.parse((await rig.procs("ps", "--json", "good")).stdout).services[0].ready).toBe(1);
  expect((await rig.procs("down")).code).toBe(0);
});
