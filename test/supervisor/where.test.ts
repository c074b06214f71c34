import { expect, test } from "vitest";
import { EMPTY } from "../../src/core/fold.ts";
import type { Check, ServiceSpec } from "../../src/core/spec.ts";
import { whereOf } from "../../src/supervisor/where.ts";
import { service } from "../rig/specs.ts";

const where = (check: Check | null, keys: Partial<ServiceSpec> = {}) => {
  const ready = check && { check, interval: 1, timeout: 1, failures: 1 };
  return whereOf(service("a", { ready, ...keys }), EMPTY);
};
const http = (url: string): Check => ({ kind: "http", url });

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
])("%s", (expected, check, keys) => {
  expect(where(check, keys)).toBe(expected);
});
