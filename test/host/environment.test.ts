import { expect, test } from "vitest";
import { INSTANCE_MARK } from "../../src/core/spec.ts";
import {
  type EnvironmentFacts,
  fillCommand,
  markOf,
  programEnvironment,
} from "../../src/host/environment.ts";
import { specOf } from "./spec.ts";

const FACTS: EnvironmentFacts = {
  id: { service: "api", slot: 2, run: 5 },
  projectId: "abc",
  socketPath: "/run/sock",
  port: null,
  account: null,
  extra: {},
};

const OURS = {
  PROCS: "1",
  PROCS_SERVICE: "api",
  PROCS_INSTANCE: "2",
  PROCS_SOCKET: "/run/sock",
  PROCS_ID: "abc:api.2.5",
};

test("the inherited, then the file's, then ours; nothing of this process", () => {
  const spec = specOf(["x"], { cwd: "/srv", inherited: { A: "1", B: "1" }, env: { B: "2" } });
  expect(programEnvironment(spec, FACTS)).toEqual({ A: "1", B: "2", PWD: "/srv", ...OURS });
});

test("the number of the instance stands where the file asks for it", () => {
  const env = { DATA: `data-${INSTANCE_MARK}/${INSTANCE_MARK}` };
  expect(programEnvironment(specOf(["x"], { env }), FACTS).DATA).toBe("data-2/2");
  expect(fillCommand(`x ${INSTANCE_MARK}`, 3)).toBe("x 3");
  expect(fillCommand(["x", `-n${INSTANCE_MARK}`], 3)).toEqual(["x", "-n3"]);
});

test("PORT is the instance's own", () => {
  const spec = specOf(["x"], { env: { PORT: "1" } });
  expect(programEnvironment(spec, { ...FACTS, port: 3001 }).PORT).toBe("3001");
  expect(programEnvironment(spec, FACTS).PORT).toBe("1");
});

test("another user's home and name replace the inherited ones, and the file's win", () => {
  const account = { uid: 7, gid: 7, name: "ana", home: "/home/ana", shell: "/bin/zsh" };
  const spec = specOf(["x"], {
    inherited: { HOME: "/root", USER: "root" },
    env: { SHELL: "/bin/sh" },
  });
  expect(programEnvironment(spec, { ...FACTS, account })).toMatchObject({
    HOME: "/home/ana",
    USER: "ana",
    LOGNAME: "ana",
    SHELL: "/bin/sh",
  });
});

test("our NODE_OPTIONS come in front of the service's", () => {
  const spec = specOf(["x"], { env: { NODE_OPTIONS: "--title=x" } });
  const extra = { NODE_OPTIONS: '--require "/p.cjs"' };
  expect(programEnvironment(spec, { ...FACTS, extra }).NODE_OPTIONS).toBe(
    '--require "/p.cjs" --title=x',
  );
});

test("a mark names one run", () => {
  expect(markOf("abc", { service: "a.b", slot: 1, run: 2 })).toBe("abc:a.b.1.2");
});
