import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ListenSettings, ServiceSpec } from "../../src/core/spec.ts";
import { listening } from "../rig/specs.ts";
import { codesOf, folderWith, load, projectIn, said, serviceOf } from "./folder.ts";

const listenOf = (listen: string, settings = {}): ListenSettings | null =>
  serviceOf(`services: { a: { command: x, listen: ${listen} } }`, settings).listen;
const tcp = (host: string | null, port: number) => ({ kind: "tcp", host, port });

describe("every form of listen has one long form", () => {
  test("a port, a host with a port, a list", () => {
    expect(listenOf("3000")).toEqual(listening(3000));
    for (const same of ['"3000"', '":3000"', "[3000]", "{ port: 3000 }", "{ port: [3000] }"]) {
      expect(listenOf(same), same).toEqual(listening(3000));
    }
    const local = listening(3000, { addresses: [{ kind: "tcp", host: "127.0.0.1", port: 3000 }] });
    expect(listenOf('"127.0.0.1:3000"')).toEqual(local);
    expect(listenOf("{ port: 3000, host: 127.0.0.1 }")).toEqual(local);
    expect(listenOf('["[::1]:1", 2, 0.0.0.0:3]')?.addresses).toEqual([
      tcp("::1", 1),
      tcp(null, 2),
      tcp("0.0.0.0", 3),
    ]);
  });

  test("the host is for the ports that name none", () => {
    const { addresses } = listenOf('{ port: [1, "[::1]:2"], host: localhost }') ?? listening();
    expect(addresses).toEqual([tcp("127.0.0.1", 1), tcp("::1", 2)]);
  });

  test("a path starts at the service's folder", () => {
    const folder = folderWith({
      "procs.yaml": "services: { a: { command: x, cwd: b, listen: ./s } }",
    });
    const [spec] = projectIn(folder).services;
    expect(spec?.listen?.addresses).toEqual([
      { kind: "unix", path: join(folder, "b/s"), mode: 0o600 },
    ]);
    const open = listenOf("{ port: /run/s, permissions: 0666 }");
    expect(open?.addresses).toEqual([{ kind: "unix", path: "/run/s", mode: 0o666 }]);
  });

  test("a variable may hold any of it", () => {
    const env = { PORT: "3000", HOST: "127.0.0.1", DIR: "/run" };
    expect(listenOf('"${PORT}"', { env })).toEqual(listening(3000));
    expect(listenOf('"${NONE:-3000}"', { env })).toEqual(listening(3000));
    expect(listenOf('["$PORT"]', { env })).toEqual(listening(3000));
    expect(listenOf('{ port: "$PORT", backlog: "${NONE:-9}" }', { env })?.backlog).toBe(9);
    expect(listenOf('"${HOST}:${PORT}"', { env })?.addresses).toEqual([tcp("127.0.0.1", 3000)]);
    expect(listenOf("$DIR/s", { env })?.addresses).toMatchObject([{ path: "/run/s" }]);
  });

  test("modes have defaults of their own", () => {
    const demand = { start: "on-demand", idle_stop: null } as const;
    expect(listenOf("{ port: 3000, start: on-demand }")).toEqual(listening(3000, demand));
    expect(listenOf("{ port: 3000, start: on-demand, idle_stop: 5m }")?.idle_stop).toBe(300_000);
    expect(listenOf("{ port: 3000, mode: inetd }")).toEqual(
      listening(3000, { mode: "inetd", start: "on-demand", idle_stop: 60_000 }),
    );
    expect(listenOf("{ port: 3000, mode: inetd, idle_stop: never }")?.idle_stop).toBeNull();
    expect(listenOf("{ port: 3000, mode: inetd, wait: true }")).toMatchObject({
      wait: true,
      idle_stop: null,
    });
    expect(listenOf("{ port: 3000, mode: inetd, rate: 50/s }")?.rate).toEqual({
      count: 50,
      pause: 1_000,
    });
    expect(listenOf("{ port: 3000, mode: inetd, rate: { count: 5, pause: 10s } }")?.rate).toEqual({
      count: 5,
      pause: 10_000,
    });
    expect(
      listenOf("{ port: 3000, mode: proxy, drain: 1s, sticky: true, proxy_protocol: true }"),
    ).toEqual(listening(3000, { mode: "proxy", drain: 1_000, sticky: true, proxy_protocol: true }));
  });
});

