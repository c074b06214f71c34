import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { classOfKey, FILE_KEY_CLASS, isSpecKey, KEY_CLASS } from "../../src/core/classes.ts";
import { diffSpecs } from "../../src/core/diff.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { planOf, wanting } from "../rig/plans.ts";
import { listening, service } from "../rig/specs.ts";

const api = service("api", { instances: 2 });
const others = [service("db"), service("web", { depends_on: { api: needs(false) } })] as const;
const probe = { check: { kind: "notify" }, interval: 1000, timeout: 60_000, failures: 3 } as const;
const schedule = { cron: "0 3 * * *", timezone: null, overlap: "skip", missed: "run" } as const;

function needs(restart: boolean) {
  return { condition: "started", restart, required: true } as const;
}

/** Another value for each key: a key without one does not compile. */
const OTHER: { readonly [K in keyof ServiceSpec]: Pick<ServiceSpec, K> } = {
  name: { name: "api" },
  listen: { listen: listening() },
  helps: { helps: "web" },
  kind: { kind: "task" },
  description: { description: "the API" },
  command: { command: ["node", "b.js"] },
  shell: { shell: "/bin/bash" },
  cwd: { cwd: "/elsewhere" },
  env: { env: { A: "1" } },
  inherited: { inherited: { A: "1" } },
  inherit_env: { inherit_env: false },
  user: { user: "web" },
  group: { group: "web" },
  umask: { umask: 0o77 },
  nice: { nice: 5 },
  limits: { limits: { nofile: 4096 } },
  instances: { instances: 3 },
  port: { port: "auto" },
  depends_on: { depends_on: { db: needs(true) } },
  ready: { ready: probe },
  alive: { alive: probe },
  restart: { restart: { ...api.restart, max: 3 } },
  stop: { stop: { signal: "SIGINT", timeout: 5 } },
  reload: { reload: "rolling" },
  rollout: { rollout: { ...api.rollout, min_ready: 5 } },
  log: { log: { ...api.log, keep: 1 } },
  watch: { watch: { paths: ["/a"], ignore: [], debounce: 1, action: { kind: "restart" } } },
  schedule: { schedule },
  profiles: { profiles: ["dev"] },
  enabled: { enabled: false },
  was: { was: "old" },
  labels: { labels: { team: "a" } },
  success_codes: { success_codes: [0, 1] },
};

// Object.keys of a total table: its keys are those of the spec.
const keys = Object.keys(KEY_CLASS) as (keyof ServiceSpec)[];
/** What an edit of these does is not said by their class alone; each has tests of its own. */
const SPECIAL: ReadonlySet<keyof ServiceSpec> = new Set(["name", "profiles", "enabled", "helps"]);

describe("an edit of one key does what its class says, and only to its own service", () => {
  // Ambient variables come and go with inherit_env: without them the key alone changes nothing.
  const from = { ...api, inherited: { HOME: "/root" } };
  const rest = (key: keyof ServiceSpec) => (key === "inherit_env" ? { inherited: {} } : {});

  test.each(keys.filter((key) => !SPECIAL.has(key)))("%s", (key) => {
    const to = { ...from, ...OTHER[key], ...rest(key) };
    const doc = planOf(wanting(from, ...others), wanting(to, ...others));
    const [line] = doc.services;
    expect(new Set(line?.changes.map((change) => change.class))).toEqual(new Set([KEY_CLASS[key]]));
    expect(doc.services.slice(1).map((other) => other.symbol)).toEqual(["=", "="]);
    const touched = new Set(doc.steps.map((step) => step.split(" ")[0]));
    switch (KEY_CLASS[key]) {
      case "process":
        expect(line?.action).toMatch(/^(rolling_restart|stop_then_start)$/);
        expect(touched).toEqual(new Set(["stop", "start"]));
        break;
      case "topology":
        expect(line?.action).toBe(key === "instances" ? "scale" : "no_restart");
        expect(touched.has("stop")).toBe(false);
        expect(touched.has("start")).toBe(key === "instances");
        break;
      case "live":
      case "schedule":
      case "cosmetic":
        expect(line?.action).toBe("no_restart");
        expect([...touched].filter((word) => word !== "update")).toEqual([]);
    }
  });

  test("profiles and enabled decide whether it runs at all", () => {
    for (const key of ["profiles", "enabled"] as const) {
      const doc = planOf(wanting(api, ...others), wanting({ ...api, ...OTHER[key] }, ...others));
      expect(doc.services.find((line) => line.service === "api")?.action).toBe("stop");
    }
  });
});

describe("the table", () => {
  test("every key of a service in the schema has a class", () => {
    const schema = JSON.parse(readFileSync("schema/procs.schema.json", "utf8"));
    const inFile = Object.keys(schema.definitions.service.properties);
    expect(inFile.length).toBeGreaterThan(20);
    expect(inFile.filter((key) => classOfKey(key) === null)).toEqual([]);
    const known = new Set(inFile);
    // `name` is the key of the map; the supervisor fills in `inherited`, and gives services helpers.
    const internal = new Set(["name", "inherited", "helps"]);
    expect(keys.filter((key) => !known.has(key) && !internal.has(key))).toEqual([]);
    expect(Object.keys(FILE_KEY_CLASS).filter((key) => !known.has(key))).toEqual([]);
  });

  test("no key is in both tables, and other words have no class", () => {
    expect(Object.keys(FILE_KEY_CLASS).filter(isSpecKey)).toEqual([]);
    expect([classOfKey("instnaces"), classOfKey("toString")]).toEqual([null, null]);
  });

  test("every key is compared: no edit goes unseen", () => {
    for (const key of keys.filter((one) => one !== "name")) {
      const changes = diffSpecs(api, { ...api, ...OTHER[key] });
      expect(new Set(changes.map((change) => change.path.split(".")[0]))).toEqual(new Set([key]));
    }
  });
});
