import type { ServiceStatus, Snapshot } from "../../src/control/snapshot.ts";

/** Made-up states of a shop, for the renderers. */
export const NOW = Date.parse("2026-03-01T12:04:31.000Z");

export function serviceStatus(change: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    name: "api",
    kind: "service",
    state: "ready",
    detail: null,
    ready: 1,
    wanted: 1,
    restarts: 0,
    since: null,
    cpu_percent: null,
    memory_bytes: null,
    where: null,
    next_due: null,
    retry_in_ms: null,
    last_exit: null,
    by_hand: { stopped: false, scale: null, file_instances: 1 },
    instances: [],
    command: "node server.js",
    cwd: "/shop",
    description: null,
    depends_on: {},
    needed_by: [],
    source: { file: "procs.yaml", line: 5 },
    probe: null,
    ...change,
  };
}

const TWELVE = "2026-03-01T11:52:31.000Z";
const MB = 1024 * 1024;

export const SERVICES: readonly ServiceStatus[] = [
  serviceStatus({
    name: "redis",
    since: TWELVE,
    cpu_percent: 0,
    memory_bytes: 9 * MB,
    where: ":6379",
  }),
  serviceStatus({ name: "migrate", kind: "task", state: "done", detail: "exit 0, 12m ago" }),
  serviceStatus({
    name: "api",
    ready: 2,
    wanted: 2,
    since: "2026-03-01T12:01:31.000Z",
    cpu_percent: 4.1,
    memory_bytes: 131 * MB,
    where: "http://localhost:3000",
    command: "node dist/api.js",
    probe: "http /health",
    depends_on: { redis: "ready", migrate: "done" },
    needed_by: ["web"],
    by_hand: { stopped: false, scale: 2, file_instances: 1 },
    instances: [
      {
        instance: 1,
        run: 4,
        state: "ready",
        pid: 4121,
        port: 3000,
        since: "2026-03-01T12:01:31.000Z",
        cpu_percent: 2,
        memory_bytes: 66 * MB,
        current: true,
      },
      {
        instance: 2,
        run: 3,
        state: "stopping",
        pid: 4160,
        port: 3001,
        since: "2026-03-01T12:01:31.000Z",
        cpu_percent: 2.1,
        memory_bytes: 65 * MB,
        current: false,
      },
    ],
  }),
  serviceStatus({
    name: "worker",
    state: "failed",
    detail: "exit 1, 2m ago",
    ready: 0,
    restarts: 10,
    last_exit: {
      code: 1,
      signal: null,
      words: "exit 1",
      time: "2026-03-01T12:02:10.004Z",
      instance: 1,
      run: 11,
      last_lines: [
        "\x1b[31mError: DATABASE_URL is not set\x1b[0m",
        "    at src/worker.ts:12:9",
        "",
      ],
    },
  }),
  serviceStatus({
    name: "web",
    since: TWELVE,
    cpu_percent: 1,
    memory_bytes: 210 * MB,
    where: "http://localhost:5173",
  }),
  serviceStatus({
    name: "mailer",
    state: "idle",
    ready: 0,
    detail: ":8025 starts on connect",
  }),
  serviceStatus({ name: "old", state: "stopped", ready: 0, wanted: 0 }),
];

export const SNAPSHOT: Snapshot = {
  v: 1,
  kind: "ps",
  project: "shop",
  folder: "/shop",
  file: "/shop/procs.yaml",
  supervisor: { version: "0.1.0", pid: 4100, since: TWELVE },
  drift: { changed: true, edits: 2, plan: "7f3a91c2" },
  seq: 12,
  services: SERVICES,
};
