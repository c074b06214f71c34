import { expect, test } from "vitest";
import { helperOf } from "../../src/core/helpers.ts";
import { INSTANCE_MARK } from "../../src/core/spec.ts";
import { ownProgram } from "../../src/host/own-programs.ts";
import { listening, service } from "../rig/specs.ts";

const PLACE = { execPath: "/usr/bin/node", file: "/opt/procs/dist/supervisor/main.js" };

test("the proxy of a service is the program beside the supervisor, and is told whose it is", () => {
  const helper = helperOf(service("api", { listen: listening(3000, { mode: "proxy" }) }));
  expect(helper === null ? null : ownProgram(helper, 1, PLACE)).toEqual({
    argv: ["/usr/bin/node", "/opt/procs/dist/proxy/main.js"],
    env: { PROCS_PROXIED: "api" },
  });
});

test("what the file gives is run as it is, also under the name of a program of procs", () => {
  expect(ownProgram(service("api", { command: ["procs-proxy"] }), 1, PLACE)).toBeNull();
  expect(ownProgram(service("api", { listen: listening() }), 1, PLACE)).toBeNull();
});

test("an inetd service is accepted for by the program beside the supervisor, which is told what to start", () => {
  const listen = listening(3000, { mode: "inetd", start: "on-demand", idle_stop: 60_000 });
  const own = ownProgram(service("echo", { command: ["cat", INSTANCE_MARK], listen }), 2, PLACE);
  expect(own?.argv).toEqual(["/usr/bin/node", "/opt/procs/dist/inetd/main.js"]);
  expect(JSON.parse(own?.env.PROCS_INETD ?? "")).toEqual({
    argv: ["cat", "2"],
    max_connections: 64,
    per_source: null,
    rate: null,
    idle_stop: 60_000,
    stop: { signal: "SIGTERM", timeout: 10_000 },
  });
  const waiting = service("echo", { listen: { ...listen, wait: true } });
  expect(ownProgram(waiting, 1, PLACE)).toBeNull();
});
