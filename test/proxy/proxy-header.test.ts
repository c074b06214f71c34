import { expect, test } from "vitest";
import { proxyHeader } from "../../src/proxy/proxy-header.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";

function hexOf(remoteAddress?: string, localAddress?: string): string {
  return proxyHeader({ remoteAddress, remotePort: 258, localAddress, localPort: 80 }).toString(
    "hex",
  );
}

test("IPv4, also as a socket for both families names it", () => {
  const expected = `${SIGNATURE}2111000c0a0000017f00000101020050`;
  expect(hexOf("10.0.0.1", "127.0.0.1")).toBe(expected);
  expect(hexOf("::ffff:10.0.0.1", "::ffff:127.0.0.1")).toBe(expected);
});

test("IPv6, written short, whole, and with the name of an interface", () => {
  const end = `${"0".repeat(31)}101020050`;
  expect(hexOf("2001:db8::1:0:2", "::1")).toBe(
    `${SIGNATURE}2121002420010db8000000000000000100000002${end}`,
  );
  expect(hexOf("1:2:3:4:5:6:7:8", "::1")).toBe(
    `${SIGNATURE}2121002400010002000300040005000600070008${end}`,
  );
  expect(hexOf("fe80::1%eth0", "::1")).toBe(`${SIGNATURE}21210024fe80${"0".repeat(27)}1${end}`);
});

test("a client on a unix socket is not named", () => {
  expect(hexOf()).toBe(`${SIGNATURE}21000000`);
});
