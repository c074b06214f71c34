import { appendFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { FolderWatch } from "../../src/logs/folder-watch.ts";
import { eventually, storedRuns } from "./stored.ts";

test("a change is told by the name of its file", async () => {
  using stored = storedRuns();
  const { out, folder } = stored.files("api.1/1");
  const names: (string | null)[] = [];
  const look = (name: string | null) => {
    names.push(name);
    return false;
  };
  const watch = new FolderWatch(folder, { look, pollMs: 5 });
  appendFileSync(out, "x");
  await eventually(
    () => names.includes("1.out"),
    () => names.join(),
  );
  watch.close();
});

test("a flood is polled, and quiet brings the notices back", async () => {
  using stored = storedRuns();
  const { out, err, folder } = stored.files("api.1/1");
  const names: (string | null)[] = [];
  let isFlood = true;
  const look = (name: string | null) => {
    names.push(name);
    return isFlood;
  };
  const watch = new FolderWatch(folder, { look, pollMs: 5 });
  // The system makes one notice of equal ones that follow each other.
  for (let line = 0; line < 50; line += 1) appendFileSync(line % 2 ? out : err, "x\n");
  const polls = () => names.filter((name) => name === null).length;
  await eventually(
    () => polls() > 5,
    () => names.join(),
  );
  const told = names.length - polls();
  expect(told).toBeLessThan(10);
  isFlood = false;
  await eventually(
    () => {
      appendFileSync(out, "y\n");
      return names.length - polls() > told;
    },
    () => "no notice came",
  );
  watch.close();
});

test("a folder that is not there, or goes away, is quiet", async () => {
  using stored = storedRuns();
  const { out } = stored.files("api.1/1");
  const looks: (string | null)[] = [];
  const look = (name: string | null) => {
    looks.push(name);
    return false;
  };
  const absent = new FolderWatch(`${stored.runs}/nobody.1`, { look, pollMs: 5 });
  await eventually(
    () => looks.includes(null),
    () => "it was not looked at",
  );
  absent.close();
  const watch = new FolderWatch(dirname(out), { look, pollMs: 5 });
  rmSync(dirname(out), { recursive: true });
  watch.close();
});
