import { describe, expect, test } from "vitest";
import { type EnvFacts, variablesOf } from "../../src/cli/env-view.ts";
import type { ListenSettings, ServiceSpec } from "../../src/core/spec.ts";
import { listening } from "../rig/specs.ts";
import { serviceSpec, testProject } from "./specs.ts";

const spec = serviceSpec({ env: { PORT: "4000", API_KEY: "x" } });
const facts: EnvFacts = {
  project: testProject([spec]),
  spec,
  ambient: { PATH: "/bin", HOME: "/root", PORT: "1" },
  applied: serviceSpec({ env: { PORT: "3000", OLD: "1", API_KEY: "x" } }),
};

describe("the environment of a service", () => {
  test("is the file's, what procs gives, and what is inherited, each once", () => {
    expect(variablesOf(facts).map((one) => `${one.name} ${one.from}`)).toEqual([
      "PORT file",
      "API_KEY file",
      "OLD file",
      "PROCS_SERVICE procs",
      "PROCS_INSTANCE procs",
      "HOME inherited",
      "PATH inherited",
    ]);
  });

  test("has the port of a shared socket, and not one that is chosen at each start", () => {
    const given = (listen: ListenSettings, port: ServiceSpec["port"] = null) =>
      variablesOf({ ...facts, spec: { ...spec, env: {}, listen, port }, applied: null })
        .filter((one) => one.from === "procs")
        .map((one) => `${one.name}=${one.value}`);
    const rest = ["PROCS_SERVICE=api", "PROCS_INSTANCE=1"];
    expect(given(listening(3000))).toEqual(["PORT=3000", "LISTEN_FDS=1", ...rest]);
    expect(given(listening(3000, { mode: "proxy" }), "auto")).toEqual(rest);
  });

  test("says where a value was written and what runs instead", () => {
    const [port, key, old] = variablesOf(facts);
    expect(port).toMatchObject({
      source: { file: "procs.yaml", line: 9 },
      runsWith: { value: "3000" },
    });
    expect(key).toMatchObject({ secret: true, runsWith: null });
    expect(old).toMatchObject({ value: "", runsWith: { value: "1" } });
  });

  test("inherits all, nothing, or the named ones", () => {
    const inherited = (inherit_env: boolean | string[]) =>
      variablesOf({ ...facts, spec: { ...spec, inherit_env } })
        .filter((one) => one.from === "inherited")
        .map((one) => one.name);
    expect(inherited(true)).toEqual(["HOME", "PATH"]);
    expect(inherited(false)).toEqual([]);
    expect(inherited(["PATH"])).toEqual(["PATH"]);
  });

  test("has nothing to compare with while nothing runs", () => {
    const variables = variablesOf({ ...facts, applied: null });
    expect(variables.every((one) => one.runsWith === null)).toBe(true);
  });
});
