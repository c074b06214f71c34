import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { freePort } from "../../src/host/port.ts";

test("a port is free, is none of those that are taken, and each time another", async () => {
  const ports = new Set<number>();
  for (let i = 0; i < 50; i++) ports.add(await freePort(ports));
  expect(ports.size).toBe(50);
  for (const port of ports) {
    const server = createServer();
    await new Promise<void>((done) => server.listen(port, done));
    await new Promise((done) => server.close(done));
  }
});

test.skipIf(process.platform !== "linux")(
  "a port is none that the system gives to whoever asks for any",
  async () => {
    const range = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "latin1");
    const first = Number.parseInt(range, 10);
    for (let i = 0; i < 20; i++) expect(await freePort(new Set())).toBeLessThan(first);
  },
);
