import { expect, test } from "vitest";
import { EMPTY } from "../../src/core/fold.ts";
import type { Check, ServiceSpec } from "../../src/core/spec.ts";
import { whereOf } from "../../src/supervisor/where.ts";
import { listening, service } from "../rig/specs.ts";

const where = (check: Check | null, keys: Partial<ServiceSpec> = {}) => {
  const ready = check && { check, interval: 1, timeout: 1, failures: 1 };
  return whereOf(service("a", { ready, ...keys }), EMPTY);
};
const http = (url: string): Check => ({ kind: "http", url });

const on = (port: number) => listening(port).addresses;
const PRIVATE = { kind: "tcp", host: "10.0.0.5", port: 3000 } as const;
const SOCKET = { kind: "unix", path: "/shop/api.sock", mode: 0o600 } as const;

test.each<[string | null, Check | null, Partial<ServiceSpec>]>([
  ["http://localhost:3000", http("/health"), { port: 3000 }],
  ["http://localhost:4000", http(":4000/health"), { port: 3000 }],
  ["https://localhost:8443", http("https://127.0.0.1:8443/x?y"), {}],
  ["http://example.test", http("http://example.test/x"), {}],
  [null, http("/health"), {}],
  [null, http("/health"), { port: "auto" }],
  [":5432", { kind: "tcp", host: null, port: 5432 }, {}],
  [":5432", { kind: "tcp", host: "localhost", port: 5432 }, {}],
  ["db.test:5432", { kind: "tcp", host: "db.test", port: 5432 }, {}],
  [":3000", null, { port: 3000 }],
  [null, null, {}],
  [":3000", { kind: "accepts" }, { listen: listening(3000) }],
  [":3000", { kind: "tcp", host: null, port: null }, { listen: listening(), port: "auto" }],
  ["http://localhost:3000", http("/health"), { listen: listening(3000) }],
  // The probe asks elsewhere; who connects does so where procs listens.
  ["http://localhost:3000", http(":9000/health"), { listen: listening(3000) }],
  ["http://10.0.0.5:3000", http("/"), { listen: { ...listening(), addresses: [PRIVATE] } }],
  ["./api.sock", http("/"), { listen: { ...listening(), addresses: [SOCKET] } }],
  [":80, :443", null, { listen: { ...listening(), addresses: [...on(80), ...on(443)] } }],
])("%s", (expected, check, keys) => {
  expect(where(check, keys)).toBe(expected);
});
