import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { newKeepers, slay } from "../rig/deaths.ts";
import { type Counts, failures, startLoad } from "../rig/load.ts";
import { createProject, type Project } from "../rig/project.ts";
import { freePort, isInstalled, PLAIN, yamlOf } from "../rig/served.ts";
import { until } from "../rig/until.ts";

const EXAMPLES = resolve(import.meta.dirname, "../../examples");
const LIMIT_MS = 120_000;

/** A program under load: what procs.yaml says of it, for a port and a generation. */
interface Program {
  readonly name: string;
  readonly needs: string | null;
  /** A folder below examples/ that it lives in. */
  readonly example: string | null;
  service(port: number, generation: string): Readonly<Record<string, unknown>>;
}

const env = (generation: string) => ({
  DELAY_MS: "5",
  GENERATION: generation,
  GREETING: generation,
});

const SHARED: Program = {
  name: "a plain Node server on a shared socket",
  needs: null,
  example: null,
  service: (port, it) => ({ command: PLAIN, listen: port, instances: 2, env: env(it) }),
};

const PROXIED: Program = {
  name: "a plain Node server behind the proxy",
  needs: null,
  example: null,
  service: (port, it) => ({ ...SHARED.service(port, it), listen: { port, mode: "proxy" } }),
};

const GUNICORN: Program = {
  name: "gunicorn",
  needs: "gunicorn",
  example: "gunicorn",
  service: (port, it) => ({
    command: ["gunicorn", "--threads", "4", "--keep-alive", "0", "app:app"],
    listen: port,
    instances: 2,
    env: env(it),
  }),
};

const NGINX: Program = {
  name: "nginx",
  needs: "nginx",
  example: "nginx",
  service: (port, it) => ({
    command: ["sh", "nginx.sh"],
    listen: port,
    instances: 2,
    env: env(it),
    stop: { signal: "SIGUSR1", timeout: "30s" },
  }),
};

for (const program of [SHARED, PROXIED, GUNICORN, NGINX]) {
  const isThere =
    program.needs === null || isInstalled(program.needs, `${program.name} under load`);
  test.skipIf(!isThere)(
    `${program.name}: reloads under load lose no request`,
    async () => {
      await using site = await up(program);
      await using kept = startLoad(site.url);
      await using fresh = startLoad(site.url, { close: true });
      for (const generation of ["2", "3"]) {
        const before = await site.project.pids("web");
        expect(await site.reload(generation)).toMatchObject({ code: 0 });
        const after = await site.project.pids("web");
        expect(after).toHaveLength(2);
        for (const pid of after) expect(before).not.toContain(pid);
      }
      await nothingFailed(kept, fresh);
    },
    LIMIT_MS,
  );
}

for (const program of [SHARED, PROXIED]) {
  test(
    `${program.name}: reloads under load while the supervisor is killed lose no request`,
    async () => {
      await using site = await up(program);
      await using kept = startLoad(site.url);
      await using fresh = startLoad(site.url, { close: true });
      for (const generation of ["2", "3"]) {
        const before = await site.project.pids("web");
        const reload = site.reload(generation);
        await until("a first new instance is there", async () =>
          (await site.project.pids("web")).some((pid) => pid !== null && !before.includes(pid)),
        );
        const killed = await slay(site.project, "supervisor");
        expect(await reload).toMatchObject({ code: 0 });
        await newKeepers(site.project, { supervisor: killed.supervisor });
        for (const pid of await site.project.pids("web")) expect(before).not.toContain(pid);
      }
      await nothingFailed(kept, fresh);
    },
    LIMIT_MS,
  );

  test(
    `${program.name}: a version that throws at boot costs no request, and the old one stays`,
    async () => {
      await using site = await up(program);
      await using kept = startLoad(site.url);
      await using fresh = startLoad(site.url, { close: true });
      const before = await site.project.pids("web");
      const reload = await site.reload("2", { VERSION: "throws" });
      expect(reload).toMatchObject({ code: 6 });
      expect(reload.stdout + reload.stderr).toContain("this version cannot start");
      expect(await site.project.pids("web")).toEqual(before);
      await nothingFailed(kept, fresh);
    },
    LIMIT_MS,
  );

  test(
    `${program.name}: a version that takes long to boot costs no request`,
    async () => {
      await using site = await up(program);
      await using kept = startLoad(site.url);
      await using fresh = startLoad(site.url, { close: true });
      expect(await site.reload("2", { VERSION: "slow", BOOT_MS: "3000" })).toMatchObject({
        code: 0,
      });
      await nothingFailed(kept, fresh);
    },
    LIMIT_MS,
  );
}

