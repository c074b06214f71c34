import { describe, expect, test } from "vitest";
import { withIntent, withRestart } from "../../src/core/desired.ts";
import { changeSince } from "../../src/core/outcome.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { wanting } from "../rig/plans.ts";
import { service } from "../rig/specs.ts";
import { Story } from "../rig/story.ts";

const needsReady = { condition: "ready", restart: false, required: true } as const;
const http = { kind: "http", url: "/health" } as const;
const ready = { check: http, interval: 1000, timeout: 60_000, failures: 3 };
const { restart, rollout } = service("worker");
const schedule = { cron: "0 3 * * *", timezone: null, overlap: "skip", missed: "run" } as const;

describe("up", () => {
  test("is pending until all instances are ready", () => {
    const story = new Story(wanting(service("api", { instances: 2 })));
    expect(story.verdict("api")).toBe("pending: 0 of 2 ready");
    story.getsReady("api", 1);
    expect(story.verdict("api")).toBe("pending: 1 of 2 ready");
    story.getsReady("api", 2);
    expect(story.verdict("api")).toBe("ok ready");
  });

  test("has failed with the first crash before ready, until it is ready after all", () => {
    const story = new Story(wanting(service("worker")));
    story.starts("worker");
    story.pass(400);
    story.ends("worker", 1);
    expect(story.verdict("worker")).toBe(
      "failed crashed: exit 1 after 0.4s, retry 1 of 10 in 0.1s",
    );
    story.pass(100);
    expect(story.verdict("worker")).toBe("failed crashed: crashed once, run 2 starts");
    story.getsReady("worker", 1, 2);
    expect(story.verdict("worker")).toBe("ok ready");
  });

  test("has failed when it gave up, and names the instance of several", () => {
    const api = service("api", { instances: 2, restart: { ...restart, max: 2 } });
    const story = new Story(wanting(api));
    story.getsReady("api", 1);
    for (const run of [1, 2]) {
      story.starts("api", 2, run);
      story.pass(400);
      story.ends("api", 1, 2, run);
      story.pass(600);
    }
    expect(story.verdict("api")).toBe(
      "failed: api.2: gave up after 2 crashes in 1s: exit 1 after 0.4s",
    );
  });

  test("has failed when it is not ready in time", () => {
    const story = new Story(wanting(service("api", { ready })));
    story.starts("api");
    story.probes("api", false, "GET :3000/health refused");
    story.pass(59_999);
    expect(story.verdict("api")).toBe("pending: starting");
    story.pass(1);
    expect(story.verdict("api")).toBe(
      "failed unready: not ready after 60s: GET :3000/health refused",
    );
  });

  test("has failed when what it needs has", () => {
    const worker = service("worker", { restart: { ...restart, policy: "never" } });
    const web = service("web", { depends_on: { worker: needsReady } });
    const story = new Story(wanting(worker, web));
    expect(story.verdict("web")).toBe("pending: waits for worker");
    story.ends("worker", { kind: "spawn", message: "no such program: nod" });
    expect(story.verdict("worker")).toBe("failed: could not start: no such program: nod");
    expect(story.verdict("web")).toBe("failed: waits for worker, which failed");
  });
});

describe("tasks", () => {
  test("are done with exit 0 only", () => {
    const story = new Story(
      wanting(service("a", { kind: "task" }), service("b", { kind: "task" })),
    );
    story.starts("a");
    story.starts("b");
    expect(story.verdict("a")).toBe("pending: runs");
    story.pass(1100);
    story.ends("a", 0);
    story.ends("b", 3);
    expect(story.verdict("a")).toBe("ok done: done in 1.1s");
    expect(story.verdict("b")).toBe("failed: exit 3 after 1.1s");
  });

  test("with a schedule need not run at all", () => {
    const story = new Story(wanting(service("backup", { kind: "task", schedule })));
    expect(story.verdict("backup")).toBe("ok waiting");
    story.hear({ kind: "scheduled", service: "backup", at: story.now + 5000 });
    expect(story.verdict("backup")).toBe("ok waiting: next run in 5s");
    story.pass(5000);
    expect(story.verdict("backup")).toBe("ok waiting: runs now");
  });

  test("a service that may end by itself is done when it does", () => {
    const policy = { ...restart, policy: "on-failure" } as const;
    const story = new Story(wanting(service("once", { restart: policy })));
    story.getsReady("once");
    story.ends("once", 0);
    expect(story.verdict("once")).toBe("ok done");
  });
});

