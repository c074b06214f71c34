import { expect, test } from "vitest";
import { withIntent, withRestart } from "../../src/core/desired.ts";
import { wanting } from "../rig/plans.ts";
import { service } from "../rig/specs.ts";
import { Story } from "../rig/story.ts";

const needs = (condition: "ready" | "done") => ({ condition, restart: false, required: true });
const http = { kind: "http", url: "/health" } as const;
const ready = { check: http, interval: 1000, timeout: 60_000, failures: 3 };
const { restart } = service("worker");

test("the chain of what it waits for, down to the first cause", () => {
  const story = new Story(
    wanting(
      service("web", { depends_on: { api: needs("ready") } }),
      service("api", { depends_on: { db: needs("ready") } }),
      service("db", { ready }),
    ),
  );
  story.starts("db");
  story.pass(4000);
  story.probes("db", false, "tcp :5432 refused");
  expect(story.why("web")).toEqual([
    "web is waiting (waits for api): 0 of 1 ready.",
    "web waits until api is ready; api is waiting: waits for db.",
    "api waits until db is ready; db is starting: not yet: tcp :5432 refused.",
    "It starts after api (ready).",
  ]);
  expect(story.why("db")).toEqual([
    "db is starting (not yet: tcp :5432 refused): 0 of 1 ready.",
    "db.1 (run 1) has run for 4s, pid 1101, not ready yet: tcp :5432 refused.",
    "It is needed by api.",
  ]);
});

test("what runs, and since when", () => {
  const story = new Story(wanting(service("api", { instances: 2 })));
  for (const slot of [1, 2]) story.getsReady("api", slot);
  story.want(withIntent(withRestart(story.supervisor.desired, "api", "restart asked"), "api", {}));
  expect(story.why("api")).toContain("It was last restarted because: restart asked.");
  expect(story.why("api")).toContain("api.2 (run 1) has been ready for 0ms, pid 1201.");
});

test("why it does not run", () => {
  const story = new Story({
    ...withIntent(
      withIntent(
        wanting(
          service("hand"),
          service("dev", { profiles: ["dev"] }),
          service("off", { enabled: false }),
          service("none", { instances: 0 }),
          service("some"),
        ),
        "hand",
        { stopped: true },
      ),
      "some",
      { scale: 0 },
    ),
  });
  expect(story.why("hand")).toEqual([
    "hand does not run: it was stopped by hand, and stays so across reloads.",
    "procs start hand ends that.",
  ]);
  expect(story.why("dev")).toEqual([
    "dev does not run: profile dev is not selected. procs up --profile dev selects it.",
  ]);
  expect(story.why("off")).toEqual(["off does not run: procs.yaml says enabled: false."]);
  expect(story.why("none")).toEqual(["none does not run: procs.yaml says instances: 0."]);
  expect(story.why("some")).toEqual([
    "some does not run: it was scaled to 0 by hand; procs.yaml says 1.",
  ]);
  expect(story.why("nobody")).toEqual(["nobody does not run: procs.yaml has no such service."]);
});

test("why procs gave up, and what to do", () => {
  const story = new Story(wanting(service("worker", { restart: { ...restart, max: 2 } })));
  for (const run of [1, 2]) {
    story.starts("worker", 1, run);
    story.pass(400);
    story.ends("worker", 1, 1, run);
    story.pass(2000);
  }
  expect(story.why("worker")).toEqual([
    "worker was given up (exit 1, 2s ago): 0 of 1 ready.",
    "worker.1 (run 2) ended 2s ago: exit 1 after 0.4s; after 2 crashes in 2.4s procs gave up: 2 exits in 1m are the limit (restart.max, restart.window). procs start worker tries again.",
  ]);
});

test("what a failed rollout means", () => {
  const api = service("api", { reload: "rolling" });
  const story = new Story(wanting(api));
  story.getsReady("api");
  story.want(wanting({ ...api, command: "x" }));
  story.starts("api", 1, 2);
  story.ends("api", 1, 1, 2);
  story.pass(3000);
  expect(story.why("api").slice(0, 3)).toEqual([
    "api is ready (rolled back: new api.1 ended before it was ready): 1 of 1 ready.",
    "What procs.yaml says now failed its rollout 3s ago: new api.1 ended before it was ready. It went back to the version before.",
    "It is tried again when procs.yaml changes, or by: procs restart api.",
  ]);
});

test("a task that is done says so", () => {
  const story = new Story(wanting(service("migrate", { kind: "task" })));
  story.starts("migrate");
  story.pass(1100);
  story.ends("migrate", 0);
  story.pass(5000);
  expect(story.why("migrate")).toEqual([
    "migrate is done (exit 0, 5s ago).",
    "migrate.1 (run 1) ended as it should 5s ago: exit 0 after 1.1s.",
  ]);
});
