import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { slay } from "../rig/deaths.ts";
import { createProject, type Project } from "../rig/project.ts";
import { freePort, PLAIN } from "../rig/served.ts";
import { until } from "../rig/until.ts";

const LONG_MS = 120_000;

const strangers: ChildProcess[] = [];
afterEach(() => {
  for (const stranger of strangers.splice(0)) stranger.kill("SIGKILL");
});

/** Somebody else's program on that port, which is called squatter.mjs. */
async function squat(project: Project, port: number): Promise<ChildProcess> {
  const script = join(project.folder, "squatter.mjs");
  writeFileSync(script, `import net from "node:net"; net.createServer().listen(${port});`);
  const stranger = spawn(process.execPath, [script], { stdio: "ignore", cwd: project.folder });
  strangers.push(stranger);
  await until("it listens", () => isOpen(port));
  return stranger;
}

async function leave(stranger: ChildProcess, port: number): Promise<void> {
  stranger.kill("SIGKILL");
  await until("the port is free", async () => !(await isOpen(port)));
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => socket.destroy());
    socket.once("error", () => resolve(false));
    socket.once("close", (hadError) => resolve(!hadError));
  });
}

/** In lines, so that a place in it can be told. */
function yaml(services: Readonly<Record<string, Readonly<Record<string, unknown>>>>): string {
  const lines = Object.entries(services).flatMap(([name, keys]) => [
    `  ${name}:`,
    ...Object.entries(keys).map(([key, value]) => `    ${key}: ${JSON.stringify(value)}`),
  ]);
  return `services:\n${lines.join("\n")}\n`;
}

const db = { command: "sleep 1000" };

test(
  "the first up says who has the port, starts nothing, and when it is free the same command works",
  async () => {
    const port = await freePort();
    const api = { command: PLAIN, listen: port };
    await using project = createProject(yaml({ db, api }));
    const stranger = await squat(project, port);
    const who = `squatter.mjs (pid ${stranger.pid}, user `;
    const plan = await project.procs("plan");
    expect(plan).toMatchObject({ code: 0 });
    expect(plan.stdout).toMatch(new RegExp(`api +blocked, :${port} is taken by .*squatter\\.mjs`));
    expect(plan.stdout.replaceAll(/\s+/g, " ")).toContain(who);
    const json = JSON.parse((await project.procs("plan", "--json")).stdout);
    expect(json.services).toMatchObject([
      { service: "db", action: "start" },
      { service: "api", action: "blocked", words: expect.stringContaining(who) },
    ]);
    const refused = await project.procs("up", "-d");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain(
      `error[P301]: api cannot listen on :${port}, it is taken\n  --> procs.yaml:6\n  held by  `,
    );
    expect(refused.stderr).toContain(`squatter.mjs   pid ${stranger.pid}, user `);
    expect(refused.stderr).toContain(`           started in ${project.folder}\n`);
    expect(refused.stderr).toContain(`  help: stop it: kill ${stranger.pid}\n`);
    expect(refused.stderr).toContain("listen in procs.yaml:6");
    expect((await project.snapshot()).services).toEqual([]);
    await leave(stranger, port);
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    expect(await isOpen(port)).toBe(true);
  },
  LONG_MS,
);

test(
  "a reload that wants a taken port touches nothing, and applies none of the file's other edits",
  async () => {
    const [port, taken] = [await freePort(), await freePort()];
    const api = { command: PLAIN, listen: port };
    await using project = createProject(yaml({ db, api }));
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    const pids = [await project.pids("db"), await project.pids("api")];
    const stranger = await squat(project, taken);
    const edited = { db: { ...db, env: { A: "1" } }, api: { ...api, listen: [port, taken] } };
    project.write("procs.yaml", yaml(edited));
    const plan = await project.procs("plan");
    expect(plan.stdout).toContain(`blocked, :${taken} is taken by`);
    for (const words of [["reload"], ["up", "-d"], ["restart", "api"]]) {
      const refused = await project.procs(...words, "--json");
      expect([words, refused.code]).toEqual([words, 1]);
      expect(JSON.parse(refused.stderr)).toMatchObject({
        ...{ v: 1, kind: "error", code: "P301", file: "procs.yaml", line: 7 },
        message: `api cannot listen on :${taken}, it is taken`,
        facts: [{ label: "held by", text: expect.stringContaining(`pid ${stranger.pid}`) }, {}],
      });
    }
    expect([await project.pids("db"), await project.pids("api")]).toEqual(pids);
    expect(JSON.parse((await project.procs("plan", "--json")).stdout).summary.change).toBe(2);
    expect(await isOpen(port)).toBe(true);
    await leave(stranger, taken);
    expect(await project.procs("reload")).toMatchObject({ code: 0 });
    expect([await isOpen(port), await isOpen(taken)]).toEqual([true, true]);
  },
  LONG_MS,
);

test(
  "what is not refused: an address that this project has already, in whatever way",
  async () => {
    const port = await freePort();
    const byItself = { command: PLAIN, port, ready: { tcp: port } };
    await using project = createProject(yaml({ api: byItself }));
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    project.write("procs.yaml", yaml({ api: { command: PLAIN, listen: port } }));
    expect(await project.procs("reload")).toMatchObject({ code: 0 });
    project.write("procs.yaml", yaml({ api: { command: PLAIN, listen: `127.0.0.1:${port}` } }));
    expect(await project.procs("reload")).toMatchObject({ code: 0 });
    expect(await isOpen(port)).toBe(true);
  },
  LONG_MS,
);

test(
  "a port that was lost while no supervisor lived is bound by itself as soon as it is free",
  async () => {
    const port = await freePort();
    const lazy = { command: PLAIN, listen: { port, start: "on-demand" } };
    await using project = createProject(yaml({ db, lazy }));
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    const pids = await project.pids("db");
    await slay(project, "guardian", "supervisor");
    // Nothing runs that had it: only what its guardian waited with, for a moment.
    await until("nobody listens", async () => !(await isOpen(port)), 20_000);
    const stranger = await squat(project, port);
    const ps = await project.procs("ps");
    expect(ps).toMatchObject({ code: 0 });
    expect(await project.pids("db")).toEqual(pids);
    const why = await project.procs("why", "lazy");
    expect(why.stdout.replaceAll(/\s+/g, " ")).toContain(`squatter.mjs (pid ${stranger.pid}, `);
    await leave(stranger, port);
    await until("it is bound", () => isOpen(port), 30_000);
  },
  LONG_MS,
);
