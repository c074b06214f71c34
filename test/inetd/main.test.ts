import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { until } from "../rig/until.ts";
import { asked, inetd } from "./inetd.ts";

const SH = (text: string): readonly string[] => ["/bin/sh", "-c", text];

describe("a connection is a process's standard input and output", () => {
  test("for cat, for a shell, for Python", async () => {
    const cat = await inetd(["cat"]);
    expect(await cat.ask("hello\n")).toBe("hello\n");
    const shell = await inetd(SH("read line; echo got $line; echo oops >&2"));
    expect(await shell.ask("one\n")).toBe("got one\n");
    await until("stderr is the log", () => shell.log().includes("oops"));
    const python = await inetd([
      "python3",
      "-c",
      "import sys; print(sys.stdin.readline().upper(), end='', flush=True)",
    ]);
    expect(await python.ask("loud\n")).toBe("LOUD\n");
  });

  test("which blocks, and carries megabytes both ways", async () => {
    const cat = await inetd(["cat"]);
    const text = "0123456789abcdef".repeat(200_000);
    expect((await cat.ask(text)) === text).toBe(true);
    const flags = await inetd(SH("cat /proc/self/fdinfo/0 /proc/self/fdinfo/1"));
    const octal = [...(await flags.ask("")).matchAll(/flags:\s+(\d+)/g)].map((m) => m[1] ?? "");
    expect(octal).toHaveLength(2);
    for (const one of octal) expect(Number.parseInt(one, 8) & 0o4000).toBe(0);
  });

  test("also over a unix socket", async () => {
    const cat = await inetd(SH("echo $PROTO $REMOTE_HOST; cat"), { isUnix: true });
    expect(await cat.ask("hello\n")).toBe("UNIX\nhello\n");
  });

  test("and it knows its client, but not the listening socket", async () => {
    const shell = await inetd(
      SH("echo $REMOTE_HOST $REMOTE_PORT $LISTEN_FDS; ls -l /proc/self/fd"),
    );
    const socket = shell.connect();
    await once(socket, "connect");
    const port = socket.localPort;
    const [first, ...fds] = (await asked(socket, "")).trim().split("\n");
    expect(first).toBe(`127.0.0.1 ${port}`);
    const sockets = fds.flatMap((line) => / (\d+) -> socket:/.exec(line)?.[1] ?? []);
    // The log of this test is a pipe of Node's, which is a socket.
    expect(sockets).toEqual(["0", "1", "2"]);
  });

  test("its limit of open files is the one from before Node, and odd variables stay", async () => {
    const env = { "a.b": "c d", PROCS_FILE_LIMIT: "400" };
    const limits = await inetd(["sh", "-c", "ulimit -Sn; cat /proc/self/environ"], { env });
    const answer = await limits.ask("");
    expect(answer.startsWith("400\n")).toBe(true);
    expect(answer.split("\0")).toContain("REMOTE_HOST=127.0.0.1");
    const direct = await inetd(["cat", "/proc/self/environ"], { env });
    expect((await direct.ask("")).split("\0")).toContain("a.b=c d");
  });
});

describe("many connections", () => {
  test("two hundred at once are all answered, with never more processes than allowed", async () => {
    const server = await inetd(SH("read line; sleep 0.05; echo $line"), { max_connections: 8 });
    let most = 0;
    const watching = setInterval(() => {
      most = Math.max(most, server.children().length);
    }, 5);
    const all = Array.from({ length: 200 }, (_, index) => server.ask(`${index}\n`));
    const answers = await Promise.all(all);
    clearInterval(watching);
    expect(answers).toEqual(all.map((_, index) => `${index}\n`));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(8);
    expect(server.log().match(/max_connections/g)).toHaveLength(1);
  });

  test("of one client above its share are closed, with one line in the log", async () => {
    const server = await inetd(["cat"], { per_source: 2 });
    const kept = [server.connect(), server.connect()];
    await until("two are served", () => server.children().length === 2);
    const more = await Promise.all(Array.from({ length: 100 }, () => isClosed(server.connect())));
    expect(more.every(Boolean)).toBe(true);
    expect(server.log().match(/per_source/g)).toHaveLength(1);
    expect(await asked(kept[0] ?? server.connect(), "still here\n")).toBe("still here\n");
    await until("one has gone", () => server.children().length === 1);
    expect(await server.ask("again\n")).toBe("again\n");
  });

  test("above the rate wait for the pause to end, and are answered then", async () => {
    const server = await inetd(["cat"], { rate: { count: 5, pause: 400 } });
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 10 }, () => server.ask("x")));
    expect(answers).toEqual(Array.from({ length: 10 }, () => "x"));
    expect(performance.now() - began).toBeGreaterThan(390);
    expect(server.log()).toMatch(/more than 5 connections within a second/);
  });

  test("that are reset at once, thousands of them, end nothing", async () => {
    const server = await inetd(["cat"], { max_connections: 4 });
    for (let round = 0; round < 20; round += 1) {
      const sockets = Array.from({ length: 50 }, () => server.connect());
      await Promise.all(sockets.map((socket) => once(socket, "connect")));
      for (const socket of sockets) socket.resetAndDestroy();
    }
    expect(await server.ask("alive\n")).toBe("alive\n");
    await until("nothing is left", () => server.children().length === 0);
    expect(server.child.exitCode).toBeNull();
  });
});

describe("the end", () => {
  test("comes with exit 0 after it was idle for long enough, not before", async () => {
    const server = await inetd(["cat"], { idle_stop: 400 });
    const socket = server.connect();
    await until("it is served", () => server.children().length === 1);
    const began = performance.now();
    await until("longer than idle_stop", () => performance.now() - began > 600);
    expect(server.child.exitCode).toBeNull();
    socket.destroy();
    expect(await server.exited).toBe(0);
  });

  test("by a signal takes no more, and lets what runs finish", async () => {
    const server = await inetd(SH("read line; echo $line"));
    const socket = server.connect();
    await until("it is served", () => server.children().length === 1);
    // To the whole group, as a supervisor does it: the process of the connection has a group of its own.
    process.kill(-(server.child.pid ?? 0), "SIGTERM");
    await until("it takes no more", () => !existsSync(`/proc/${server.child.pid}/fd/3`));
    const later = server.connect();
    await once(later, "connect");
    expect(await asked(socket, "last\n")).toBe("last\n");
    expect(await server.exited).toBe(0);
    // It waits for the next super server: the socket is still there.
    expect(later.destroyed).toBe(false);
  });

  test("is passed on to processes that hang, before the grace is over", async () => {
    const server = await inetd(["cat"], { stop: { signal: "SIGTERM", timeout: 500 } });
    server.connect();
    await until("it is served", () => server.children().length === 1);
    server.child.kill("SIGTERM");
    expect(await server.exited).toBe(0);
  });

  test("a program that is not there is said in the log, and the connection is closed", async () => {
    const server = await inetd(["/nonexistent/program"]);
    expect(await server.ask("").catch(() => "")).toBe("");
    await until("it is said", () => server.log().includes("/nonexistent/program"));
    expect(server.child.exitCode).toBeNull();
  });
});

async function isClosed(socket: import("node:net").Socket): Promise<boolean> {
  socket.resume();
  if (!socket.destroyed) await Promise.race([once(socket, "end"), once(socket, "close")]);
  return true;
}