describe("stop and down", () => {
  test("are over when the last instance is gone", () => {
    const story = new Story(wanting(service("api", { instances: 2 })));
    for (const slot of [1, 2]) story.getsReady("api", slot);
    story.want(withIntent(story.supervisor.desired, "api", { stopped: true }));
    story.ends("api", 0, 1);
    story.pass(2000);
    expect(story.verdict("api")).toBe("pending: for 2s, up to 10s");
    story.ends("api", 0, 2);
    expect(story.verdict("api")).toBe("ok stopped");
    story.want(wanting());
    expect(story.verdict("api")).toBe("ok removed");
  });

  test("fewer instances are there when the others are gone", () => {
    const story = new Story(wanting(service("api", { instances: 2 })));
    for (const slot of [1, 2]) story.getsReady("api", slot);
    story.want(withIntent(story.supervisor.desired, "api", { scale: 1 }));
    expect(story.verdict("api")).toBe("pending: for 0ms, up to 10s");
    story.ends("api", 0, 2);
    expect(story.verdict("api")).toBe("ok ready");
  });
});

describe("reload", () => {
  const api = service("api", { reload: "rolling", ready });
  const next = { ...api, command: "x" };

  function up(spec: ServiceSpec) {
    const story = new Story(wanting(spec));
    story.starts("api");
    story.probes("api", true, "200");
    return story;
  }

  test("is over when the new one is ready and the old one is gone", () => {
    const story = up(api);
    story.want(wanting(next));
    story.starts("api", 1, 2);
    expect(story.verdict("api")).toBe("pending: 0 of 1 replaced");
    story.probes("api", true, "200");
    expect(story.verdict("api")).toMatch(/^pending/);
    story.ends("api", 0, 1, 1);
    expect(story.verdict("api")).toBe("ok ready");
  });

  test("has failed when it went back, once all is as it was", () => {
    const story = up(api);
    story.want(wanting(next));
    story.starts("api", 1, 2);
    story.pass(60_000);
    expect(story.verdict("api")).toMatch(/^pending: rolling back: new api.1 not ready after/);
    story.ends("api", 0, 1, 2);
    expect(story.verdict("api")).toMatch(/^failed rolled_back: new api.1 not ready after/);
    story.want(wanting({ ...api, description: "same" }));
    expect(story.verdict("api")).toBe("ok ready");
  });

  test("has failed when it is paused", () => {
    const paused = { ...rollout, on_failure: "pause" } as const;
    const story = up({ ...api, rollout: paused });
    story.want(wanting({ ...next, rollout: paused }));
    story.starts("api", 1, 2);
    story.ends("api", 1, 1, 2);
    expect(story.verdict("api")).toBe("failed: new api.1 ended before it was ready");
  });

  test("an edit that touches no process is over at once", () => {
    const story = up(api);
    story.want(wanting({ ...api, description: "the API" }));
    expect(story.verdict("api")).toBe("ok ready");
  });
});

describe("what changed", () => {
  function changed(edit: (story: Story) => void): string {
    const story = new Story(wanting(service("api", { instances: 2 }), service("db")));
    for (const slot of [1, 2]) story.getsReady("api", slot);
    const before = story.supervisor.observed;
    edit(story);
    return changeSince(before, story.supervisor.observed, "api");
  }
  const edited = (keys: Parameters<typeof service>[1]) => (story: Story) =>
    story.want(wanting(service("api", { instances: 2, ...keys }), service("db")));

  test("nothing, settings, the number, the processes", () => {
    expect(changed(() => {})).toBe("unchanged");
    expect(changed(edited({ description: "x" }))).toBe("updated");
    expect(changed(edited({ instances: 3 }))).toBe("scaled");
    const restarted = (story: Story) => {
      story.want(withRestart(story.supervisor.desired, "api", "restart asked"));
      story.ends("api", 0, 1);
      story.getsReady("api", 1, 2);
    };
    expect(changed(restarted)).toBe("replaced");
  });

  test("a first start", () => {
    const story = new Story(wanting(service("api")));
    const before = new Story(wanting()).supervisor.observed;
    expect(changeSince(before, story.supervisor.observed, "api")).toBe("started");
  });
});
