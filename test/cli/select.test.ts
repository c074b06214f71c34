import { describe, expect, test } from "vitest";
import { type Selectable, select, selectServices } from "../../src/cli/select.ts";
import { UserError } from "../../src/errors.ts";

const services: readonly Selectable[] = [
  { name: "redis", labels: {} },
  { name: "api", labels: { tier: "back" } },
  { name: "web", labels: { tier: "front" } },
  { name: "web-admin", labels: { tier: "front", internal: "" } },
  { name: "worker", labels: { tier: "back" } },
];

function chosen(...words: string[]): string {
  return select(words, services)
    .targets.map((target) =>
      target.instance === null ? target.service : `${target.service}.${target.instance}`,
    )
    .join(" ");
}

function refused(...words: string[]): string {
  try {
    select(words, services);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const [first] = error.diagnostics;
    return [`${error.exitCode} ${first?.code}: ${first?.message}`, ...(first?.help ?? [])].join(
      "\n",
    );
  }
  throw new Error("it was not refused");
}

describe("what is selected", () => {
  test.each([
    [["api"], "api"],
    [["worker", "api"], "api worker"],
    [["api", "api"], "api"],
    [["api.2"], "api.2"],
    [["api.2", "api.1"], "api.1 api.2"],
    [["api.2", "api"], "api"],
    [["web*"], "web web-admin"],
    [["w?b"], "web"],
    [["all"], "redis api web web-admin worker"],
    [["!worker"], "redis api web web-admin"],
    [["all", "!web*"], "redis api worker"],
    [["@tier"], "api web web-admin worker"],
    [["@tier=back"], "api worker"],
    [["@tier", "!@internal"], "api web worker"],
    [["api.1", "api.2", "!api.1"], "api.2"],
  ])("%j selects %s", (words, expected) => {
    expect(chosen(...words)).toBe(expected);
  });

  test("a service called all is that service", () => {
    expect(select(["all"], [...services, { name: "all", labels: {} }]).services).toEqual(["all"]);
  });
});

describe("what is refused, with exit 2", () => {
  test("an id", () => {
    expect(refused("0")).toBe(
      "2 P805: procs uses names, not ids: redis, api, web, web-admin, worker",
    );
  });

  test("an unknown name, with the nearest one", () => {
    expect(refused("apii")).toBe(
      '2 P804: no service is called "apii"\na service with a similar name exists: api',
    );
  });

  test("an unknown name with nothing near, with the list", () => {
    expect(refused("database")).toBe(
      '2 P804: no service is called "database"\nthe services are: redis, api, web, web-admin, worker',
    );
  });

  test("a pattern and a label that match nothing", () => {
    expect(refused("db*")).toContain('no service matches "db*"');
    expect(refused("@nope")).toBe(
      '2 P804: no service has the label "nope"\nthe labels are: tier, internal',
    );
  });

  test("exceptions that leave nothing", () => {
    expect(refused("api", "!api")).toContain("nothing is left to do: api !api leaves no service");
  });

  test("an instance of an unknown service, and instance 0", () => {
    expect(refused("apu.1")).toContain('no service is called "apu.1"');
    expect(refused("api.0")).toContain("instances count from 1: api.1");
  });

  test("an instance where only whole services make sense", () => {
    expect(() => selectServices(["api.2"], services, "restart")).toThrow(
      "procs restart works on whole services, and api.2 is one instance",
    );
  });
});
