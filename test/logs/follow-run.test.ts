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
