import { expect, test } from "vitest";
import { serve, startProxy } from "../rig/proxied.ts";
import { client, echo, GET, gate, named } from "../rig/talk.ts";
import { until } from "../rig/until.ts";

test("told to end, it answers what it has, ends idle connections, and leaves", async () => {
  await using proxy = await startProxy();
  const slow = gate();
  await using program = await serve(named("one", slow.opened));
  proxy.tell([program.as(1)]);
  const idle = client(proxy.port);
  idle.socket.write(GET);
  await idle.has("one.");
  const busy = client(proxy.port);
  busy.socket.write(GET.replace("/", "/slow"));
  await until("both are there", () => program.sockets.size === 2);
  proxy.signal("SIGTERM");
  expect(await idle.ends()).toBe("end");
  idle.socket.end();
  expect(busy.end()).toBeNull();
  slow.open();
  await busy.has("one.");
  expect(await busy.ends()).toBe("end");
  busy.socket.end();
  expect(await proxy.ended()).toBe(0);
});

test("told to end, it says with the next answer that it is the last", async () => {
  await using proxy = await startProxy();
  await using program = await serve(named("one"));
  proxy.tell([program.as(1)]);
  const kept = client(proxy.port);
  kept.socket.write(GET);
  await kept.has("one.");
  expect(kept.text()).not.toContain("close");
  proxy.signal("SIGTERM");
  while (kept.end() === null && !kept.text().includes("close")) {
    const before = kept.text().length;
    kept.socket.write(GET);
    await until("it is answered", () => kept.text().length > before);
  }
  await kept.has("Content-Length: 4\r\nConnection: close\r\n\r\none.");
  expect(await kept.ends()).toBe("end");
  kept.socket.end();
  expect(await proxy.ended()).toBe(0);
});

test("told to end, it waits for those that do not end no longer than the limit", async () => {
  await using proxy = await startProxy();
  await using program = await serve(echo);
  proxy.tell([program.as(1)], { drain_ms: 300 });
  const opaque = client(proxy.port);
  opaque.socket.write("\x00");
  await opaque.has("\x00");
  proxy.signal("SIGTERM");
  expect(await proxy.ended()).toBe(0);
});
