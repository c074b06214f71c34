import { describe, expect, test } from "vitest";
import { transitions } from "../../src/core/changes.ts";
import { withIntent } from "../../src/core/desired.ts";
import { wanting } from "../rig/plans.ts";
import { service } from "../rig/specs.ts";
import { Story } from "../rig/story.ts";

const http = { kind: "http", url: "/health" } as const;
const ready = { check: http, interval: 1000, timeout: 60_000, failures: 2 };
const { restart } = service("worker");

describe("a run", () => {
  test("starts, is ready, is not, is again, and stops", () => {
    const story = new Story(wanting(service("api", { ready })));
    story.starts("api");
    story.pass(1400);
    story.probes("api", true, "200");
    for (let failure = 0; failure < 2; failure++) story.probes("api", false, "timed out");
    story.probes("api", true, "200");
    story.want(withIntent(story.supervisor.desired, "api", { stopped: true }));
    story.pass(300);
    story.ends("api", 0);
    expect(story.told()).toEqual([
      "api starts",
      "api ready in 1.4s",
      "api is not ready any more: timed out",
      "api is ready again",
      "api stops: stopped by hand",
      "api stopped in 0.3s",
    ]);
  });

  test("of several is named by its number", () => {
    const story = new Story(wanting(service("api", { instances: 2 })));
    story.getsReady("api", 2);
    expect(story.told()).toEqual(["api.2 starts", "api.2 ready in 1s"]);
  });

  test("has to be killed", () => {
    const story = new Story(wanting(service("api")));
    story.getsReady("api");
    story.told();
    story.want(wanting());
    story.pass(10_000);
    story.ends("api", { kind: "signal", signal: "SIGKILL" });
    expect(story.told()).toEqual([
      "api stops: not in the file any more",
      "api did not stop in 10s, killed",
      "api killed after 10s",
    ]);
  });

  test("leaves processes behind", () => {
    const story = new Story(wanting(service("api")));
    story.getsReady("api");
    story.told();
    const id = { service: "api", slot: 1, run: 1 };
    story.hear({ kind: "exited", id, exit: { kind: "code", code: 1 } });
    expect(story.told()).toEqual([]);
    story.pass(200);
    expect(story.told()).toEqual([
      "api ended (exit 1 after 1s) and left processes behind, which are stopped",
    ]);
    story.hear({ kind: "gone", id });
    expect(story.told()[0]).toMatch(/^api crashed: exit 1 after 1/);
  });

  test("crashes, is tried again, and is given up, in numbers too", () => {
    const story = new Story(wanting(service("worker", { restart: { ...restart, max: 2 } })));
    story.starts("worker");
    story.pass(400);
    story.events();
    story.ends("worker", 1);
    expect(story.events()).toEqual([
      {
        type: "state",
        message: "worker crashed: exit 1 after 0.4s, retry 1 of 2 in 0.1s",
        service: "worker",
        instance: 1,
        run: 1,
        state: "crashed",
        exit_code: 1,
        signal: null,
        elapsed_ms: 400,
        retry_in_ms: 100,
        failures: 1,
        failures_max: 2,
      },
    ]);
    story.pass(100);
    story.starts("worker", 1, 2);
    story.ends("worker", { kind: "signal", signal: "SIGSEGV" }, 1, 2);
    expect(story.told()).toEqual([
      "worker starts again (run 2)",
      "worker gave up after 2 crashes in 0.1s: killed by SIGSEGV after 0ms, a crash in native code",
    ]);
  });

  test("that was well for long and ends starts again at once", () => {
    const story = new Story(wanting(service("api")));
    story.getsReady("api");
    story.pass(20_000);
    story.told();
    story.ends("api", 0);
    story.starts("api", 1, 2);
    expect(story.told()).toEqual([
      "api ended: exit 0 after 21s, starts again now",
      "api starts (run 2)",
    ]);
  });

  test("that fails its alive probe is stopped, and that is a failure", () => {
    const alive = { ...ready, failures: 1 };
    const story = new Story(wanting(service("api", { alive })));
    story.getsReady("api");
    story.told();
    story.probes("api", false, "GET :3000/health timed out", "alive");
    story.ends("api", 0);
    expect(story.told()).toEqual([
      "api stops: alive probe failed once: GET :3000/health timed out",
      "api ended: exit 0 after 1s, retry 1 of 10 in 0.1s",
    ]);
  });

  test("of a task is done or has failed", () => {
    const story = new Story(
      wanting(service("a", { kind: "task" }), service("b", { kind: "task" })),
    );
    story.starts("a");
    story.starts("b");
    story.pass(1100);
    story.told();
    story.ends("a", 0);
    story.ends("b", 2);
    expect(story.told()).toEqual(["a done in 1.1s", "b failed: exit 2 after 1.1s"]);
  });

  test("that keeps its process under a new name has not ended", () => {
    const web = service("web");
    const story = new Story(wanting(web));
    story.getsReady("web");
    story.told();
    story.want(wanting({ ...web, name: "site", was: "web" }));
    expect(story.told()).toEqual(["site goes on"]);
  });
});

