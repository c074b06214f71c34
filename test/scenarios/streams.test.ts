import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { schemaOfKind } from "../../src/cli/json-kinds.ts";
import { createRig, type Ran, type Rig } from "../rig/rig.ts";

const SHOP = `
name: shop
services:
  db:
    command: sleep 1000
    env: { API_KEY: s3cret, PORT: 3000 }
  api:
    command: echo hello; exec sleep 1000
    depends_on: { db: ready }
    instances: 2
  migrate: { kind: task, command: "true" }
`;

const BROKEN = "services:\n  api:\n    command: x\n    instnaces: 2\n";

/** Nothing but whole JSON documents, one a line, each as its kind's schema says. */
function expectJson(text: string): readonly Record<string, unknown>[] {
  const documents = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Record<string, unknown> => JSON.parse(line));
  for (const document of documents) {
    expect(document.v).toBe(1);
    const schema = schemaOfKind(String(document.kind));
    expect(schema, `a schema for ${document.kind}`).not.toBeNull();
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const isValid = ajv.validate(schema ?? {}, document);
    expect(isValid, `${document.kind}: ${ajv.errorsText()}`).toBe(true);
  }
  return documents;
}

function expectNoEscapes(ran: Ran): void {
  expect(ran.stdout).not.toContain("\x1b");
  expect(ran.stderr).not.toContain("\x1b");
}

const QUERIES: readonly (readonly string[])[] = [
  ["ps"],
  ["ps", "--instances"],
  ["status", "api"],
  ["plan"],
  ["plan", "--full"],
  ["why", "api"],
  ["env", "api", "--origin"],
  ["config"],
  ["config", "--origins"],
  ["validate"],
  ["version"],
  ["events"],
  ["--help"],
  ["help", "exit-codes"],
  ["ps", "--help"],
  [],
];

async function runningShop(): Promise<Rig> {
  const rig = await createRig({ "procs.yaml": SHOP });
  const up = await rig.procs("up", "-d");
  expect(up.stderr + up.stdout).toContain("ready");
  expect(up.code).toBe(0);
  return rig;
}

test("a query answers on stdout, says nothing on stderr, and colours nothing in a pipe", async () => {
  await using rig = await runningShop();
  for (const words of QUERIES) {
    const ran = await rig.procs(...words);
    expect(ran, words.join(" ")).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).not.toBe("");
    expectNoEscapes(ran);
    expect(ran.stdout).not.toContain("s3cret");
  }
});

test("every query answers with JSON as its schema says", async () => {
  await using rig = await runningShop();
  const kinds = [];
  for (const words of [
    ["ps"],
    ["ps", "api"],
    ["status", "api"],
    ["plan"],
    ["why", "api"],
    ["env", "db"],
    ["validate"],
    ["version"],
    ["events"],
  ]) {
    const ran = await rig.procs(...words, "--json");
    expect(ran, words.join(" ")).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).not.toContain("s3cret");
    kinds.push(expectJson(ran.stdout)[0]?.kind);
  }
  expect(kinds).toEqual([
    ...["ps", "ps", "status", "plan", "why", "env"],
    ...["diagnostics", "version", "event"],
  ]);
});

test("with nothing running every service is stopped, and that is no error", async () => {
  await using rig = await createRig({ "procs.yaml": SHOP });
  const ps = await rig.procs("ps");
  expect(ps).toMatchObject({ code: 0, stderr: "" });
  expect(ps.stdout.split("\n").map((line) => line.split("\t")[1] ?? "")).toEqual([
    "stopped",
    "stopped",
    "stopped",
    "",
  ]);
  expectJson((await rig.procs("ps", "--json")).stdout);
  expect((await rig.procs("why", "api")).stdout).toContain("shop is not running");
  expect((await rig.procs("ps", "--exit-code")).code).toBe(7);
  expect((await rig.procs("plan", "--exit-code")).code).toBe(7);
  expect(rig.processes()).toEqual([]);
});

test("fields, order and states can be chosen", async () => {
  await using rig = await createRig({ "procs.yaml": SHOP });
  const ps = (...words: string[]) => rig.procs("ps", ...words).then((ran) => ran.stdout);
  expect(await ps("--fields", "name,state", "--sort", "name")).toBe(
    "api\tstopped\ndb\tstopped\nmigrate\tstopped\n",
  );
  expect(await ps("--state", "ready")).toBe("");
  expect(await ps("!api", "--fields", "service")).toBe("db\nmigrate\n");
  expect(JSON.parse(await ps("--json", "--fields", "name")).services[0]).toEqual({ name: "db" });
  const wrong = await rig.procs("ps", "--fields", "nmae");
  expect(wrong).toMatchObject({ code: 2, stdout: "" });
  expect(wrong.stderr).toContain("a field with a similar name exists: name");
});

