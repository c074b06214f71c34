import { describe, expect, test } from "vitest";
import { withIntent } from "../../src/core/desired.ts";
import { withHelpers } from "../../src/core/helpers.ts";
import { wanting } from "../rig/plans.ts";
import { listening, service } from "../rig/specs.ts";
import { Story } from "../rig/story.ts";

const LAZY = { start: "on-demand", idle_stop: 60_000 } as const;
const mailer = service("mailer", { listen: listening(8025, LAZY) });
const taken = "taken by node server.js (pid 2865, user ana, in ~/old-shop)";

/** procs has bound what it was asked for. */
function bound(story: Story, name: string, ...addresses: readonly string[]): void {
  for (const address of addresses) story.hear({ kind: "bound", service: name, address });
}

describe("the sockets of a service", () => {
  test("are told of when they are there, and when they are closed", () => {
    const api = service("api", { listen: listening(3000) });
    const story = new Story(wanting(api));
    bound(story, "api", ":3000");
    story.getsReady("api");
    story.want(withIntent(wanting(api), "api", { stopped: true }));
    story.ends("api", 0);
    expect(story.state("api")).toBe("stopped 0/0: stopped by hand");
    expect(story.verdict("api")).toBe("pending: closes :3000");
    story.hear({ kind: "unbound", address: ":3000" });
    expect(story.verdict("api")).toBe("ok stopped");
    expect(story.told()).toEqual([
      "api listens on :3000",
      "api starts",
      "api ready in 1s",
      "api stops: stopped by hand",
      "api stopped in 0ms",
      "api does not listen on :3000 any more",
    ]);
  });

  test("that somebody else has hold up the start, and say who it is, once", () => {
    const story = new Story(wanting(service("api", { listen: listening(3000) })));
    story.hear({ kind: "unbindable", service: "api", address: ":3000", detail: taken });
    expect(story.state("api")).toBe(`waiting 0/1: port 3000 is ${taken}`);
    expect(story.verdict("api")).toBe(`failed waiting: port 3000 is ${taken}`);
    story.pass(1000);
    story.hear({ kind: "unbindable", service: "api", address: ":3000", detail: taken });
    expect(story.why("api")).toEqual([
      `api is waiting (port 3000 is ${taken}): 0 of 1 ready.`,
      `procs cannot listen for api: port 3000 is ${taken}, next try in 2s. It was tried 2 times.`,
    ]);
    story.pass(2000);
    bound(story, "api", ":3000");
    story.getsReady("api");
    expect(story.state("api")).toBe("ready 1/1");
    expect(story.told()).toEqual([
      `api cannot listen: port 3000 is ${taken}, next try in 1s`,
      "api listens on :3000",
      "api starts",
      "api ready in 1s",
    ]);
  });

  test("are closed when a service was given up, which its state says", () => {
    const { restart } = mailer;
    const once = { ...restart, policy: "never" } as const;
    const story = new Story(wanting(service("api", { listen: listening(3000), restart: once })));
    bound(story, "api", ":3000");
    story.starts("api");
    story.ends("api", 1);
    story.hear({ kind: "unbound", address: ":3000" });
    expect(story.state("api")).toBe("failed 0/1: exit 1, just now; :3000 is closed");
    expect(story.why("api")).toContain("procs does not listen on :3000: who connects is refused.");
  });
});