test(
  "an instance that is killed costs the requests it had, and no connection is refused",
  async () => {
    await using site = await up(SHARED);
    await using kept = startLoad(site.url);
    await using fresh = startLoad(site.url, { close: true });
    const [pid] = await site.project.pids("web");
    process.kill(pid ?? 0, "SIGKILL");
    await until("another one is there", async () => {
      const [now] = await site.project.pids("web");
      return now !== null && now !== pid && (await site.project.service("web")).state === "ready";
    });
    expect(await site.reload("2")).toMatchObject({ code: 0 });
    for (const counts of [await kept.end(), await fresh.end()]) {
      expect(counts).toMatchObject({ refused: 0, timeout: 0, other: 0 });
      // What it had accepted, or was asked at that moment: at most all of the client's connections.
      expect(counts.reset).toBeLessThanOrEqual(20);
    }
  },
  LIMIT_MS,
);

for (const instances of [2, 4]) {
  test(
    `${instances} instances of a plain Node server: none has more than twice another's share of kept connections`,
    async () => {
      await using site = await up({
        ...SHARED,
        service: (port, it) => ({ ...SHARED.service(port, it), instances }),
      });
      await using kept = startLoad(site.url, { connections: 48, seconds: 3 });
      const pids = (await site.project.pids("web")).map(String);
      const { shares, ...counts } = await kept.end();
      expect(counts).toMatchObject({ ok: counts.requests });
      expect(Object.keys(shares).sort()).toEqual(pids.sort());
      const connections = Object.values(shares).map((share) => share.connections);
      expect(Math.max(...connections)).toBeLessThanOrEqual(2 * Math.min(...connections));
    },
    LIMIT_MS,
  );
}

/** A project whose one service serves. */
interface Site extends AsyncDisposable {
  readonly project: Project;
  readonly url: string;
  reload(generation: string, more?: Record<string, string>): ReturnType<Project["procs"]>;
}

async function up(program: Program): Promise<Site> {
  const port = await freePort();
  const project = createProject(yamlOf("web", program.service(port, "1")));
  if (program.example !== null) {
    const folder = join(EXAMPLES, program.example);
    cpSync(folder, project.folder, { recursive: true, filter: (file) => !file.endsWith(".yaml") });
  }
  if (program.example === "nginx") {
    const file = join(project.folder, "nginx.conf");
    writeFileSync(file, readFileSync(file, "utf8").replaceAll("8080", String(port)));
  }
  const { code, stdout, stderr } = await project.procs("up", "-d");
  expect(code, stdout + stderr).toBe(0);
  return {
    project,
    url: `http://127.0.0.1:${port}/`,
    reload(generation, more = {}) {
      const service = program.service(port, generation);
      const all = { ...service, env: { ...env(generation), ...more } };
      project.write("procs.yaml", yamlOf("web", all));
      return project.procs("reload", "-y");
    },
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  };
}

async function nothingFailed(...loads: readonly { end(): Promise<Counts> }[]): Promise<void> {
  const counted = await Promise.all(loads.map((load) => load.end()));
  expect(counted.map(failures)).toEqual(counted.map(() => ({})));
  for (const counts of counted) expect(counts.ok).toBeGreaterThan(100);
}
