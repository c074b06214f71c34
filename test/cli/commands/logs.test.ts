import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parsedArgs, splitArgv } from "../../../src/cli/args.ts";
import { run } from "../../../src/cli/commands/logs.ts";
import { findCommand, GLOBAL_OPTIONS } from "../../../src/cli/commands.ts";
import { localEngine } from "../../../src/engines/local.ts";
import { UserError } from "../../../src/errors.ts";
import { projectPaths } from "../../../src/paths.ts";
import { eventually, type Stored, storedRuns } from "../../logs/stored.ts";
import { type TestContext, type TestSettings, testContext } from "../test-context.ts";

const NOON = Date.parse("2026-03-01T12:00:00Z");

/** Three instances and a restart; the test context's now is 12:04:31. */
function shop(stored: Stored): void {
  const at = (seconds: number) => ({ timeMs: NOON + seconds * 1000 });
  stored.write("api.1/1", "listening on 3000\n", at(1));
  stored.write("api.2/1", "\x1b[32mGET /cart\x1b[0m 200 8ms\n", at(238));
  stored.write("worker.1/1", "connect ECONNREFUSED 127.0.0.1:6379\n", at(239));
  stored.ledger("worker.1/1", "exit 1");
  stored.write("worker.1/2", '{"level":40,"msg":"retrying","in":"2s"}\n', at(240));
  stored.write("api.1/1", "error: payment provider timed out\n", {
    ...at(242),
    stream: "stderr",
  });
}

interface Ran {
  readonly code: number;
  readonly context: TestContext;
  readonly out: string;
  readonly err: string;
}

function prepare(stored: Stored, settings: TestSettings & { signal?: AbortSignal } = {}) {
  const paths = { ...projectPaths("/nowhere", {}, 0), runs: stored.runs };
  const context = testContext({ engine: localEngine(paths), ...settings });
  return settings.signal === undefined ? context : { ...context, signal: settings.signal };
}

function argsOf(line: string) {
  const command = findCommand("logs");
  if (command === null) throw new Error("there is no command logs");
  const argv = ["logs", ...line.split(" ").filter((word) => word !== "")];
  return parsedArgs(splitArgv(argv, GLOBAL_OPTIONS, findCommand), command);
}

async function logs(line: string, settings: TestSettings = {}): Promise<Ran> {
  using stored = storedRuns();
  shop(stored);
  const context = prepare(stored, settings);
  const code = await run(context, argsOf(line));
  return { code, context, out: context.outText(), err: context.errText() };
}

const PRETTY: TestSettings = { tty: true, globals: { color: "never" } };