describe("a service that starts on demand", () => {
  test("is idle, and up, as soon as procs listens for it", () => {
    const story = new Story(wanting(mailer));
    expect(story.state("mailer")).toBe("waiting 0/1: opens :8025");
    expect(story.verdict("mailer")).toBe("pending: opens its sockets");
    bound(story, "mailer", ":8025");
    expect(story.state("mailer")).toBe("idle 0/1: listens on :8025");
    expect(story.verdict("mailer")).toBe("ok waiting: listens on :8025");
    story.pass(720_000);
    expect(story.why("mailer")).toEqual([
      "mailer is idle: nobody has connected for 12m; it starts with the first connection on :8025.",
      "procs listens on :8025 for it: its instances share the socket.",
    ]);
  });

  test("is asked for, runs, rests", () => {
    const story = new Story(wanting(mailer));
    bound(story, "mailer", ":8025");
    story.hear({ kind: "woken", service: "mailer" });
    story.hear({ kind: "traffic", service: "mailer", connections: 2 });
    expect(story.state("mailer")).toBe("starting 0/1");
    expect(story.verdict("mailer")).toBe("pending: starting");
    story.getsReady("mailer");
    expect(story.state("mailer")).toBe("ready 1/1");
    expect(story.why("mailer")).toContain(
      "Somebody connected 1s ago, so it runs. It has 2 open connections. It stops after 1m without a connection (listen.idle_stop).",
    );
    story.hear({ kind: "traffic", service: "mailer", connections: 0 });
    story.pass(60_000);
    expect(story.state("mailer")).toBe("stopping 0/1: for 0ms, up to 10s");
    story.ends("mailer", 0);
    expect(story.state("mailer")).toBe("idle 0/1: listens on :8025");
    expect(story.told()).toEqual([
      "mailer listens on :8025",
      "mailer is asked for: a connection on :8025",
      "mailer starts",
      "mailer ready in 1s",
      "mailer has no connection any more, so it stops",
      "mailer stops: idle",
      "mailer stopped in 0ms",
    ]);
  });

  test("is not told to rest when it is stopped by hand", () => {
    const story = new Story(wanting(mailer));
    bound(story, "mailer", ":8025");
    story.hear({ kind: "woken", service: "mailer" });
    story.getsReady("mailer");
    story.told();
    story.want(withIntent(wanting(mailer), "mailer", { stopped: true }));
    expect(story.told()).toEqual(["mailer stops: stopped by hand"]);
  });

  test("that does not come up is closed, and says how to go on", () => {
    const { restart } = mailer;
    const once = { ...restart, policy: "never" } as const;
    const story = new Story(wanting({ ...mailer, restart: once }));
    bound(story, "mailer", ":8025");
    story.hear({ kind: "woken", service: "mailer" });
    story.starts("mailer");
    story.ends("mailer", 7);
    story.hear({ kind: "unbound", address: ":8025" });
    expect(story.state("mailer")).toMatch(/^failed 0\/1: exit 7 after \d+ms; :8025 is closed$/);
    expect(story.verdict("mailer")).toMatch(/^failed: exit 7 after/);
    expect(story.told()).toContainEqual(
      expect.stringMatching(
        /^mailer did not come up: exit 7 .*; :8025 is closed, who waited is cut/,
      ),
    );
    expect(story.why("mailer").join("\n")).toMatch(/procs start mailer listens again/);
    story.hear({ kind: "reset", service: "mailer" });
    bound(story, "mailer", ":8025");
    expect(story.state("mailer")).toBe("idle 0/1: listens on :8025");
  });

  test("that cannot listen is not idle", () => {
    const story = new Story(wanting(mailer));
    story.hear({ kind: "unbindable", service: "mailer", address: ":8025", detail: taken });
    expect(story.state("mailer")).toBe(`waiting 0/1: port 8025 is ${taken}`);
    expect(story.verdict("mailer")).toBe(`failed waiting: port 8025 is ${taken}`);
  });
});

describe("a service behind a proxy", () => {
  const api = service("api", { listen: listening(3000, { mode: "proxy" }), port: "auto" });
  const desired = () => {
    const wanted = wanting(api);
    return { ...wanted, services: withHelpers(wanted.services) };
  };
  const accepts = (story: Story) => story.probes("api:proxy", true, "accepts connections");

  test("is up when both are", () => {
    const story = new Story(desired());
    bound(story, "api:proxy", ":3000");
    story.getsReady("api");
    expect(story.verdict("api")).toMatch(/^pending: its proxy: /);
    expect(story.state("api")).toBe("starting 1/1: its proxy starts");
    story.starts("api:proxy");
    accepts(story);
    expect(story.verdict("api")).toBe("ok ready");
    expect(story.state("api")).toBe("ready 1/1");
    expect(story.why("api").join("\n")).not.toContain("api:proxy");
    expect(story.told()).toContain("api listens on :3000");
  });

  test("says what its proxy said when that does not come up", () => {
    const story = new Story(desired());
    bound(story, "api:proxy", ":3000");
    story.getsReady("api");
    story.starts("api:proxy");
    story.ends("api:proxy", 1);
    expect(story.state("api")).toMatch(/^unready 1\/1: its proxy crashed: exit 1, retry 1 of/);
    expect(story.verdict("api")).toMatch(/^failed crashed: its proxy: exit 1 after .*, retry 1 of/);
    expect(story.why("api").join("\n")).toMatch(/Its proxy crashed .*\(procs logs api:proxy\)/);
  });

  test("that goes without one is told by its own name", () => {
    const story = new Story(desired());
    bound(story, "api:proxy", ":3000");
    story.want(wanting(service("other")));
    story.hear({ kind: "unbound", address: ":3000" });
    expect(story.told()).toContain("api does not listen on :3000 any more");
  });

  test("drains what leaves, which is told", () => {
    const story = new Story(desired());
    bound(story, "api:proxy", ":3000");
    story.getsReady("api");
    story.starts("api:proxy");
    accepts(story);
    story.told();
    const next = wanting({ ...api, command: "node new.js" });
    story.want({ ...next, services: withHelpers(next.services) });
    story.getsReady("api", 1, 2);
    expect(story.events()).toContainEqual(
      expect.objectContaining({
        message: "api drains its connections, up to 30s: changed",
        drain_ms: 30_000,
      }),
    );
  });
});

test("a replacement that waits for an address says who has it", () => {
  const before = wanting(service("api", { listen: listening(3000) }));
  const story = new Story(before);
  bound(story, "api", ":3000");
  story.getsReady("api");
  story.want(wanting(service("api", { listen: listening(3001) })));
  story.hear({ kind: "unbindable", service: "api", address: ":3001", detail: taken });
  expect(story.state("api")).toBe(`reloading 1/1: 0 of 1 replaced; port 3001 is ${taken}`);
  expect(story.verdict("api")).toBe(`pending: 0 of 1 replaced; port 3001 is ${taken}`);
});
