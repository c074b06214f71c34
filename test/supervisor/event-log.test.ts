import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
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

test("an event file that somebody edited loses what makes no sense, and no number is given twice", () => {
  const line = (fields: object) =>
    `${JSON.stringify({ v: 1, kind: "event", time: "2026-01-01T00:00:00.000Z", type: "state", message: "m", ...fields })}\n`;
  const wrong = [
    { seq: 2 ** 60 },
    { seq: -1 },
    { seq: "7" },
    { seq: 1.5 },
    { seq: 5, v: 2 },
    { seq: 5, message: 7 },
    { seq: 5, time: "yesterday" },
    { seq: 5, service: {} },
    { seq: 5, by: null },
    { seq: 5, by: { user: 1 } },
  ];
  writeFileSync(
    path,
    `${line({ seq: 9, message: "nine" })}[]\nnull\n"x"\n7\n\0\0\n${wrong.map(line).join("")}${line({ seq: 3, message: "three" })}`,
  );
  const log = open();
  expect(messages(log, null)).toEqual(["nine", "three"]);
  expect(say(log, "next").seq).toBe(10);
});

test.each([
  ["a folder", () => mkdirSync(path)],
  ["a fifo", () => execFileSync("mkfifo", [path])],
  ["a link to nowhere", () => symlinkSync(join(folder, "nowhere"), path)],
  ["gigabytes of nothing", () => sparse(path, 8 * 1024 ** 3)],
])("with %s in its place events are kept in memory", (_name, put) => {
  put();
  const log = open();
  say(log, "one");
  expect(messages(log, null)).toEqual(["one"]);
  expect(messages(log, 0)).toEqual(["one"]);
});

test("nothing is written through a link that appears while it runs", () => {
  const log = open();
  say(log, "one");
  const foreign = join(folder, "precious");
  writeFileSync(foreign, "mine");
  rmSync(path);
  symlinkSync(foreign, path);
  say(log, "two");
  expect(readFileSync(foreign, "utf8")).toBe("mine");
  expect(messages(log, null)).toEqual(["one", "two"]);
});

test("a file that is removed while it runs comes back, and one with the clock set back keeps its order", () => {
  const log = open();
  say(log, "one");
  rmSync(path);
  time -= 3_600_000;
  say(log, "two");
  time += 7_200_000;
  say(log, "three");
  expect(messages(log, null)).toEqual(["one", "two", "three"]);
  expect(messages(log, 1)).toEqual(["two", "three"]);
  expect(messages(log, new Date(time - 1000).toISOString())).toEqual(["three"]);
  expect(messages(open(), null)).toEqual(["two", "three"]);
});

/** Holds no blocks, so it costs nothing but its length. */
function sparse(file: string, size: number): void {
  appendFileSync(file, "{");
  truncateSync(file, size);
}

test("what could not be stored is stored when it can be, in order and once", () => {
  const log = open();
  say(log, "one");
  rmSync(folder, { recursive: true });
  say(log, "two");
  say(log, "three");
  expect(messages(log, null)).toEqual(["one", "two", "three"]);
  mkdirSync(folder);
  log.save();
  log.save();
  expect(messages(open(), null)).toEqual(["two", "three"]);
});

test("as long as room can be made, an event is tried again at once", () => {
  const log = open();
  rmSync(folder, { recursive: true });
  let asked = 0;
  log.onFull = () => {
    asked += 1;
    if (asked === 3) mkdirSync(folder);
    return true;
  };
  say(log, "one");
  expect(asked).toBe(3);
  expect(messages(open(), null)).toEqual(["one"]);
});

test("of what waits for room only so much waits, the newest", () => {
  const log = open();
  rmSync(folder, { recursive: true });
  for (let number = 1; number <= 1_200; number += 1) say(log, String(number));
  mkdirSync(folder);
  log.save();
  const stored = messages(open(), 0);
  expect([stored.length, stored[0], stored.at(-1)]).toEqual([1_000, "201", "1200"]);
});
