import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EventLog } from "../../src/supervisor/event-log.ts";

let folder: string;
let path: string;
let time = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-events-"));
  path = join(folder, "events.ndjson");
  time = Date.UTC(2026, 0, 1);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () => new EventLog(path, () => new Date(time));
const say = (log: EventLog, message: string) => log.add({ type: "supervisor", message });
const messages = (log: EventLog, since: number | string | null) =>
  log.past(since).map((event) => event.message);

test("numbers and history go on over the lives of supervisors", () => {
  const first = open();
  say(first, "one");
  say(first, "two");
  const second = open();
  expect(second.seq).toBe(2);
  expect(say(second, "three")).toMatchObject({ seq: 3, v: 1, kind: "event" });
  expect(messages(second, null)).toEqual(["one", "two", "three"]);
  expect(messages(second, 1)).toEqual(["two", "three"]);
});

test("history is asked by time too", () => {
  const log = open();
  say(log, "old");
  time += 60_000;
  say(log, "new");
  expect(messages(log, new Date(time - 1000).toISOString())).toEqual(["new"]);
});

test("followers hear what comes, until they leave or there is no more", () => {
  const log = open();
  const heard: string[] = [];
  const leave = log.follow(
    (event) => heard.push(event.message),
    () => heard.push("end"),
  );
  log.follow(
    () => undefined,
    () => heard.push("other end"),
  );
  say(log, "a");
  leave();
  say(log, "b");
  log.end();
  expect(heard).toEqual(["a", "other end"]);
});

test("a line that a crash tore is left out, and does not swallow the next one", () => {
  say(open(), "one");
  writeFileSync(path, `${readFileSync(path, "utf8")}{"v":1,"kind":"eve`);
  const log = open();
  say(log, "two");
  expect(messages(open(), null)).toEqual(["one", "two"]);
});

test("the file is bounded, for this user alone, and what was moved away can still be asked for", () => {
  const log = open();
  const long = "x".repeat(2000);
  for (let count = 0; count < 3500; count++) say(log, long);
  expect(statSync(path).size).toBeLessThan(5_000_000);
  expect(statSync(`${path}.1`).size).toBeLessThan(5_000_000);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const again = open();
  expect(again.seq).toBe(3500);
  // Memory holds the end of the file; the rest is read when it is asked for.
  expect(again.past(null).length).toBeLessThan(200);
  const all = again.past(1000);
  expect(all[0]?.seq).toBe(1001);
  expect(all).toHaveLength(2500);
});

test("events are kept in memory when the disk takes nothing", () => {
  const log = new EventLog(join(folder, "no", "such", "folder", "e"), () => new Date(time));
  say(log, "one");
  expect(messages(log, null)).toEqual(["one"]);
});
