import { expect, test } from "vitest";
import { slay } from "../rig/deaths.ts";
import { createProject, type Project } from "../rig/project.ts";
import { until } from "../rig/until.ts";

/** The whole text that a service has printed, a line each, by `procs logs`. */
async function linesOf(project: Project, service: string): Promise<string[]> {
  const ran = await project.procs("logs", service, "--json", "--lines", "all");
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  const entries = ran.stdout
    .split("\n")
    .filter((text) => text !== "")
    .map((text): { kind: string; line: string } => JSON.parse(text));
  expect(entries.map((entry) => entry.kind).filter((kind) => kind !== "log")).toEqual([]);
  return entries.map((entry) => entry.line);
}

const CRASHES = 10;

test("the last words of a program that crashes are there, each time", async () => {
  await using project = createProject(`
services:
  crasher:
    command: for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo "line $i"; done; echo FATAL >&2; exit 1
    restart: { policy: always, backoff: 1ms..1ms, max: ${CRASHES}, window: 1m }
`);
  await project.procs("up", "-d");
  await project.reaches("crasher", "failed");
  const lines = await linesOf(project, "crasher");
  expect(lines.filter((line) => line === "FATAL")).toHaveLength(CRASHES);
  expect(lines).toHaveLength(CRASHES * 21);
});

test("a Node program's output is whole, though it calls process.exit at once", async () => {
  await using project = createProject(`
services:
  talker:
    kind: task
    command:
      - node
      - -e
      - for (let n = 0; n < 20000; n += 1) console.log(n + " straßen 😀 " + "x".repeat(80)); process.exit(0)
    log: { max_size: 200KB, keep: 1000 }
`);
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  await project.reaches("talker", "done");
  const lines = await linesOf(project, "talker");
  expect(lines).toHaveLength(20_000);
  expect(lines.every((line, at) => line.startsWith(`${at} straßen 😀 x`))).toBe(true);
});

test("what is printed while the supervisor dies again and again is stored once, in order, and rotated", async () => {
  await using project = createProject(`
services:
  talker:
    command:
      - node
      - -e
      - |
        let n = 0;
        const tick = () => {
          for (let k = 0; k < 20 && n < 30000; k += 1, n += 1) process.stdout.write(n + "x".repeat(90) + "\\n");
          if (n < 30000) setTimeout(tick, 5);
          else setInterval(() => {}, 1000);
        };
        tick();
    log: { max_size: 100KB, keep: 1000, compress: true }
`);
  await project.procs("up", "-d");
  for (let death = 0; death < 3; death += 1) await slay(project, "supervisor");
  await until("all is printed", async () => {
    const ran = await project.procs("logs", "talker", "--lines", "1");
    return ran.stdout.includes("29999x");
  });
  const lines = await linesOf(project, "talker");
  expect(lines.map((line) => Number.parseInt(line, 10))).toEqual(
    Array.from({ length: 30_000 }, (_, at) => at),
  );
});
