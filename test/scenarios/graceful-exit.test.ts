import { cpSync, existsSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { createProject, type Project } from "../rig/project.ts";
import { freePort, isInstalled } from "../rig/served.ts";
import { until } from "../rig/until.ts";

const EXAMPLE = resolve(import.meta.dirname, "../../examples/graceful");

/** Each server of docs/graceful-exit.md: the port in the example, and what must be installed. */
const SERVERS = {
  node: { port: 4001, needs: null },
  pm2: { port: 4002, needs: null },
  python: { port: 4003, needs: "python3" },
  ruby: { port: 4004, needs: "ruby" },
  go: { port: 4005, needs: "go" },
} as const;

async function createExample(): Promise<{ project: Project; ports: ReadonlyMap<number, number> }> {
  const project = createProject("");
  cpSync(EXAMPLE, project.folder, { recursive: true });
  const ports = new Map<number, number>();
  let text = readFileSync(join(EXAMPLE, "procs.yaml"), "utf8");
  for (const { port } of Object.values(SERVERS)) {
    const free = await freePort();
    ports.set(port, free);
    text = text.replace(`listen: ${port}`, `listen: ${free}`);
  }
  project.write("procs.yaml", text);
  return { project, ports };
}

/** Status and text of an answer. */
function asked(port: number, path: string): Promise<string> {
  return new Promise((done, fail) => {
    request({ host: "127.0.0.1", port, path, agent: false }, (response) => {
      let body = "";
      response.on("data", (part) => (body += part));
      response.on("end", () => done(`${response.statusCode} ${body.trim()}`));
      response.on("error", fail);
    })
      .on("error", fail)
      .end();
  });
}

/** Whether a program has accepted a connection at that port: until then nobody has its inode. */
function isTaken(port: number): boolean {
  const digits = port.toString(16).toUpperCase().padStart(4, "0");
  const tables = ["/proc/net/tcp", "/proc/net/tcp6"].filter((path) => existsSync(path));
  const rows = tables.flatMap((path) => readFileSync(path, "utf8").split("\n"));
  const fields = rows.map((row) => row.trim().split(/\s+/));
  return fields.some((row) => row[1]?.endsWith(`:${digits}`) && row[3] === "01" && row[9] !== "0");
}

describe.each(Object.entries(SERVERS))("the server in %s", (name, { port: written, needs }) => {
  const isThere = needs === null || isInstalled(needs, `the graceful server in ${name}`);
  test.skipIf(!isThere)("finishes what it has begun, and leaves by itself", async () => {
    const { project, ports } = await createExample();
    await using _ = project;
    const up = await project.procs("up", "-d", "--profile", name, name);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    const port = ports.get(written) ?? 0;
    expect(await asked(port, "/")).toBe(`200 hello from ${name}`);
    const slow = asked(port, "/slow");
    // Taken, and not answered: from there on it is the program's.
    await until("it has a connection", () => isTaken(port));
    const stop = await project.procs("stop", name);
    expect(stop, stop.stdout + stop.stderr).toMatchObject({ code: 0 });
    expect(await slow).toBe(`200 hello from ${name}`);
    expect(stop.stdout + stop.stderr).not.toContain("killed");
  });
});

test("the worker in sh finishes its job", async () => {
  const { project } = await createExample();
  await using _ = project;
  const up = await project.procs("up", "-d", "worker");
  expect(up, up.stderr).toMatchObject({ code: 0 });
  const said = async () => (await project.procs("logs", "worker", "-n", "all")).stdout;
  await until("a job is begun", async () => (await said()).includes("job begun"));
  const stop = await project.procs("stop", "worker");
  expect(stop.stdout + stop.stderr).not.toContain("killed");
  const text = await said();
  expect(text).toMatch(/left between two jobs\s*$/);
  expect(text.split("job done")).toHaveLength(text.split("job begun").length);
});
