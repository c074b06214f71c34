import { expect, test } from "vitest";
import type { ProxyTable } from "../../src/control/proxying.ts";
import { NOTHING, withIntent, withRestart } from "../../src/core/desired.ts";
import { withHelpers } from "../../src/core/helpers.ts";
import { projectPaths } from "../../src/paths.ts";
import { Proxies } from "../../src/supervisor/proxies.ts";
import { listening, service, services } from "../rig/specs.ts";
import { Story } from "../rig/story.ts";

const PATHS = projectPaths("/nowhere/shop", { PROCS_STATE_DIR: "/nowhere/state" }, 0);
const API = service("api", {
  listen: listening(3000, { mode: "proxy", drain: 60_000 }),
  port: "auto",
  ready: {
    check: { kind: "tcp", host: null, port: null },
    ...{ interval: 1_000, timeout: 30_000, failures: 3 },
  },
});

/** A service with one instance and its proxy, both ready, and a proxy that listens for its table. */
function shop() {
  const story = new Story({ ...NOTHING, services: withHelpers(services(API)) });
  story.hear({ kind: "bound", service: "api:proxy", address: ":3000" });
  starts(story, 1);
  story.starts("api:proxy");
  story.hear(probed("api:proxy", 1));
  story.hear(probed("api", 1));
  const proxies = new Proxies(PATHS, () => story.supervisor);
  const tables: ProxyTable[] = [];
  const leave = proxies.listen("api", 7, (table) => tables.push(table));
  const last = () =>
    tables.at(-1)?.upstreams.map(({ slot, run, state }) => `${slot}.${run} ${state}`);
  return { story, proxies, tables, last, leave };
}

function starts(story: Story, run: number): void {
  const id = { service: "api", slot: 1, run };
  story.hear({ kind: "started", id, pid: 100 + run, port: 4_000 + run });
}

function probed(name: string, run: number) {
  const id = { service: name, slot: 1, run };
  return { kind: "probed", id, probe: "ready", ok: true, detail: "open" } as const;
}

/** Whether it has resolved by now. */
async function isOver(promise: Promise<void>): Promise<boolean> {
  const later = new Promise<boolean>((done) => setImmediate(() => done(false)));
  return Promise.race([promise.then(() => true), later]);
}

const OLD = { service: "api", slot: 1, run: 1 };

test("a proxy is told who is ready, at once and whenever that changes, and nothing twice", () => {
  const { story, proxies, tables, last } = shop();
  expect(tables).toHaveLength(1);
  expect(tables[0]).toMatchObject({ hopeless: false, hold_ms: 30_000, drain_ms: 60_000 });
  expect(tables[0]?.upstreams).toMatchObject([{ slot: 1, run: 1, port: 4_001, path: null }]);
  proxies.look();
  expect(tables).toHaveLength(1);
  story.want(withRestart(story.supervisor.desired, "api", "restart asked", true));
  starts(story, 2);
  proxies.look();
  expect(last()).toEqual(["1.1 ready"]);
  story.hear(probed("api", 2));
  proxies.look();
  expect(last()).toEqual(["1.1 draining", "1.2 ready"]);
  story.ends("api", 0, 1, 1);
  proxies.look();
  expect(last()).toEqual(["1.2 ready"]);
});

test("an instance is drained when each proxy that listens has said so", async () => {
  const { story, proxies } = shop();
  const second = proxies.listen("api", 8, () => {});
  story.want(withRestart(story.supervisor.desired, "api", "restart asked", true));
  starts(story, 2);
  story.hear(probed("api", 2));
  const drain = proxies.drain(OLD, API, new AbortController().signal);
  proxies.drained({ service: "api", proxy: 7, instances: [{ slot: 1, run: 1 }] });
  expect(await isOver(drain)).toBe(false);
  proxies.drained({ service: "api", proxy: 8, instances: [{ slot: 1, run: 2 }] });
  expect(await isOver(drain)).toBe(false);
  second();
  expect(await isOver(drain)).toBe(true);
});

test("a proxy that runs and is not heard of is waited for, and one that has ended is not", async () => {
  const { story, proxies, leave } = shop();
  leave();
  const drain = proxies.drain(OLD, API, new AbortController().signal);
  expect(await isOver(drain)).toBe(false);
  story.ends("api:proxy", { kind: "signal", signal: "SIGKILL" });
  proxies.look();
  expect(await isOver(drain)).toBe(true);
});

test("a drain ends at its limit, and when it is given up", async () => {
  const { proxies } = shop();
  const short = { ...API, listen: listening(3000, { mode: "proxy", drain: 20 }) };
  await proxies.drain(OLD, short, new AbortController().signal);
  const abort = new AbortController();
  const drain = proxies.drain(OLD, API, abort.signal);
  expect(await isOver(drain)).toBe(false);
  abort.abort();
  expect(await isOver(drain)).toBe(true);
});

test("there is no hope when the service is off and none of it is left", () => {
  const { story, proxies, tables } = shop();
  story.want(withIntent(story.supervisor.desired, "api", { stopped: true }));
  story.ends("api:proxy", 0);
  proxies.look();
  expect(tables.at(-1)?.hopeless).toBe(false);
  story.ends("api", 0);
  proxies.look();
  expect(tables.at(-1)).toMatchObject({ hopeless: true, upstreams: [] });
});

test("a service that is not proxied has no table", () => {
  const { proxies } = shop();
  expect(() => proxies.listen("web", 1, () => {})).toThrow('no proxied service is called "web"');
});

test("taken from behind its proxy, a service is served by it until an instance serves without", () => {
  const { story, proxies, tables, last } = shop();
  const shared = { ...API, listen: listening(), port: null };
  story.want({ ...story.supervisor.desired, services: withHelpers(services(shared)) });
  story.hear({ kind: "bound", service: "api", address: ":3000" });
  starts(story, 2);
  proxies.look();
  expect(tables.at(-1)).toMatchObject({ accepts: true, hopeless: false });
  story.hear(probed("api", 2));
  proxies.look();
  expect(tables.at(-1)?.accepts).toBe(false);
  expect(last()).toEqual(["1.1 draining"]);
  story.ends("api", 0, 1, 1);
  proxies.look();
});