describe("a service", () => {
  const api = service("api", { instances: 2, reload: "rolling" });

  test("is replaced step by step: first what happened, then what follows from it", () => {
    const story = new Story(wanting(api));
    for (const slot of [1, 2]) story.getsReady("api", slot);
    story.told();
    story.want(wanting({ ...api, command: "x" }));
    story.getsReady("api", 1, 2);
    story.ends("api", 0, 1, 1);
    story.getsReady("api", 2, 2);
    story.ends("api", 0, 2, 1);
    expect(story.told()).toEqual([
      "api is being replaced",
      "api.1 starts (run 2)",
      "api.1 ready in 1s",
      "api 1 of 2 replaced",
      "api.1 stops: changed",
      "api.1 stopped in 0ms",
      "api.2 starts (run 2)",
      "api.2 ready in 1s",
      "api replaced in 2s",
      "api.2 stops: changed",
      "api.2 stopped in 0ms",
    ]);
  });

  test("counts as many as were asked for by hand", () => {
    const byHand = (spec: typeof api) => withIntent(wanting(spec), "api", { scale: 3 });
    const story = new Story(byHand({ ...api, instances: 1 }));
    for (const slot of [1, 2, 3]) story.getsReady("api", slot);
    story.told();
    story.want(byHand({ ...api, instances: 1, command: "x" }));
    story.getsReady("api", 1, 2);
    expect(story.told()).toContain("api 1 of 3 replaced");
  });

  test("goes back when the new version fails", () => {
    const story = new Story(wanting(api));
    for (const slot of [1, 2]) story.getsReady("api", slot);
    story.want(wanting({ ...api, command: "x" }));
    story.starts("api", 1, 2);
    story.told();
    story.ends("api", 1, 1, 2);
    expect(story.told()).toContain("api rolls back: new api.1 ended before it was ready");
  });

  test("is restarted by a file, and watching is paused when it does so itself", () => {
    const watch = {
      paths: ["/shop"],
      ignore: [],
      debounce: 100,
      action: { kind: "restart" },
    } as const;
    const story = new Story(wanting(service("web", { watch })));
    story.getsReady("web");
    story.told();
    const change = (path: string) => story.hear({ kind: "changed", service: "web", path });
    change("src/a.ts");
    change("src/b.ts");
    story.pass(100);
    expect(story.told()).toEqual([
      "web: src/a.ts and 1 more changed, restarting",
      "web stops: src/a.ts, src/b.ts changed",
    ]);
    for (let round = 0; round < 5; round++) {
      change("out.log");
      story.pass(100);
    }
    expect(story.told().at(-1)).toMatch(/^web changes what it watches itself \(out.log changed\)/);
  });

  test("tells of its watch command also where that has come and gone between two looks", () => {
    // biome-ignore lint/suspicious/noThenProperty: the key of the file.
    const action = { kind: "run", command: "make", then: "restart" } as const;
    const watch = { paths: ["/shop"], ignore: [], debounce: 100, action };
    const story = new Story(wanting(service("web", { watch })));
    story.getsReady("web");
    const { observed, desired } = story.supervisor;
    const web = observed.services.get("web");
    if (web === undefined) throw new Error("web is not there");
    const look = (times: readonly number[], running: boolean) => {
      const watched = { times, running, paused: false };
      return { ...observed, services: new Map([["web", { ...web, change: null, watched }]]) };
    };
    const told = transitions(look([1], true), look([1, 2], false), desired, 2);
    expect(told.map(({ message }) => message)).toEqual([
      "web: its watch command succeeded, restarting",
    ]);
  });

  test("is due", () => {
    const schedule = { cron: "* * * * *", timezone: null, overlap: "skip", missed: "run" } as const;
    const needs = { db: { condition: "ready", restart: false, required: true } } as const;
    const backup = service("backup", { kind: "task", schedule, depends_on: needs });
    const story = new Story(wanting(service("db"), backup));
    story.hear({ kind: "scheduled", service: "backup", at: story.now + 1000 });
    story.pass(1000);
    expect(story.told()).toEqual(["backup is due"]);
  });
});

test("what a supervisor takes over goes on, and a start that never happened is no news", () => {
  const needs = { db: { condition: "ready", restart: false, required: true } } as const;
  const api = service("api", { depends_on: needs });
  const story = new Story(wanting(service("db"), api));
  story.told();
  story.hear({ kind: "unstarted", id: { service: "db", slot: 1, run: 1 } });
  expect(story.told()).toEqual([]);
  const found = { applied: api, generation: 0, upstream: {}, pid: 7, port: null };
  story.hear({ kind: "adopted", id: { service: "api", slot: 1, run: 5 }, ...found });
  expect(story.told()).toEqual(["api goes on"]);
});

test("nothing is told twice, and nothing of what did not change", () => {
  const story = new Story(wanting(service("a"), service("b")));
  story.getsReady("a");
  story.told();
  story.hear({ kind: "woke" });
  story.want(structuredClone(story.supervisor.desired));
  expect(story.told()).toEqual([]);
});
