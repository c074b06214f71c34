import { expect, test } from "vitest";
import { paintFor } from "../../src/cli/paint.ts";
import { renderStatus, type StatusFacts } from "../../src/cli/render-status.ts";
import { displayWidth } from "../../src/cli/width.ts";
import { NOW, SERVICES, serviceStatus } from "./statuses.ts";

const facts = (name: string): StatusFacts => ({
  service: SERVICES.find((service) => service.name === name) ?? serviceStatus(),
  others: { redis: "ready", migrate: "done" },
  history: [],
  lastLines: [],
});

const screen = (width: number, ascii = false) => ({
  width,
  paint: paintFor(false),
  ascii,
  nowMs: NOW,
});

const text = (lines: readonly string[]) => `\n${lines.join("\n")}\n`;

test("a service is shown on one screen", () => {
  expect(text(renderStatus(facts("api"), screen(80)))).toBe(`
api  ready  2 of 2                                                  procs.yaml:5
  command    node dist/api.js   in /shop
  url        http://localhost:3000   ready when http /health
  waits for  redis ready (ready), migrate done (done)
  needed by  web
  by hand    scaled to 2, the file says 1: procs reload --reset-scale goes back
  instance   state      pid  up  cpu    mem  run
  api.1      ready     4121  3m   2%  66 MB    4
  api.2      stopping  4160  3m   2%  65 MB    3  older revision
`);
});

test("connections, what drains, and the process that accepts", () => {
  const [first, second] = facts("api").service.instances;
  if (first === undefined || second === undefined) throw new Error("api has two instances");
  const service = {
    ...facts("api").service,
    where: ":3000",
    probe: null,
    by_hand: { stopped: false, scale: null, file_instances: 2 },
    connections: 14,
    instances: [
      { ...first, connections: 2 },
      { ...second, connections: 12, detail: "draining, 12 connections, up to 30s" },
    ],
    proxy: { ...first, pid: 4100, memory_bytes: 48 * 1024 * 1024 },
  };
  expect(text(renderStatus({ ...facts("api"), service }, screen(120)).slice(2))).toBe(`
  port       :3000   14 connections
  waits for  redis ready (ready), migrate done (done)
  needed by  web
  instance   state      pid  up  cpu    mem  run  conn
  api.1      ready     4121  3m   2%  66 MB    4     2
  api.2      stopping  4160  3m   2%  65 MB    3    12  older revision, draining, 12 connections, up to 30s
  proxy      ready   pid 4100   up 3m   48 MB   logs: procs logs api:proxy
`);
});

test("a failed one says how it ended", () => {
  expect(text(renderStatus(facts("worker"), screen(80)))).toBe(`
worker  gave up  0 of 1  exit 1, 2m ago                             procs.yaml:5
  command    node server.js   in /shop
  last exit  exit 1, 2m ago (worker.1, run 11)
`);
});

test("history and last lines come last", () => {
  const time = new Date(2026, 2, 1, 12, 1, 2);
  const lines = renderStatus(
    {
      ...facts("redis"),
      history: [
        { v: 1, kind: "event", seq: 1, time: time.toISOString(), type: "state", message: "ready" },
      ],
      lastLines: [{ name: "redis.1", timeMs: time.getTime(), text: "Ready to\x1b[2J accept" }],
    },
    { ...screen(80, true), nowMs: time.getTime() },
  );
  expect(text(lines.slice(-3))).toBe(`
  history    12:01:02 ready
  last lines
    12:01:02 redis.1 | Ready to accept
`);
});

test.each([40, 60, 80, 120])("nothing but a long word is wider than %i columns", (width) => {
  for (const { name } of SERVICES) {
    for (const line of renderStatus(facts(name), screen(width))) {
      expect(displayWidth(line)).toBeLessThanOrEqual(width);
    }
  }
});