describe("procs logs", () => {
  test("shows all services merged, with times and a rule at a restart, at a terminal", async () => {
    const { out, code } = await logs("--utc", PRETTY);
    expect(out).toBe(
      [
        "12:00:01 api.1  │ listening on 3000",
        "12:03:58 api.2  │ GET /cart 200 8ms",
        "12:03:59 worker │ connect ECONNREFUSED 127.0.0.1:6379",
        "   ── worker exit 1, restarted (run 2) ──",
        "12:04:00 worker │ retrying level=warn in=2s",
        "12:04:02 api.1  │ error: payment provider timed out",
        "",
      ].join("\n"),
    );
    expect(code).toBe(0);
  });

  test("is lines and nothing else when piped", async () => {
    const { out, err } = await logs("worker");
    expect(out).toBe(
      'connect ECONNREFUSED 127.0.0.1:6379\n{"level":40,"msg":"retrying","in":"2s"}\n',
    );
    expect(err).toBe("");
  });

  test("gives programs whole times with -t", async () => {
    expect((await logs("-t -n 1")).out).toBe(
      "2026-03-01T12:04:02.000Z api.1  │ error: payment provider timed out\n",
    );
  });

  test("searches, counts, and shows neighbours", async () => {
    const { out, err } = await logs("-S 1m -g error|refused -i -C 1 --utc --no-time", PRETTY);
    expect(out.split("\n").length - 1).toBe(5);
    expect(err).toBe("2 matches in 4 lines\n");
  });

  test.each([
    ["-n 1", "error: payment provider timed out\n"],
    ["--tail 0", ""],
    ["--lines=all -g listening", "listening on 3000\n"],
    ["--err", "error: payment provider timed out\n"],
    ["--stream err", "error: payment provider timed out\n"],
    ["worker --out -n 1", '{"level":40,"msg":"retrying","in":"2s"}\n'],
    ["worker --previous", "connect ECONNREFUSED 127.0.0.1:6379\n"],
    ["worker --run 1", "connect ECONNREFUSED 127.0.0.1:6379\n"],
    ["-U 2026-03-01T12:01Z", "listening on 3000\n"],
    ["-l error", "error: payment provider timed out\n"],
    ["api -g GET|error -v", "listening on 3000\n"],
    ["api.2 --raw", "\x1b[32mGET /cart\x1b[0m 200 8ms\n"],
  ])("%s", async (line, expected) => {
    const { out } = await logs(`${line} --no-prefix`);
    expect(out).toBe(expected);
  });

  test("is one object a line with --json", async () => {
    const { out } = await logs("worker -n 1", { json: true });
    expect(JSON.parse(out)).toEqual({
      v: 1,
      kind: "log",
      time: "2026-03-01T12:04:00.000Z",
      service: "worker",
      instance: 1,
      run: 2,
      stream: "stdout",
      level: "warn",
      line: '{"level":40,"msg":"retrying","in":"2s"}',
      seq: 0,
    });
    const some = await logs("-n 1", { json: true, globals: { fields: ["service", "seq"] } });
    expect(some.out).toBe('{"service":"api","seq":0}\n');
  });

  test("prints the files of the last run of each instance with --path", async () => {
    const { out } = await logs("worker api.2 --path --out");
    const names = out
      .trim()
      .split("\n")
      .map((path) => path.split("/").slice(-2).join("/"));
    expect(names).toEqual([join("api.2", "1.out"), join("worker.1", "2.out")]);
  });

  test("ends with 7 when asked whether something matches and nothing does", async () => {
    expect((await logs("-g nowhere --exit-code")).code).toBe(7);
    expect((await logs("-g nowhere")).code).toBe(0);
    expect((await logs("-g listening --exit-code")).code).toBe(0);
  });

  test("says that there is nothing", async () => {
    using stored = storedRuns();
    const context = prepare(stored);
    expect(await run(context, argsOf(""))).toBe(0);
    expect(context.outText()).toBe("");
    expect(context.errText()).toBe("nothing was written\n");
  });
});

test.each([
  ["-g (", /is not a regular expression/],
  ["-i", /needs --grep/],
  ["-l loud", /there is no level "loud"/],
  ["--stream both", /must be out or err/],
  ["-f --previous", /nothing to follow/],
  ["--previous --run 2", /both choose a run/],
  ["-S 5m -U 10m", /no line can lie between/],
  ["-S soon", /"soon" is not a time/],
  ["-n many", /must be a whole number/],
])("procs logs %s is wrong use", async (line, message) => {
  const failure = await logs(line).catch((error: unknown) => error);
  if (!(failure instanceof UserError)) throw new Error("it was not refused");
  expect(failure.exitCode).toBe(2);
  expect(failure.message).toMatch(message);
});

test("procs logs -f shows the last lines, then what comes, until it is interrupted", async () => {
  using stored = storedRuns();
  shop(stored);
  const interrupt = new AbortController();
  const context = prepare(stored, { signal: interrupt.signal });
  const done = run(context, argsOf("-f -n 1 --no-prefix"));
  const first = "error: payment provider timed out\n";
  await eventually(() => context.outText() === first, context.outText);
  stored.write("worker.1/3", "a new run\n");
  await eventually(() => context.outText() === `${first}a new run\n`, context.outText);
  interrupt.abort();
  expect(await done).toBe(0);
});
