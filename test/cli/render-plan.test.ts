import { describe, expect, test } from "vitest";
import { paintFor } from "../../src/cli/paint.ts";
import { type PlanScreen, renderPlan } from "../../src/cli/render-plan.ts";
import { displayWidth, stripStyle } from "../../src/cli/width.ts";
import type { Change, PlanDoc, PlanService } from "../../src/core/plan-doc.ts";

const change = (
  path: string,
  from: string | null,
  to: string | null,
  at: string | null,
): Change => {
  const [file = "", line = "0"] = at?.split(":") ?? [];
  return {
    path,
    from,
    to,
    redacted: from === null && to === null,
    class: "process",
    source: at === null ? null : { file, line: Number(line) },
  };
};

const service = (
  name: string,
  symbol: PlanService["symbol"],
  words: string,
  more: Partial<PlanService> = {},
): PlanService => ({
  service: name,
  symbol,
  action: "none",
  words,
  downtime: "none",
  reason: null,
  instances: { from: 1, to: 1 },
  changes: [],
  notes: [],
  ...more,
});

const PLAN: PlanDoc = {
  id: "7f3a91c2",
  project: "shop",
  changed: true,
  summary: { add: 1, change: 3, remove: 1, unchanged: 2 },
  services: [
    service("api", "~", "rolling restart, 2 -> 3 instances, no downtime", {
      changes: [
        change("env.PORT", "3000", "4000", "procs.yaml:9"),
        change("env.API_KEY", null, null, ".env:4"),
        change("instances", "2", "3", "procs.yaml:7"),
      ],
    }),
    service("worker", "~", "no restart needed", {
      changes: [change("log.max_size", "10MB", "50MB", "procs.yaml:31")],
    }),
    service("db", "-/+", "stop, then start: about 2s of downtime, because it holds :5432 alone", {
      changes: [change("command", "postgres", "postgres -c max_connections=200", null)],
    }),
    service("mailer", "+", "start"),
    service("legacy", "-", "stop (SIGTERM, up to 10s), 1 instance runs"),
    service("web", "=", "unchanged"),
    service("cron", "=", "unchanged", {
      notes: ["stopped by hand, left alone (procs start cron)"],
    }),
  ],
  steps: ["start mailer.1#1: missing"],
};

const screen = (width: number, change: Partial<PlanScreen> = {}): PlanScreen => ({
  width,
  paint: paintFor(false),
  ascii: false,
  full: false,
  ...change,
});

const text = (plan: PlanDoc, settings: PlanScreen) =>
  `\n${renderPlan(plan, "procs.yaml", settings).join("\n")}\n`;

describe("a plan", () => {
  test("at 80 columns names each change with its source", () => {
    expect(text(PLAN, screen(80))).toBe(`
procs.yaml against what runs: 1 to add, 3 to change, 1 to remove, 2 unchanged

  ~ api      rolling restart, 2 -> 3 instances, no downtime
      env.PORT             3000 -> 4000            procs.yaml:9
      env.API_KEY          secret changed          .env:4
      instances            2 -> 3                  procs.yaml:7
  ~ worker   no restart needed
      log.max_size         10MB -> 50MB            procs.yaml:31
-/+ db       stop, then start: about 2s of downtime, because it holds :5432
        alone
      command              postgres -> postgres -c max_connections=200
  + mailer   start
  - legacy   stop (SIGTERM, up to 10s), 1 instance runs
  = cron     stopped by hand, left alone (procs start cron)
`);
  });

  test("at 40 columns puts from, to and source one under the other", () => {
    expect(text(PLAN, screen(40))).toBe(`
procs.yaml against what runs: 1 to add,
  3 to change, 1 to remove, 2 unchanged

  ~ api      rolling restart, 2 -> 3
        instances, no downtime
      env.PORT
        3000
        -> 4000
        procs.yaml:9
      env.API_KEY
        secret changed
        .env:4
      instances
        2
        -> 3
        procs.yaml:7
  ~ worker   no restart needed
      log.max_size
        10MB
        -> 50MB
        procs.yaml:31
-/+ db       stop, then start: about 2s
        of downtime, because it holds
        :5432 alone
      command
        postgres
        -> postgres -c max_connections=…
  + mailer   start
  - legacy   stop (SIGTERM, up to 10s),
        1 instance runs
  = cron     stopped by hand, left alone
        (procs start cron)
`);
  });

  test("with --full shows what stays and the steps", () => {
    const full = text(PLAN, screen(80, { full: true }));
    expect(full).toContain("  = web      unchanged\n");
    expect(full).toContain("\nSteps\n  start mailer.1#1: missing\n");
  });

  test("without changes is one line", () => {
    const plan = { ...PLAN, changed: false, services: [service("api", "=", "unchanged")] };
    const summary = { add: 0, change: 0, remove: 0, unchanged: 6 };
    expect(text({ ...plan, summary }, screen(80))).toBe(`
Nothing to do: 6 services match procs.yaml
`);
  });

  test("never shows an escape sequence that a value holds", () => {
    const odd = service("api", "~", "restart", {
      changes: [change("command", "a\x1b[2Jb", "c\nd", "procs.yaml:3")],
    });
    expect(text({ ...PLAN, services: [odd] }, screen(80))).toContain("ab -> c d ");
  });

  test.each([40, 60, 80, 120])("fits %i columns, coloured or not, ASCII or not", (width) => {
    for (const on of [true, false]) {
      for (const ascii of [true, false]) {
        const lines = renderPlan(PLAN, "procs.yaml", screen(width, { paint: paintFor(on), ascii }));
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        if (!on) expect(lines.join("")).toBe(stripStyle(lines.join("")));
        if (ascii) expect(stripStyle(lines.join(""))).toMatch(/^[\x20-\x7e]*$/);
      }
    }
  });

  test("of no service and of a hundred services keeps its form", () => {
    const none = { ...PLAN, services: [], changed: false };
    expect(renderPlan(none, "procs.yaml", screen(80))).toHaveLength(1);
    const many = Array.from({ length: 100 }, (_, n) => service(`s${n}`, "+", "start"));
    expect(renderPlan({ ...PLAN, services: many }, "procs.yaml", screen(80))).toHaveLength(102);
  });
});
