import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { followRun } from "../../src/logs/follow-run.ts";
import { eventually, storedRuns } from "./stored.ts";

test("every line of a run is told, also what was written before", async () => {
  using stored = storedRuns();
  stored.write("api.1/1", "before\n");
  const lines: string[] = [];
  const files = stored.files("api.1/1");
  const follower = followRun(files, (line, stream) => lines.push(`${stream} ${line}`));
  expect(lines).toEqual([]);
  stored.write("api.1/1", "\x1b[32mready\x1b[0m in 3 ms\n", { stream: "stderr" });
  await eventually(
    () => lines.length === 2,
    () => lines.join(),
  );
  expect(lines.toSorted()).toEqual(["stderr ready in 3 ms", "stdout before"]);
  follower.close();
});

test("a word without a newline is told as it stands", async () => {
  using stored = storedRuns();
  const lines: string[] = [];
  const follower = followRun(stored.files("api.1/1"), (line) => lines.push(line));
  stored.write("api.1/1", "ready");
  await eventually(
    () => lines.includes("ready"),
    () => lines.join(),
  );
  stored.write("api.1/1", " now\n");
  await eventually(
    () => lines.includes("ready now"),
    () => lines.join(),
  );
  follower.close();
});

test("only this run is told of, and nothing after the end", async () => {
  using stored = storedRuns();
  const lines: string[] = [];
  const follower = followRun(stored.files("api.1/1"), (line) => {
    lines.push(line);
    follower.close();
  });
  stored.write("api.1/2", "another run\n");
  stored.write("api.1/1", "one\ntwo\nthree\n");
  await eventually(
    () => lines.length > 0,
    () => "nothing came",
  );
  expect(lines).toEqual(["one"]);
});

test("every line is told over archives, compressed or not, and over what was dropped", async () => {
  using stored = storedRuns();
  const { out: live, folder, ...rest } = stored.files("api.1/1");
  const line = (at: number) => `${at}\n`.padStart(10, "0");
  const bytes = Array.from({ length: 1000 }, (_, at) => line(at)).join("");
  writeFileSync(join(folder, "1.out@1000-4000.gz"), gzipSync(bytes.slice(1000, 4000)));
  writeFileSync(join(folder, "1.out@4000-4005"), bytes.slice(4000, 4005));
  writeFileSync(live, Buffer.from(bytes).fill(0, 0, 4000));
  const told: number[] = [];
  const follower = followRun({ out: live, folder, ...rest }, (text) => told.push(Number(text)));
  await eventually(
    () => told.length >= 900,
    () => `${told.length} lines`,
  );
  follower.close();
  // One line was told before its second half was there to read, too.
  const whole = told.filter((number) => number > 0);
  expect(whole).toEqual(Array.from({ length: 900 }, (_, at) => at + 100));
});

test("a flood leaves room for other work", async () => {
  using stored = storedRuns();
  stored.write("api.1/1", "x\n".repeat(500_000));
  let told = 0;
  let turns = 0;
  const follower = followRun(stored.files("api.1/1"), () => {
    told += 1;
  });
  await eventually(
    () => {
      turns += 1;
      return told === 500_000;
    },
    () => `${told} lines`,
    30_000,
  );
  follower.close();
  expect(turns).toBeGreaterThan(3);
});
