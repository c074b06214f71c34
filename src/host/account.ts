import { execFileSync } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { findProgram } from "./program.ts";

/** Whom a program runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** null: a number without a name. */
  readonly name: string | null;
  readonly home: string | null;
  readonly shell: string | null;
}

/** How to become that account. */
export interface Switch {
  readonly account: Account;
  /** Put before the program; keeps the user's supplementary groups. */
  readonly wrapper: readonly string[] | null;
}

/**
 * What `user` and `group` ask for, or null where nothing changes. Throws an Error with one sentence when
 * there is no such user or group, or when only root could do it.
 */
export function switchTo(user: string | null, group: string | null): Switch | null {
  if (user === null && group === null) return null;
  const ownUid = process.getuid?.() ?? 0;
  const ownGid = process.getgid?.() ?? 0;
  const base = user === null ? findUser(String(ownUid)) : findUser(user);
  if (base === null) throw new Error(`there is no user "${user ?? ownUid}"`);
  const gid = group === null ? base.gid : findGroup(group);
  if (gid === null) throw new Error(`there is no group "${group}"`);
  const account = { ...base, gid };
  if (account.uid === ownUid && account.gid === ownGid) return null;
  if (ownUid !== 0) throw new Error("only root may run a program as another user or group");
  return { account, wrapper: wrapperFor(account) };
}

/** HOME, USER, LOGNAME and SHELL of an account, as a login would set them. */
export function accountEnvironment(account: Account): Readonly<Record<string, string>> {
  const env: Record<string, string> = {};
  if (account.home !== null) env.HOME = account.home;
  if (account.shell !== null) env.SHELL = account.shell;
  if (account.name !== null) {
    env.USER = account.name;
    env.LOGNAME = account.name;
  }
  return env;
}

/** Node can drop to a user, but not take the user's groups along: setpriv of util-linux can. */
function wrapperFor(account: Account): readonly string[] | null {
  const setpriv = findProgram("setpriv", "/", "/usr/bin:/bin:/usr/sbin:/sbin");
  if (setpriv.kind !== "found" || basename(realpathSync(setpriv.path)) === "busybox") return null;
  const groups = account.name === null ? "--clear-groups" : "--init-groups";
  return [setpriv.path, `--reuid=${account.uid}`, `--regid=${account.gid}`, groups, "--"];
}

function findUser(user: string): Account | null {
  const isNumber = /^\d+$/.test(user);
  const fields = entry("passwd", user, isNumber ? 2 : 0);
  if (fields !== null) {
    const [name = user, , uid, gid, , home = null, shell = null] = fields;
    return { uid: Number(uid), gid: Number(gid), name, home, shell: shell === "" ? null : shell };
  }
  const found = isNumber ? Number(user) : askId("-u", user);
  if (found === null) return null;
  const gid = isNumber ? found : (askId("-g", user) ?? found);
  return { uid: found, gid, name: isNumber ? null : user, home: null, shell: null };
}

function findGroup(group: string): number | null {
  if (/^\d+$/.test(group)) return Number(group);
  const fields = entry("group", group, 0);
  return fields === null ? null : Number(fields[2]);
}

/** One line of a database of users: from /etc, else from wherever getent looks. */
function entry(database: "passwd" | "group", key: string, column: number): string[] | null {
  const lines = [
    () => readFileSync(`/etc/${database}`, "utf8"),
    () => ask("getent", [database, key]),
  ];
  for (const read of lines) {
    const found = (attempt(read) ?? "")
      .split("\n")
      .map((line) => line.split(":"))
      .find((fields) => fields[column] === key);
    if (found !== undefined) return found;
  }
  return null;
}

function askId(option: string, user: string): number | null {
  const text = attempt(() => ask("id", [option, user]));
  return text === null ? null : Number(text);
}

function ask(program: string, args: readonly string[]): string {
  return execFileSync(program, [...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    timeout: 2_000,
  });
}

function attempt(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}
