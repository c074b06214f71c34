import { expect, test } from "vitest";
import { helperOf } from "../../src/core/helpers.ts";
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
