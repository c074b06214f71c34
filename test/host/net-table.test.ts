import { createServer } from "node:net";
import { expect, test } from "vitest";
import {
  ANY_IPV4,
  ANY_IPV6,
  hostDigits,
  isOverlapping,
  readTcp,
  TCP_STATE,
} from "../../src/host/net-table.ts";

test("an address has one spelling in digits", () => {
  expect(hostDigits("0.0.0.0")).toBe(ANY_IPV4);
  expect(hostDigits("::")).toBe(ANY_IPV6);
  expect(hostDigits("127.0.0.1")).toBe("00000000000000000000FFFF7F000001");
  expect(hostDigits("::ffff:127.0.0.1")).toBe(hostDigits("127.0.0.1"));
  expect(hostDigits("::1")).toBe("00000000000000000000000000000001");
  expect(hostDigits("2001:db8::2:1")).toBe("20010DB8000000000000000000020001");
  expect(hostDigits("fe80::1%eth0")).toBe("FE800000000000000000000000000001");
});

test("two sockets on one port get in each other's way where one has all that the other has", () => {
  const [any4, any6, here, lan, here6] = ["0.0.0.0", "::", "127.0.0.1", "192.0.2.7", "::1"].map(
    hostDigits,
  );
  const overlaps = (a = "", b = "") => [isOverlapping(a, b), isOverlapping(b, a)];
  for (const other of [any4, any6, here, lan, here6])
    expect(overlaps(any6, other)).toEqual([true, true]);
  for (const other of [here, lan]) expect(overlaps(any4, other)).toEqual([true, true]);
  expect(overlaps(any4, here6)).toEqual([false, false]);
  expect(overlaps(here, lan)).toEqual([false, false]);
  expect(overlaps(here, here)).toEqual([true, true]);
});

test.skipIf(process.platform !== "linux")(
  "a socket that listens is in the table, as it was bound",
  async () => {
    for (const host of ["127.0.0.1", "0.0.0.0", "::", "::1"]) {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, host, () => resolve()));
      const at = server.address();
      const port = typeof at === "object" && at !== null ? at.port : 0;
      const rows = readTcp()
        ?.at(port)
        .filter(({ state }) => state === TCP_STATE.listen);
      server.close();
      expect(rows).toMatchObject([{ host: hostDigits(host), port, uid: process.getuid?.() }]);
      expect(rows?.[0]?.inode).toBeGreaterThan(0);
    }
  },
);
