import { readFileSync } from "node:fs";
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { VERSION } from "../../src/version.ts";
import { applying, by, planning, projectOf, server } from "../rig/projects.ts";
import { createRig, type Rig } from "../rig/rig.ts";

let rig: Rig;

beforeAll(async () => {
  rig = await createRig();
  await rig.engine.operate(applying(projectOf(rig, server("api"))), { launch: true });
});
afterAll(() => rig[Symbol.asyncDispose]());

interface Answer {
  readonly status: number;
  readonly lines: readonly unknown[];
}

/** A client that is none of ours. */
function ask(method: string, path: string, body?: unknown, version?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = version === undefined ? {} : { "x-procs-version": version };
    const sent = request({ socketPath: rig.paths.socket, method, path, headers }, (response) => {
      let text = "";
      response.on("data", (data) => {
        text += data;
      });
      response.on("end", () => {
        const lines = text.split("\n").filter((line) => line !== "");
        resolve({ status: response.statusCode ?? 0, lines: lines.map((line) => JSON.parse(line)) });
      });
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const operate = (body: unknown) => ask("POST", "/v1/operate", body);
const refusal = (message: unknown) => ({
  status: 400,
  lines: [{ v: 1, kind: "error", code: "P608", exit: 2, message }],
});

test("the version is that of package.json", async () => {
  const file = fileURLToPath(new URL("../../package.json", import.meta.url));
  expect(VERSION).toBe(JSON.parse(readFileSync(file, "utf8")).version);
  const { lines } = await ask("GET", "/v1/version");
  expect(lines).toMatchObject([{ v: 1, kind: "version", version: VERSION, protocol: 1 }]);
});

test("every route answers with what it promises", async () => {
  expect(await ask("GET", "/v1/snapshot")).toMatchObject({
    status: 200,
    lines: [{ v: 1, kind: "ps", project: "rig", services: [{ name: "api", state: "ready" }] }],
  });
  expect(await ask("GET", "/v1/snapshot?services=api")).toMatchObject({ status: 200 });
  expect(await ask("GET", "/v1/project")).toMatchObject({
    lines: [{ kind: "project", project: { name: "rig", services: [{ name: "api" }] } }],
  });
  expect(await ask("GET", "/v1/why?service=api")).toMatchObject({ lines: [{ kind: "why" }] });
  const events = await ask("GET", "/v1/events");
  expect(events.lines.length).toBeGreaterThan(2);
  expect(await ask("GET", `/v1/events?since=${events.lines.length}`)).toEqual({
    status: 200,
    lines: [],
  });
  const plan = await ask("POST", "/v1/plan", planning(projectOf(rig, server("api", {}, 2))));
  expect(plan).toMatchObject({ status: 200, lines: [{ changed: true, summary: { change: 1 } }] });
  expect(await ask("POST", "/v1/detach", {})).toEqual({ status: 200, lines: [{ ok: true }] });
});

test("what is not there is 404", async () => {
  for (const [method, path] of [
    ["GET", "/"],
    ["GET", "/v1/operate"],
    ["POST", "/v1/snapshot"],
    ["DELETE", "/v1/version"],
    ["GET", "/v1/../v1/nothing"],
  ] as const) {
    expect(await ask(method, path)).toMatchObject({ status: 404, lines: [{ code: "P608" }] });
  }
  const nobody = { status: 404, lines: [{ code: "P803", exit: 2 }] };
  expect(await ask("GET", "/v1/why?service=nope")).toMatchObject(nobody);
  expect(await ask("GET", "/v1/snapshot?services=nope")).toMatchObject(nobody);
  expect(await operate({ op: "stop", services: ["nope"] })).toMatchObject(nobody);
});

test("a wrong or missing field is named, and nothing happens", async () => {
  const project = projectOf(rig, server("api"));
  const [spec] = project.services;
  const withSpec = (change: object) => ({
    ...planning(project),
    op: "apply",
    project: { ...project, services: [{ ...spec, ...change }] },
  });
  const cases: readonly (readonly [unknown, string])[] = [
    [undefined, "the request is missing"],
    [[], "the request must be an object"],
    [{}, "op is missing"],
    [{ op: "explode" }, "op must be apply or restart or"],
    [{ op: "stop" }, "services is missing: it must be a list"],
    [{ op: "stop", services: "api" }, 'services must be a list, not "api"'],
    [{ op: "stop", services: ["api"], grace_ms: "soon" }, "grace_ms must be a number"],
    [{ op: "stop", services: ["api"], signal: "TERM" }, "signal must be a signal such as SIGTERM"],
    [{ op: "scale", counts: { api: 1e9 } }, "counts.api is 1000000000, at most 1000"],
    [{ op: "scale", counts: { api: -1 } }, "counts.api must be a whole number from 0"],
    [{ op: "signal", targets: [{}], signal: "SIGHUP" }, "targets[0].service is missing"],
    [{ op: "apply" }, "project is missing"],
    [withSpec({ cwd: 7 }), "project.services[0].cwd must be a string, not 7"],
    [withSpec({ name: "../../x" }), "project.services[0].name is no name for a service"],
    [
      withSpec({ ready: { check: { kind: "ping" } } }),
      "project.services[0].ready.check.kind must be",
    ],
    [withSpec({ env: { A: "a\0b" } }), "project.services[0].env.A holds a NUL byte"],
  ];
  for (const [body, message] of cases) {
    expect(await operate(body)).toMatchObject(refusal(expect.stringContaining(message)));
  }
  expect(await ask("GET", "/v1/why")).toMatchObject(
    refusal(expect.stringContaining("service is missing")),
  );
  expect(await ask("GET", "/v1/events?since=later")).toMatchObject(
    refusal('since must be an event\'s number or a time, not "later"'),
  );
  const { lines } = await ask("GET", "/v1/snapshot");
  expect(lines).toMatchObject([{ services: [{ state: "ready", wanted: 1 }] }]);
});

test("fields that nobody knows are ignored, and what is left out has its default", async () => {
  const answer = await operate({ op: "wait", services: ["api"], new_in_v9: { deep: [1] } });
  expect(answer).toMatchObject({ status: 200, lines: [{ kind: "result", ok: true }] });
});

test("another version may look, wait and stop; what it may not is said", async () => {
  const asks = (path: string, body?: unknown) =>
    ask(body === undefined ? "GET" : "POST", path, body, "9.9.9");
  expect(await asks("/v1/snapshot")).toMatchObject({ status: 200 });
  expect(await asks("/v1/operate", { op: "wait", services: ["api"] })).toMatchObject({
    status: 200,
  });
  const refused = { status: 409, lines: [{ code: "P601", exit: 4 }] };
  for (const op of [
    { op: "start", services: ["api"] },
    { op: "scale", counts: { api: 2 } },
    { op: "restart", services: ["api"] },
    { op: "signal", targets: [], signal: "SIGHUP" },
    applying(projectOf(rig, server("api"))),
  ]) {
    expect(await asks("/v1/operate", op)).toMatchObject(refused);
  }
  expect(await asks("/v1/plan", planning(projectOf(rig)))).toMatchObject(refused);
});

test("no body makes the supervisor fail", async () => {
  const specs = projectOf(rig, server("api"));
  const near = fc.constantFrom<unknown>(
    applying(specs),
    { op: "scale", counts: {} },
    { op: "signal", targets: [], signal: "SIGUSR1" },
    { op: "start", services: ["api"], by },
  );
  /** A body that is right but for one value somewhere. */
  const spoilt = fc.tuple(near, fc.nat(), fc.jsonValue()).map(([body, at, value]) => {
    let count = 0;
    return JSON.parse(JSON.stringify(body), (key, old) =>
      count++ === at % 60 && key !== "" ? value : old,
    );
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(spoilt, fc.jsonValue()), async (body) => {
      const { status } = await ask("POST", "/v1/plan", body);
      expect(status).not.toBe(500);
      expect([200, 400, 404, 409]).toContain(status);
    }),
    { numRuns: 300 },
  );
  expect(await ask("GET", "/v1/snapshot")).toMatchObject({ status: 200 });
});
