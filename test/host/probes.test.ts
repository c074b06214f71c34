import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTcp, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { afterEach, describe, expect, test } from "vitest";
import type { Check, Probe } from "../../src/core/spec.ts";
import { attemptLimit, attemptProbe } from "../../src/host/probes.ts";
import { listProcesses } from "../../src/host/tree.ts";
import { eventually } from "./rig.ts";

const servers: (Server | TcpServer)[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server | TcpServer, host = "127.0.0.1"): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, () => resolve()));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const TARGET = {
  mark: "abc:probe of api.1.1",
  port: null,
  cwd: tmpdir(),
  shell: "/bin/sh",
  env: { PATH: process.env.PATH ?? "/usr/bin:/bin", GREETING: "hello" },
};

async function ask(check: Check, port: number | null = null, limitMs = 5_000) {
  const answer = await attemptProbe(check, { ...TARGET, port }, limitMs);
  if (answer === null) return null;
  const time = answer.detail
    .replace(/(?<!answer) in \d+ms/, " in Nms")
    .replaceAll(`:${port}`, ":PORT");
  return `${answer.ok ? "ok" : "failed"}: ${time}`;
}

describe("http", () => {
  for (const [status, verdict] of [
    [200, "ok"],
    [204, "ok"],
    [302, "ok"],
    [404, "failed"],
    [500, "failed"],
  ]) {
    test(`${status} is ${verdict}, and no redirect is followed`, async () => {
      const port = await listen(
        createServer((_, response) => {
          response.writeHead(Number(status), { location: "http://127.0.0.1:1/" });
          response.end();
        }),
      );
      expect(await ask({ kind: "http", url: "/health" }, port)).toBe(
        `${verdict}: GET :PORT/health ${status} in Nms`,
      );
    });
  }

  test("a program that listens on ::1 only is found too", async () => {
    const server = createServer((_, response) => response.end());
    const port = await listen(server, "::1");
    expect(await ask({ kind: "http", url: "/" }, port)).toBe("ok: GET :PORT/ 200 in Nms");
  });

  test("a port of its own, and a whole url", async () => {
    const port = await listen(createServer((request, response) => response.end(request.url)));
    expect(await ask({ kind: "http", url: `:${port}/x` })).toBe(`ok: GET :${port}/x 200 in Nms`);
    const url = `http://127.0.0.1:${port}/y`;
    expect(await ask({ kind: "http", url })).toBe(`ok: GET ${url} 200 in Nms`);
  });

  test("nobody there is refused", async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await ask({ kind: "http", url: "/health" }, port)).toBe(
      "failed: GET :PORT/health refused",
    );
  });

  test("no answer ends at the limit; an answer without end does not wait for it", async () => {
    const silent = await listen(createServer(() => {}));
    expect(await ask({ kind: "http", url: "/" }, silent, 50)).toBe(
      "failed: GET :PORT/: no answer in 50ms",
    );
    const endless = await listen(createServer((_, response) => response.writeHead(200).write("x")));
    expect(await ask({ kind: "http", url: "/" }, endless)).toBe("ok: GET :PORT/ 200 in Nms");
  });

  test("a path without a port, and a bad url, say so", async () => {
    expect(await ask({ kind: "http", url: "/x" })).toBe("failed: GET /x: the service has no port");
    expect(await ask({ kind: "http", url: "http://[" })).toMatch(
      /^failed: GET http:\/\/\[: Invalid/,
    );
  });
});

describe("tcp", () => {
  test("open, on its own port and on another", async () => {
    const port = await listen(createTcp((socket) => socket.destroy()));
    expect(await ask({ kind: "tcp", host: null, port: null }, port)).toBe(
      "ok: tcp :PORT open in Nms",
    );
    expect(await ask({ kind: "tcp", host: "127.0.0.1", port })).toBe(
      `ok: tcp 127.0.0.1:${port} open in Nms`,
    );
  });

  test("nobody there is refused", async () => {
    expect(await ask({ kind: "tcp", host: null, port: 1 })).toBe("failed: tcp :1 refused");
  });
});

describe("exec", () => {
  test("exit 0 passes, any other does not, and the last line is shown", async () => {
    expect(await ask({ kind: "exec", command: "echo one; echo $GREETING" })).toBe(
      "ok: exec echo one; echo $GREETING: exit 0 in Nms: hello",
    );
    expect(await ask({ kind: "exec", command: ["sh", "-c", "exit 3"] })).toBe(
      "failed: exec sh -c exit 3: exit 3 in Nms",
    );
  });

  test("a program that is not there", async () => {
    expect(await ask({ kind: "exec", command: ["no-such-program"] })).toMatch(
      /^failed: exec no-such-program: spawn .*ENOENT/,
    );
  });

  test("is killed at its limit, with everything it started", async () => {
    const command = "setsid sleep 4242 & sleep 4242; true";
    expect(await ask({ kind: "exec", command }, null, 200)).toBe(
      `failed: exec ${command}: no answer in 200ms`,
    );
    const isSleeping = ({ pid }: { pid: number }): boolean => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8") === "sleep\x004242\x00";
      } catch {
        return false;
      }
    };
    await eventually("nothing is left", () => !listProcesses().some(isSleeping));
  });
});

test("checks that report by themselves have no attempts", async () => {
  expect(await ask({ kind: "notify" })).toBe(null);
  expect(await ask({ kind: "message" })).toBe(null);
});

test("an attempt of alive has the probe's own limit; of ready, never longer than the verdict", () => {
  const probe: Probe = { check: { kind: "notify" }, interval: 1_000, timeout: 60_000, failures: 1 };
  expect(attemptLimit("alive", probe)).toBe(60_000);
  expect(attemptLimit("ready", probe)).toBe(5_000);
  expect(attemptLimit("ready", { ...probe, timeout: 300 })).toBe(300);
  expect(attemptLimit("ready", { ...probe, interval: 20_000 })).toBe(20_000);
});
