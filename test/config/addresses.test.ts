import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSameAddress, parseAddress, parseHost } from "../../src/config/addresses.ts";
import { addressText } from "../../src/core/address.ts";
import type { ListenAddress } from "../../src/core/spec.ts";

const tcp = (host: string | null, port = 3000) => ({ kind: "tcp", host, port }) as const;

test("an address is a port, a host with a port, or a path", () => {
  expect(parseAddress("3000")).toEqual(tcp(null));
  expect(parseAddress(":3000")).toEqual(tcp(null));
  expect(parseAddress("*:3000")).toEqual(tcp(null));
  expect(parseAddress("127.0.0.1:3000")).toEqual(tcp("127.0.0.1"));
  expect(parseAddress("localhost:3000")).toEqual(tcp("127.0.0.1"));
  expect(parseAddress("[::1]:3000")).toEqual(tcp("::1"));
  expect(parseAddress("[0:0:0:0:0:0:0:1]:3000")).toEqual(tcp("::1"));
  expect(parseAddress("[FE80::1%eth0]:3000")).toEqual(tcp("FE80::1%eth0"));
  expect(parseAddress("./api.sock")).toEqual({ kind: "unix", path: "./api.sock" });
  expect(parseAddress("/run/a b.sock")).toEqual({ kind: "unix", path: "/run/a b.sock" });
});

test("anything else is told apart by what it seems to be", () => {
  for (const text of ["0", "65536", "api", "", ":", "a:b", "1.2.3:80", "[127.0.0.1]:80", "x/"]) {
    expect(parseAddress(text), text).toMatchObject({ message: expect.any(String) });
  }
  expect(parseAddress("unix:/run/api.sock")).toMatchObject({ help: "listen: /run/api.sock" });
  expect(parseAddress("tcp://0.0.0.0:80")).toMatchObject({ help: "listen: 80" });
  expect(parseAddress("::1")).toMatchObject({ help: 'listen: "[::1]:3000"' });
  expect(parseHost("::1", 0)).toBe("::1");
  expect(parseHost("[::1]", 0)).toBe("::1");
});

describe("two addresses clash", () => {
  const clash = (one: string | null, other: string | null) => isSameAddress(tcp(one), tcp(other));

  test("when one of them takes what comes for the other", () => {
    expect(clash(null, null)).toBe(true);
    expect(clash(null, "127.0.0.1")).toBe(true);
    expect(clash("::", "127.0.0.1")).toBe(true);
    expect(clash(null, "::")).toBe(true);
    expect(clash("0.0.0.0", "127.0.0.1")).toBe(true);
    expect(clash("::1", "::1")).toBe(true);
    expect(clash("0.0.0.0", "::1")).toBe(false);
    expect(clash("127.0.0.1", "127.0.0.2")).toBe(false);
    expect(clash("127.0.0.1", "::1")).toBe(false);
    expect(isSameAddress(tcp(null, 1), tcp(null, 2))).toBe(false);
    const unix = { kind: "unix", path: "/a", mode: 0o600 } as const;
    expect(isSameAddress(unix, { ...unix, mode: 0o666 })).toBe(true);
    expect(isSameAddress(unix, tcp(null))).toBe(false);
  });

  test("whichever is named first", () => {
    const host = fc.constantFrom(null, "::", "::1", "0.0.0.0", "127.0.0.1", "10.0.0.1");
    fc.assert(
      fc.property(host, host, (one, other) => {
        expect(clash(one, other)).toBe(clash(other, one));
      }),
    );
  });
});

test("an address in words is the same address again", () => {
  const host = fc.oneof(fc.constant(null), fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
      const read = name === null ? null : parseHost(name, 0);
      if (typeof read === "object" && read !== null) throw new Error(read.message);
      const address: ListenAddress = tcp(read, port);
      expect(parseAddress(addressText(address))).toEqual(address);
    }),
  );
});
