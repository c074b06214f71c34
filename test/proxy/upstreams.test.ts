import { expect, test } from "vitest";
import type { ProxyTable, ProxyUpstream } from "../../src/control/proxying.ts";
import { Upstreams } from "../../src/proxy/upstreams.ts";

function table(
  slots: Readonly<Record<string, ProxyUpstream["state"]>>,
  sticky = false,
): ProxyTable {
  const upstreams = Object.entries(slots).map(([key, state]) => {
    const [slot, run] = key.split(".").map(Number);
    return { slot: slot ?? 0, run: run ?? 0, port: 1, path: null, state };
  });
  const facts = {
    hopeless: false,
    accepts: true,
    proxy_protocol: false,
    hold_ms: 1,
    drain_ms: 1,
    sticky,
  };
  return { v: 1, kind: "table", service: "api", upstreams, ...facts };
}

const CLIENTS = Array.from({ length: 1_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);

function owners(upstreams: Upstreams): readonly string[] {
  return CLIENTS.map((source) => upstreams.pick(source, null, 0, false)?.key ?? "nobody");
}

test("who has the fewest connections takes the next, and equals take turns", () => {
  const upstreams = new Upstreams();
  upstreams.take(table({ "1.1": "ready", "2.1": "ready", "3.1": "ready" }));
  for (let i = 0; i < 30; i++) {
    const one = upstreams.pick("", null, 0, false);
    if (one !== null) one.connections += 1;
  }
  expect(upstreams.all.map((one) => one.connections)).toEqual([10, 10, 10]);
  const [first] = upstreams.all;
  if (first !== undefined) first.connections = 2;
  const next = Array.from({ length: 3 }, () => upstreams.pick("", null, 0, false)?.key);
  expect(next).toEqual(["1.1", "1.1", "1.1"]);
});

test("one that drains, and one that refused lately, get none while another is there", () => {
  const upstreams = new Upstreams();
  upstreams.take(table({ "1.1": "draining", "2.1": "ready", "3.1": "ready" }));
  const second = upstreams.all[1];
  if (second !== undefined) upstreams.suspect(second, 0);
  const at = (now: number) =>
    new Set([1, 2, 3, 4].map(() => upstreams.pick("", null, now, false)?.key));
  expect(at(500)).toEqual(new Set(["3.1"]));
  expect(at(1_500)).toEqual(new Set(["2.1", "3.1"]));
});

test("nobody ready: nobody takes it, but for one that drains where the proxy leaves", () => {
  const upstreams = new Upstreams();
  upstreams.take(table({ "1.1": "draining" }));
  expect(upstreams.pick("", null, 0, false)).toBeNull();
  expect(upstreams.pick("", null, 0, true)?.key).toBe("1.1");
});

test("a table says who begins to drain, and keeps the counts of those that stay", () => {
  const upstreams = new Upstreams();
  upstreams.take(table({ "1.1": "ready", "2.1": "ready" }));
  for (const one of upstreams.all) one.connections = 3;
  const leaving = upstreams.take(table({ "1.1": "draining", "2.1": "ready", "1.2": "ready" }));
  expect(leaving.map(({ key }) => key)).toEqual(["1.1"]);
  expect(upstreams.all.map((one) => one.connections)).toEqual([3, 3, 0]);
  expect(upstreams.drained()).toEqual([]);
  for (const one of leaving) one.connections = 0;
  expect(upstreams.drained().map(({ key }) => key)).toEqual(["1.1"]);
});

test("sticky: a client keeps its instance, and a table that changes moves no more than it must", () => {
  const upstreams = new Upstreams();
  upstreams.take(table({ "1.1": "ready", "2.1": "ready", "3.1": "ready", "4.1": "ready" }, true));
  const before = owners(upstreams);
  for (const key of ["1.1", "2.1", "3.1", "4.1"]) {
    const share = before.filter((owner) => owner === key).length;
    expect(share).toBeGreaterThan(180);
    expect(share).toBeLessThan(320);
  }
  upstreams.take(
    table({ "1.1": "ready", "2.1": "draining", "3.1": "ready", "4.1": "ready" }, true),
  );
  const without = owners(upstreams);
  const moved = before.filter((owner, index) => owner !== without[index]);
  expect(new Set(moved)).toEqual(new Set(["2.1"]));
  upstreams.take(table({ "1.1": "ready", "2.2": "ready", "3.1": "ready", "4.1": "ready" }, true));
  expect(owners(upstreams).map((owner) => owner[0])).toEqual(before.map((owner) => owner[0]));
});
