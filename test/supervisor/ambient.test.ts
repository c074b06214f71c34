import { expect, test } from "vitest";
import { inheritedBy, keptAmbient } from "../../src/supervisor/ambient.ts";
import { service } from "../rig/specs.ts";

test("what belongs to one shell or terminal is not kept, so that windows do not differ", () => {
  const one = { PATH: "/bin", HOME: "/h", PWD: "/a", OLDPWD: "/b", SHLVL: "2", _: "/bin/procs" };
  const two = { HOME: "/h", PATH: "/bin", PWD: "/c", PROCS_FILE: "x", COLUMNS: "80" };
  expect(keptAmbient(one)).toEqual({ HOME: "/h", PATH: "/bin" });
  expect(JSON.stringify(keptAmbient(two))).toBe(JSON.stringify(keptAmbient(one)));
});

test("inherit_env: all, nothing, or the named ones", () => {
  const ambient = { HOME: "/h", PATH: "/bin" };
  const inherits = (inherit_env: boolean | readonly string[]) =>
    inheritedBy(service("a", { inherit_env }), ambient);
  expect(inherits(true)).toEqual(ambient);
  expect(inherits(false)).toEqual({});
  expect(inherits(["PATH", "NOPE"])).toEqual({ PATH: "/bin" });
});
