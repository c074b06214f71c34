import { describe, expect, test } from "vitest";
import { accountEnvironment, switchTo } from "../../src/host/account.ts";

const isRoot = process.getuid?.() === 0;

test("nothing asked for, or what we are already, changes nothing", () => {
  expect(switchTo(null, null)).toBe(null);
  expect(switchTo(String(process.getuid?.()), String(process.getgid?.()))).toBe(null);
});

test("a user or a group that is not there is named", () => {
  expect(() => switchTo("no-such-user", null)).toThrow('there is no user "no-such-user"');
  expect(() => switchTo(null, "no-such-group")).toThrow('there is no group "no-such-group"');
});

describe.skipIf(!isRoot)("as root", () => {
  test("a user by name and by number", () => {
    const byName = switchTo("nobody", null)?.account;
    expect(byName).toMatchObject({ uid: 65_534, name: "nobody" });
    expect(switchTo("65534", null)?.account).toEqual(byName);
  });

  test("a group of its own", () => {
    expect(switchTo("nobody", "root")?.account).toMatchObject({ uid: 65_534, gid: 0 });
    expect(switchTo(null, "12345")?.account).toMatchObject({ uid: 0, gid: 12_345 });
  });

  test("a number without a name has no home", () => {
    const account = switchTo("54321", "54321")?.account;
    expect(account).toMatchObject({ uid: 54_321, gid: 54_321, home: null });
  });
});

test.skipIf(isRoot)("another user is refused to all but root", () => {
  expect(() => switchTo("root", null)).toThrow("only root may run a program as another user");
});

test("only what is known about an account goes into its environment", () => {
  const account = { uid: 1, gid: 1, name: null, home: null, shell: null };
  expect(accountEnvironment(account)).toEqual({});
  expect(accountEnvironment({ ...account, name: "ana", home: "/home/ana" })).toEqual({
    USER: "ana",
    LOGNAME: "ana",
    HOME: "/home/ana",
  });
});