describe("what listen means for the rest of the service", () => {
  const specOf = (listen: string, more = ""): ServiceSpec =>
    serviceOf(`services: { a: { command: x, listen: ${listen}${more} } }`);

  test("it is ready when it accepts, unless it says otherwise", () => {
    expect(specOf("3000").ready?.check).toEqual({ kind: "accepts" });
    expect(specOf("{ port: 1, mode: inetd }").ready?.check).toEqual({ kind: "accepts" });
    expect(specOf("{ port: 1, mode: inetd, wait: true }").ready).toBeNull();
    expect(specOf("{ port: 1, mode: proxy }").ready?.check).toEqual({
      kind: "tcp",
      host: null,
      port: null,
    });
    expect(specOf("3000", ", ready: { http: / }").ready?.check.kind).toBe("http");
    expect(specOf("3000", ", ready: { accepts: true, timeout: 5s }").ready).toMatchObject({
      check: { kind: "accepts" },
      timeout: 5_000,
    });
  });

  test("behind a proxy each instance has a free port of its own", () => {
    expect(specOf("{ port: 3000, mode: proxy }").port).toBe("auto");
    expect(specOf("{ port: 3000, mode: proxy }", ", port: auto").port).toBe("auto");
    expect(specOf("3000").port).toBeNull();
  });

  test("its port is the one that other services see", () => {
    const yaml = (listen: string) =>
      `services: { a: { command: x, listen: ${listen} }, b: { command: [x, "\${services.a.port}"] } }`;
    const seen = (listen: string) =>
      projectIn(folderWith({ "procs.yaml": yaml(listen) })).services[1]?.command;
    for (const listen of ["3000", '"[::1]:3000"', "[./s, 3000]", "{ port: 3000, mode: proxy }"]) {
      expect(seen(listen), listen).toEqual(["x", "3000"]);
    }
    expect(codesOf(yaml("./s"))).toEqual(["P209"]);
  });

  test("the short form and the long one can lie over each other", () => {
    const over = "services: { a: { listen: 4000 } }";
    const base =
      "services: { a: { command: x, listen: { port: 3000, start: on-demand, backlog: 9 } } }";
    const folder = folderWith({ "a.yaml": base, "b.yaml": over });
    const [spec] = projectIn(folder, { files: ["a.yaml", "b.yaml"] }).services;
    expect(spec?.listen).toEqual(listening(4000, { start: "on-demand", backlog: 9 }));
    expect(
      serviceOf(
        "defaults: { listen: { port: 1, backlog: 9 } }\nservices: { a: { command: x, listen: 5 } }",
      ).listen,
    ).toEqual(listening(5, { backlog: 9 }));
  });

  test("a message can take the place of the stop signal", () => {
    expect(
      serviceOf("services: { a: { command: x, stop: { message: shutdown } } }").stop,
    ).toStrictEqual({ signal: "SIGTERM", timeout: 10_000, message: "shutdown" });
    expect(serviceOf("services: { a: { command: x } }").stop).toStrictEqual({
      signal: "SIGTERM",
      timeout: 10_000,
    });
  });
});

test("one that is disabled claims no port, and one mistake in it is one problem", () => {
  const folder = folderWith({
    "procs.yaml":
      "services: { a: { command: x, listen: 1 }, b: { command: x, listen: 1, enabled: false } }",
  });
  expect(said(load(folder))).toBe("");
  expect(codesOf("services: { a: { command: x, listen: nope, ready: { http: / } } }")).toEqual([
    "P104",
  ]);
  expect(codesOf('services: { a: { command: x, listen: "${NONE}" } }')).toEqual(["P206"]);
});
