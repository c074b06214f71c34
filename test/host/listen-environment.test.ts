import { closeSync, openSync } from "node:fs";
import { expect, test } from "vitest";
import type { ListenAddress } from "../../src/core/spec.ts";
import { listenEnvironment } from "../../src/host/listen-environment.ts";
import { listenOn } from "./listening.ts";
import { specOf } from "./spec.ts";

const TCP: ListenAddress = { kind: "tcp", host: null, port: 3000 };
const UNIX: ListenAddress = { kind: "unix", path: "/run/api.sock", mode: 0o600 };

function environment(command: string | readonly string[], ...addresses: ListenAddress[]) {
  const fd = openSync("/dev/null", "r");
  const spec = specOf(command, { listen: listenOn(...addresses) });
  const env = listenEnvironment(
    spec,
    addresses.map((address) => ({ address, fd })),
  );
  closeSync(fd);
  return env;
}

test("nginx is told in its own way, however it is started", () => {
  expect(environment(["/usr/sbin/nginx", "-g", "daemon off;"], TCP, UNIX).NGINX).toBe("3;4;");
  expect(environment("nginx -g 'daemon off;'", TCP).NGINX).toBe("3;");
  expect(environment(["node", "nginx.js"], TCP).NGINX).toBeUndefined();
});

test("what listens on a path alone finds it as its $PORT", () => {
  expect(environment(["node", "x.js"], UNIX).PORT).toBe("/run/api.sock");
  expect(environment(["node", "x.js"], UNIX, TCP).PORT).toBeUndefined();
});

test("the preload is told what each descriptor is", () => {
  const { PROCS_LISTEN = "" } = environment(["node", "x.js"], TCP, UNIX);
  expect(JSON.parse(PROCS_LISTEN)).toMatchObject([
    { fd: 3, port: 3000, host: null, backlog: 511 },
    { fd: 4, path: "/run/api.sock", backlog: 511 },
  ]);
});

test("a service that listens on nothing gets nothing", () => {
  expect(listenEnvironment(specOf(["true"]), [])).toEqual({});
});