test("a broken file is exit 3: every problem on stderr, or as objects", async () => {
  await using rig = await createRig({ "procs.yaml": BROKEN });
  const plan = await rig.procs("plan");
  expect(plan).toMatchObject({ code: 3, stdout: "" });
  expect(plan.stderr).toContain('unknown key "instnaces" in service "api"');
  expect(plan.stderr).toContain("procs.yaml:4:5");
  expectNoEscapes(plan);
  const json = await rig.procs("plan", "--json");
  expect(json).toMatchObject({ code: 3, stdout: "" });
  expect(expectJson(json.stderr)[0]).toMatchObject({ kind: "error", file: "procs.yaml" });
  const validate = await rig.procs("validate");
  expect(validate.code).toBe(3);
  expect(validate.stdout).toContain("1 error");
  expect(await rig.procs("validate", "--json").then((ran) => expectJson(ran.stdout))).toMatchObject(
    [{ kind: "diagnostics", ok: false, total: 1 }],
  );
  const github = await rig.procs("validate", "--format", "github");
  expect(github.stdout).toMatch(/^::error file=procs.yaml,line=4,col=5,/);
});

test("wrong usage is exit 2 and leaves stdout empty", async () => {
  await using rig = await createRig({ "procs.yaml": SHOP });
  for (const words of [
    ["relaod"],
    ["save"],
    ["ps", "--nonsense"],
    ["status", "nobody"],
    ["env"],
    ["start", "app.js", "-i", "4"],
    ["ps", "0"],
    ["schema", "nonsense"],
    ["-C", "/no/such/folder", "ps"],
  ]) {
    const ran = await rig.procs(...words);
    expect(ran, words.join(" ")).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).not.toBe("");
    expect(ran.stderr).not.toMatch(/\n {4}at /);
    const json = await rig.procs(...words, "--json");
    expect(expectJson(json.stderr)[0]?.kind, words.join(" ")).toBe("error");
  }
});

test("no project is exit 3 and says how to begin", async () => {
  await using rig = await createRig();
  expect(await rig.procs("ps")).toMatchObject({ code: 3, stdout: "" });
  const home = await rig.procs();
  expect(home.code).toBe(0);
  expect(home.stdout.trimEnd().split("\n")).toHaveLength(4);
});

test("a running project is found by its name from anywhere", async () => {
  await using rig = await runningShop();
  const ran = await rig.procs("-C", "/", "-p", "shop", "ps", "--fields", "name");
  expect(ran).toMatchObject({ code: 0, stdout: "db\napi\nmigrate\n" });
  const wrong = await rig.procs("-p", "shpo", "ps");
  expect(wrong.code).toBe(4);
  expect(wrong.stderr).toContain("a project with a similar name runs: shop");
});

test("what config prints is read back as the same services", async () => {
  await using rig = await createRig({ "procs.yaml": SHOP });
  const printed = await rig.procs("config", "--show-values");
  rig.write("again.yaml", printed.stdout);
  const again = await rig.procs("config", "--show-values", "-f", "again.yaml");
  expect(again).toMatchObject({ code: 0, stderr: "", stdout: printed.stdout });
});

test("an exported environment can be taken into a shell", async () => {
  await using rig = await createRig({ "procs.yaml": SHOP });
  const masked = await rig.procs("env", "db", "--export");
  expect(masked.stdout).toContain("export PORT='3000'\n");
  expect(masked.stdout).not.toContain("API_KEY");
  expect(masked.stderr).toBe("1 left out, they look secret: add --show-values\n");
  const all = await rig.procs("env", "db", "--export", "--show-values");
  expect(all.stdout).toContain("export API_KEY='s3cret'\n");
});

test("the schema is written once beside the file and named in it", async () => {
  await using rig = await createRig({ "procs.yaml": SHOP });
  expect((await rig.procs("schema", "--write")).code).toBe(0);
  expect((await rig.procs("schema", "--write")).code).toBe(0);
  const { stdout } = await rig.procs("schema");
  expect(readFileSync(join(rig.folder, "procs.schema.json"), "utf8")).toBe(stdout);
  const yaml = readFileSync(join(rig.folder, "procs.yaml"), "utf8");
  expect(yaml).toBe(`# yaml-language-server: $schema=./procs.schema.json\n${SHOP}`);
  expect((await rig.procs("validate")).code).toBe(0);
});

test("what acts ends with one result, and every line on the way has its kind", async () => {
  await using rig = await createRig({ "procs.yaml": SHOP });
  const kinds: Record<string, string> = {};
  for (const words of [
    ["up", "-d"],
    ["stop", "api"],
    ["start", "api"],
    ["scale", "api=1"],
    ["wait", "db"],
    ["reload", "-y"],
    ["logs", "api"],
    ["down"],
  ]) {
    const ran = await rig.procs(...words, "--json");
    expect(ran, words.join(" ")).toMatchObject({ code: 0, stderr: "" });
    const documents = expectJson(ran.stdout);
    kinds[words[0] ?? ""] = String(documents.at(-1)?.kind);
  }
  expect(kinds).toEqual({
    up: "up_result",
    stop: "result",
    start: "result",
    scale: "result",
    wait: "wait",
    reload: "reload_result",
    logs: "log",
    down: "result",
  });
});
