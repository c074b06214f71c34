import { describe, expect, test } from "vitest";
import { paintFor } from "../../src/cli/paint.ts";
import {
  isFine,
  PS_COLUMNS,
  PS_FIELDS,
  psColumns,
  psRows,
  psSentences,
  psSummary,
  psTable,
  type Screen,
} from "../../src/cli/render-ps.ts";
import { displayWidth, stripStyle } from "../../src/cli/width.ts";
import { NOW, SERVICES, SNAPSHOT, serviceStatus } from "./statuses.ts";

const screen = (width: number, change: Partial<Screen> = {}): Screen => ({
  width,
  paint: paintFor(false),
  ascii: false,
  nowMs: NOW,
  ...change,
});

const table = (width: number) => `\n${psTable(SERVICES, PS_COLUMNS, screen(width)).join("\n")}\n`;

describe("ps", () => {
  test("at 80 columns shows everything, and the last words of what failed", () => {
    expect(table(80)).toBe(`
SERVICE  STATE      READY  UP    RESTARTS   CPU     MEM  WHERE
redis    ready      1/1    12m          0    0%    9 MB  :6379
migrate  done       -      -            -     -       -  exit 0, 12m ago
api      ready      2/2    3m           0    4%  131 MB  http://localhost:3000
worker   gave up    0/1    -           10     -       -  exit 1, 2m ago
         Error: DATABASE_URL is not set
web      ready      1/1    12m          0    1%  210 MB  http://localhost:5173
mailer   idle       0/1    -            0     -       -  :8025 starts on connect
old      stopped    -      -            0     -       -
`);
  });

  test("has a column of connections where they can be counted", () => {
    const services = SERVICES.slice(0, 3).map((service) =>
      service.name === "api" ? { ...service, connections: 12, where: ":3000" } : service,
    );
    const lines = psTable(services, psColumns(services), screen(80));
    expect(`\n${lines.join("\n")}\n`).toBe(`
SERVICE  STATE      READY  UP    RESTARTS   CPU     MEM  CONN  WHERE
redis    ready      1/1    12m          0    0%    9 MB     -  :6379
migrate  done       -      -            -     -       -     -  exit 0, 12m ago
api      ready      2/2    3m           0    4%  131 MB    12  :3000
`);
    expect(psRows(services, ["name", "connections"])).toEqual(["redis\t", "migrate\t", "api\t12"]);
    expect(psColumns(SERVICES)).not.toContain("connections");
  });

  test("at 60 columns goes without MEM, CPU and RESTARTS", () => {
    expect(table(60)).toBe(`
SERVICE  STATE      READY  UP    WHERE
redis    ready      1/1    12m   :6379
migrate  done       -      -     exit 0, 12m ago
api      ready      2/2    3m    http://localhost:3000
worker   gave up    0/1    -     exit 1, 2m ago
         Error: DATABASE_URL is not set
web      ready      1/1    12m   http://localhost:5173
mailer   idle       0/1    -     :8025 starts on connect
old      stopped    -      -
`);
  });

  test("at 40 columns keeps service, state and readiness", () => {
    expect(table(40)).toBe(`
SERVICE  STATE      READY
redis    ready      1/1
migrate  done       -
api      ready      2/2
worker   gave up    0/1
         Error: DATABASE_URL is not set
web      ready      1/1
mailer   idle       0/1
old      stopped    -
`);
  });

  test.each([24, 40, 60, 80, 120])("fits %i columns, coloured or not", (width) => {
    for (const on of [true, false]) {
      const lines = psTable(SERVICES, PS_COLUMNS, screen(width, { paint: paintFor(on) }));
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
      expect(lines.some((line) => line !== stripStyle(line))).toBe(on);
    }
  });

  test("of no service is the heading, of a hundred a hundred rows", () => {
    expect(psTable([], PS_COLUMNS, screen(80))).toHaveLength(1);
    const many = Array.from({ length: 100 }, (_, n) => serviceStatus({ name: `service-${n}` }));
    expect(psTable(many, PS_COLUMNS, screen(80))).toHaveLength(101);
  });

  test("piped is tab-separated, with times and bytes as they are", () => {
    expect(psRows(SERVICES, PS_FIELDS)[2]?.replaceAll("\t", "|")).toBe(
      "api|ready|2|2|2026-03-01T12:01:31.000Z|0|4.1|137363456|http://localhost:3000",
    );
    expect(psRows(SERVICES, PS_FIELDS)[3]?.replaceAll("\t", "|")).toBe(
      "worker|failed|0|1||10|||exit 1",
    );
  });

  test("for a screen reader is sentences", () => {
    expect(psSentences(SERVICES, NOW).slice(0, 4)).toEqual([
      "redis: ready, 1 of 1, up 12m, :6379",
      "migrate: done, exit 0, 12m ago",
      "api: ready, 2 of 2, up 3m, http://localhost:3000",
      "worker: gave up, 0 of 1, exit 1, 2m ago",
    ]);
  });

  test("sums up what is fine and what the file says beyond", () => {
    expect(psSummary(SNAPSHOT)).toBe("5 of 7 fine. procs.yaml has 2 edits not applied: procs plan");
    expect(psSummary({ ...SNAPSHOT, drift: { changed: false, edits: 0, plan: "" } })).toBe(
      "5 of 7 fine.",
    );
    expect(psSummary({ ...SNAPSHOT, drift: null })).toBe(
      "5 of 7 fine. procs.yaml is not valid now: procs validate",
    );
    expect(psSummary({ ...SNAPSHOT, supervisor: null })).toBe("not running: procs up");
  });

  test("what was not selected is not counted", () => {
    const left = serviceStatus({ state: "stopped", detail: "not selected", ready: 0 });
    const services = [serviceStatus({}), left];
    expect(isFine(left)).toBe(true);
    expect(isFine({ ...left, detail: "stopped by hand" })).toBe(false);
    const drift = { changed: false, edits: 0, plan: "0" };
    expect(psSummary({ ...SNAPSHOT, services, drift })).toBe("1 of 1 fine.");
  });

  test("a rolling service is fine while somebody is ready", () => {
    expect(isFine(serviceStatus({ state: "reloading", ready: 1 }))).toBe(true);
    expect(isFine(serviceStatus({ state: "reloading", ready: 0 }))).toBe(false);
  });
});
