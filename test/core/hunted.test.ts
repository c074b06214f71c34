import { expect, test } from "vitest";
import { withIntent, withRestart } from "../../src/core/desired.ts";
import type { Event } from "../../src/core/event.ts";
import type { HuntedProcess } from "../../src/core/observed.ts";
import { wanting } from "../rig/plans.ts";
import { service } from "../rig/specs.ts";
import { Story } from "../rig/story.ts";

const API = { service: "api", slot: 1, run: 1 };

function hunted(processes: readonly HuntedProcess[], lasting = false, more = 0): Event {
  return { kind: "hunted", id: API, processes, more, lasting };
}

function stopping(): Story {
  const story = new Story(wanting(service("api")));
  story.getsReady("api");
  story.want(withIntent(story.supervisor.desired, "api", { stopped: true }));
  story.told();
  return story;
}

test("the end of a stop says what had left the group", () => {
  const story = stopping();
  story.hear(hunted([{ pid: 4711, name: "sleep" }]));
  story.pass(300);
  story.hear(
    hunted([
      { pid: 4711, name: "sleep" },
      { pid: 4712, name: "node" },
    ]),
  );
  story.ends("api", 0);
  expect(story.told()).toEqual([
    "api stopped in 0.3s; ended 2 processes that it had left outside its group: sleep (4711), node (4712)",
  ]);
});

test("a long list is cut, and the rest counted", () => {
  const story = stopping();
  story.hear(hunted([{ pid: 4711, name: "sleep" }], false, 4));
  story.ends("api", 0);
  const [told] = story.events();
  expect(told?.message).toContain(
    "ended 5 processes that it had left outside its group: sleep (4711), 4 more",
  );
  expect(told).toMatchObject({ hunted: [{ pid: 4711, name: "sleep" }], hunted_more: 4 });
});

test("the end of a program that ended by itself says so too", () => {
  const story = new Story(wanting(service("worker")));
  story.starts("worker");
  story.pass(3000);
  story.hear({
    kind: "exited",
    id: { ...API, service: "worker" },
    exit: { kind: "code", code: 1 },
  });
  story.hear({ ...hunted([{ pid: 9, name: "sh" }]), id: { ...API, service: "worker" } } as Event);
  story.told();
  story.hear({ kind: "gone", id: { ...API, service: "worker" } });
  expect(story.told().join("\n")).toContain(
    "; ended 1 process that it had left outside its group: sh (9)",
  );
});

test("what cannot be ended is named once, and nobody waits for it", () => {
  const story = stopping();
  story.pass(20_000);
  story.told();
  const stuck = hunted([{ pid: 4711, name: "dd", stuck: true }], true);
  story.hear(stuck);
  story.hear(stuck);
  const words =
    "cannot be ended: dd (4711) still runs, and waits inside the kernel, where no signal reaches";
  expect(story.told()).toEqual([`api ${words}`]);
  expect(story.verdict("api")).toBe(`failed lasting: ${words}`);
  expect(story.state("api")).toContain(words);
  story.ends("api", { kind: "signal", signal: "SIGKILL" });
  expect(story.verdict("api")).toBe("ok stopped");
});

test("a restart does not wait for what cannot be ended, and starts nothing beside it", () => {
  const story = new Story(wanting(service("api")));
  story.getsReady("api");
  story.want(withRestart(story.supervisor.desired, "api", "restart asked", false));
  story.pass(20_000);
  story.hear(hunted([{ pid: 4711, name: "dd" }], true));
  expect(story.verdict("api")).toBe("failed lasting: cannot be ended: dd (4711) still runs");
  expect(story.supervisor.observed.services.get("api")?.instances).toHaveLength(1);
});

test("what cannot even be found is not denied", () => {
  const story = stopping();
  story.hear(hunted([], true));
  expect(story.told()).toEqual([
    "api cannot be ended: something of it still runs, and cannot be found",
  ]);
});
