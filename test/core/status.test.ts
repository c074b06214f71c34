import { describe, expect, test } from "vitest";
import { withIntent } from "../../src/core/desired.ts";
import { observe } from "../../src/core/observe.ts";
import { serviceState } from "../../src/core/status.ts";
import { wanting } from "../rig/plans.ts";
import { service } from "../rig/specs.ts";
import { Story } from "../rig/story.ts";

const needsReady = { condition: "ready", restart: false, required: true } as const;
const http = { kind: "http", url: "/health" } as const;
const ready = { check: http, interval: 1000, timeout: 60_000, failures: 3 };
const { restart } = service("worker");
const schedule = { cron: "0 3 * * *", timezone: null, overlap: "skip", missed: "run" } as const;

describe("a service on its way up", () => {
  test("waits for a dependency, starts, is ready after a second", () => {
    const story = new Story(
      wanting(service("db"), service("api", { depends_on: { db: needsReady } })),
    );
    expect(story.state("api")).toBe("waiting 0/1: waits for db");
    expect(story.state("db")).toBe("starting 0/1");
    story.getsReady("db");
    expect(story.state("db")).toBe("ready 1/1");
    expect(story.state("api")).toBe("starting 0/1");
    story.getsReady("api");
    expect(story.state("api")).toBe("ready 1/1");
  });

  test("with a probe: what it answered, too late, ready, ready no more", () => {
    const story = new Story(wanting(service("api", { ready })));
    story.starts("api");
    story.probes("api", false, "GET :3000/health refused");
    expect(story.state("api")).toBe("starting 0/1: not yet: GET :3000/health refused");
    story.pass(60_000);
    expect(story.state("api")).toBe("unready 0/1: not ready after 60s: GET :3000/health refused");
    story.probes("api", true, "200");
    expect(story.state("api")).toBe("ready 1/1");
    for (let failure = 0; failure < 3; failure++) story.probes("api", false, "timed out");
    expect(story.state("api")).toBe("unready 0/1: timed out");
  });

  test("of several instances the worst one decides", () => {
    const story = new Story(wanting(service("api", { instances: 3 })));
    for (const slot of [1, 2, 3]) story.getsReady("api", slot);
    expect(story.state("api")).toBe("ready 3/3");
    story.ends("api", 1, 2);
    expect(story.state("api")).toBe("crashed 2/3: 1 of 3: exit 1, retry 1 of 10 in 0.1s");
    story.pass(100);
    story.starts("api", 2, 2);
    expect(story.state("api")).toBe("starting 2/3");
    story.ends("api", 1, 2, 2);
    expect(story.state("api")).toBe("crashed 2/3: 1 of 3: exit 1, retry 2 of 10 in 0.2s");
  });
});

describe("a service that may end by itself", () => {
  const policy = { ...restart, policy: "on-failure" } as const;

  test("is done when it has", () => {
    const story = new Story(wanting(service("once", { restart: policy })));
    story.starts("once");
    story.ends("once", 0);
    expect(story.state("once")).toBe("done 0/1: exit 0, just now");
  });

  test("is ready as long as some of it serves, and says how many do not any more", () => {
    const story = new Story(wanting(service("once", { restart: policy, instances: 2 })));
    for (const slot of [1, 2]) story.getsReady("once", slot);
    story.ends("once", 0, 2);
    expect(story.state("once")).toBe("ready 1/2: 1 of 2 done");
  });
});

describe("a service that fails", () => {
  test("says when it is tried again, and that it gave up", () => {
    const story = new Story(wanting(service("worker", { restart: { ...restart, max: 2 } })));
    story.starts("worker");
    story.pass(400);
    story.ends("worker", 1);
    expect(story.state("worker")).toBe("crashed 0/1: exit 1, retry 1 of 2 in 0.1s");
    story.pass(100);
    story.starts("worker", 1, 2);
    story.ends("worker", 1, 1, 2);
    story.pass(120_000);
    expect(story.state("worker")).toBe("failed 0/1: exit 1, 2m ago");
    const { desired, observed } = story.supervisor;
    const state = serviceState(desired, observed, "worker", story.now);
    expect([state.restarts, state.lastExit?.words, state.retryAt]).toEqual([1, "exit 1", null]);
  });

  test("holds up what needs it, which says so", () => {
    const worker = service("worker", { restart: { ...restart, max: 1 } });
    const story = new Story(
      wanting(worker, service("web", { depends_on: { worker: needsReady } })),
    );
    story.ends("worker", { kind: "spawn", message: "no such program: nod" });
    expect(story.state("worker")).toBe(
      "failed 0/1: could not start: no such program: nod, just now",
    );
    expect(story.state("web")).toBe("waiting 0/1: waits for worker, which failed");
  });
});

