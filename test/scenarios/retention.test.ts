import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createProject, type Project } from "../rig/project.ts";
import { until } from "../rig/until.ts";

/** Prints numbered lines of a hundred bytes, two hundred each ten milliseconds, while there is a file `go`. */
const PRINTER = `
const fs = require("node:fs");
let at = 0;
setInterval(() => {
  if (!fs.existsSync("go")) return;
  let text = "";
  for (let i = 0; i < 200; i++, at++) text += ("line " + at + " ").padEnd(99, "x") + "\\n";
  fs.writeSync(1, text);
  fs.writeFileSync("at", String(at));
}, 10);
`;

function yaml(log: string, project = "{}"): string {
  return `
log: ${project}
services:
  printer:
    command: [node, printer.js]
    log: ${log}
  other:
    command: 'echo "other was here"; exec sleep 1000'
`;
}

function runsOf(project: Project): string {
  const state = join(project.stateFolder, "state");
  return join(state, readdirSync(state)[0] ?? "", "runs");
}

/** Archives of printer.1, tombstones left out. */
function archives(project: Project): string[] {
  const folder = join(runsOf(project), "printer.1");
  return existsSync(folder)
    ? readdirSync(folder).filter((name) => /@\d+-\d+(\.t)?(\.gz)?$/.test(name))
    : [];
}

function bytesOn(project: Project, slot: string): number {
  const folder = join(runsOf(project), slot);
  const sizes = readdirSync(folder).map(
    (name) => statSync(join(folder, name), { throwIfNoEntry: false })?.blocks ?? 0,
  );
  return sizes.reduce((sum, blocks) => sum + blocks * 512, 0);
}

const printed = (project: Project) => Number(readFileSync(join(project.folder, "at"), "utf8"));

async function print(project: Project, lines: number): Promise<void> {
  const from = existsSync(join(project.folder, "at")) ? printed(project) : 0;
  project.write("go", "");
  await until(
    "it has printed",
    () => existsSync(join(project.folder, "at")) && printed(project) > from + lines,
    60_000,
  );
  rmSync(join(project.folder, "go"));
}

test("archives are kept by number, and an edit of log changes that for what runs, without touching it", async () => {
  await using project = createProject(yaml("{ max_size: 200KB, keep: 4 }"));
  project.write("printer.js", PRINTER);
  expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
  const pids = [await project.pids("printer"), await project.pids("other")];
  await print(project, 30_000);
  await until("four are left", () => archives(project).length === 4, 30_000);

  project.write("procs.yaml", yaml("{ max_size: 200KB, keep: 1, compress: false }"));
  const reload = await project.procs("reload", "-y");
  expect(reload, reload.stderr).toMatchObject({ code: 0 });
  await until("one is left", () => archives(project).length === 1, 30_000);
  project.write("procs.yaml", yaml("{ max_size: 50KB, keep: 6, compress: false }"));
  expect(await project.procs("reload", "-y")).toMatchObject({ code: 0 });
  await print(project, 6_000);
  await until(
    "six are there, of the new size",
    () => {
      const sizes = archives(project).map(
        (name) => /@(\d+)-(\d+)/.exec(name)?.slice(1).map(Number) ?? [0, 0],
      );
      return sizes.length === 6 && sizes.every(([from = 0, to = 0]) => to - from <= 50_000);
    },
    30_000,
  );
  expect([await project.pids("printer"), await project.pids("other")]).toEqual(pids);

  // What is left is the end, whole and in order.
  const { stdout } = await project.procs("logs", "printer", "-n", "all", "--no-prefix");
  const lines = stdout.split("\n").filter((line) => line.startsWith("line "));
  const numbers = lines.map((line) => Number(/^line (\d+)/.exec(line)?.[1]));
  const last = printed(project) - 1;
  expect(numbers.length).toBeGreaterThan(3_000);
  expect(numbers).toEqual(numbers.map((_, at) => last - numbers.length + 1 + at));
}, 150_000);

test("the caps of a service and of the project hold over all that is stored, and spare the last words of others", async () => {
  await using project = createProject(
    yaml("{ max_size: 100KB, keep: 1000, max_total: 600KB, compress: false }"),
  );
  project.write("printer.js", PRINTER);
  await project.procs("up", "-d");
  await print(project, 20_000);
  await until(
    "the service is within its cap",
    () => bytesOn(project, "printer.1") <= 600_000,
    30_000,
  );
  expect(bytesOn(project, "printer.1")).toBeGreaterThan(300_000);

  project.write(
    "procs.yaml",
    yaml("{ max_size: 100KB, keep: 1000, compress: false }", "{ max_total: 300KB }"),
  );
  expect(await project.procs("reload", "-y")).toMatchObject({ code: 0 });
  await until(
    "the project is within its cap",
    () => bytesOn(project, "printer.1") <= 300_000,
    30_000,
  );
  expect((await project.procs("logs", "other")).stdout).toContain("other was here");
}, 150_000);

test("a crash loop leaves the last words of the last crash, and not a file for each", async () => {
  await using project = createProject(`
services:
  loop:
    command: 'echo "crash $PROCS_RUN"; echo "FATAL: it is over" >&2; exit 1'
    restart: { backoff: 10ms, max: 1000, window: 10s }
    log: { keep: 0, max_size: 10KB }
`);
  await project.procs("up", "-d", "--no-wait");
  const folder = () => join(runsOf(project), "loop.1");
  await until(
    "it has crashed often",
    () => {
      const names = existsSync(folder()) ? readdirSync(folder()) : [];
      return names.some((name) => Number.parseInt(name, 10) > 30);
    },
    60_000,
  );
  await until(
    "few are left",
    () => new Set(readdirSync(folder()).map((name) => Number.parseInt(name, 10))).size <= 6,
    30_000,
  );
  expect(await project.procs("stop", "loop")).toMatchObject({ code: 0 });
  const { stdout } = await project.procs("logs", "loop");
  expect(stdout).toContain("FATAL: it is over");
}, 120_000);