describe("tasks", () => {
  test("run, are done, or fail", () => {
    const story = new Story(
      wanting(service("a", { kind: "task" }), service("b", { kind: "task" })),
    );
    story.starts("a");
    story.starts("b");
    story.pass(1100);
    expect(story.state("a")).toBe("starting 0/1: runs for 1.1s");
    story.ends("a", 0);
    story.ends("b", 3);
    story.pass(60_000);
    expect(story.state("a")).toBe("done 0/1: exit 0, 60s ago");
    expect(story.state("b")).toBe("failed 0/1: exit 3, 60s ago");
  });

  test("with a schedule wait for their time", () => {
    const story = new Story(wanting(service("backup", { kind: "task", schedule })));
    expect(story.state("backup")).toBe("idle 0/1");
    const at = story.now + 3_600_000;
    story.hear({ kind: "scheduled", service: "backup", at });
    expect(story.state("backup")).toBe("idle 0/1: next run in 1h");
    story.pass(3_600_000);
    story.starts("backup");
    expect(story.state("backup")).toBe("starting 0/1: runs for 0ms");
    story.ends("backup", 0);
    story.hear({ kind: "scheduled", service: "backup", at: story.now + 7_200_000 });
    expect(story.state("backup")).toBe("done 0/1: exit 0, just now; next run in 2h");
  });
});

describe("a service that is not to run", () => {
  test("stopped by hand, with its grace, killed, and over", () => {
    const story = new Story(wanting(service("api")));
    story.getsReady("api");
    story.want(withIntent(story.supervisor.desired, "api", { stopped: true }));
    story.pass(3000);
    expect(story.state("api")).toBe("stopping 0/0: for 3s, up to 10s");
    story.pass(7000);
    expect(story.state("api")).toBe("stopping 0/0: for 10s, killed");
    story.ends("api", { kind: "signal", signal: "SIGKILL" });
    expect(story.state("api")).toBe("stopped 0/0: stopped by hand");
  });

  test("disabled, of another profile, not selected, scaled to nothing, unknown", () => {
    const desired = wanting(
      service("off", { enabled: false }),
      service("dev", { profiles: ["dev", "ci"] }),
      service("none", { instances: 0 }),
      service("api"),
      service("web"),
    );
    const story = new Story(withIntent(desired, "api", { scale: 0 }));
    expect(story.state("off")).toBe("disabled 0/0: enabled: false");
    expect(story.state("dev")).toBe("disabled 0/0: profile dev, ci not selected");
    expect(story.state("none")).toBe("stopped 0/0: instances: 0");
    expect(story.state("api")).toBe("stopped 0/0: scaled to 0 by hand");
    expect(story.state("nobody")).toBe("stopped 0/0");
    story.want({ ...story.supervisor.desired, selected: new Set(["api"]) });
    story.ends("web", 0);
    expect(story.state("web")).toBe("stopped 0/0: not selected");
  });

  test("a count by hand is said beside the state", () => {
    const story = new Story(withIntent(wanting(service("api")), "api", { scale: 2 }));
    for (const slot of [1, 2]) story.getsReady("api", slot);
    expect(story.state("api")).toBe("ready 2/2: scaled by hand to 2");
  });
});

describe("a replacement", () => {
  test("says how far it is, in overlap and one at a time", () => {
    const api = service("api", { instances: 2, reload: "rolling" });
    const story = new Story(wanting(api));
    for (const slot of [1, 2]) story.getsReady("api", slot);
    story.want(wanting({ ...api, command: "x" }));
    expect(story.state("api")).toBe("reloading 2/2: 0 of 2 replaced");
    story.getsReady("api", 1, 2);
    expect(story.state("api")).toBe("reloading 2/2: 1 of 2 replaced");
    story.ends("api", 0, 1, 1);
    story.getsReady("api", 2, 2);
    story.ends("api", 0, 2, 1);
    expect(story.state("api")).toBe("ready 2/2");
  });

  test("that went back says why", () => {
    const api = service("api", { reload: "rolling" });
    const story = new Story(wanting(api));
    story.getsReady("api");
    story.want(wanting({ ...api, command: "x" }));
    story.starts("api", 1, 2);
    story.ends("api", 1, 1, 2);
    expect(story.state("api")).toBe("ready 1/1: rolled back: new api.1 ended before it was ready");
  });
});

test("states do not depend on the order in which services are known", () => {
  const story = new Story(wanting(service("a"), service("b"), service("c")));
  story.getsReady("b");
  const { desired, observed } = story.supervisor;
  const turned = { ...observed, services: new Map([...observed.services].reverse()) };
  const woken = observe(turned, { kind: "woke" }, story.now);
  for (const name of ["a", "b", "c"]) {
    const state = serviceState(desired, observed, name, story.now);
    expect(serviceState(desired, woken, name, story.now)).toEqual(state);
  }
});
