import { connect } from "node:net";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { schemaOfKind } from "../../src/cli/json-kinds.ts";
import type { ServiceStatus, Snapshot } from "../../src/control/snapshot.ts";
import { createRig, type Rig } from "../rig/rig.ts";
import { freePort, PLAIN } from "../rig/served.ts";
import { until } from "../rig/until.ts";

interface Ports {
  readonly api: number;
  readonly mailer: number;
  readonly legacy: number;
  readonly db: number;
}

async function freePorts(): Promise<Ports> {
  const [api, mailer, legacy, db] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  return { api, mailer, legacy, db };
}

/** One service of each way to be reached. */
function yaml({ api, mailer, legacy, db }: Ports): string {
  const services = {
    api: { command: PLAIN, listen: api, instances: 2 },
    mailer: { command: PLAIN, listen: { port: mailer, start: "on-demand" } },
    legacy: { command: PLAIN, listen: { port: legacy, mode: "proxy" } },
    db: { command: PLAIN, port: db, ready: { tcp: true } },
  };
  return JSON.stringify({ name: "shop", services });
}

async function statusOf(rig: Rig, name: string): Promise<ServiceStatus> {
  const { stdout } = await rig.procs("ps", "--json");
  // What `ps --json` prints is a Snapshot: its schema is checked below.
  const { services } = JSON.parse(stdout) as Snapshot;
  const found = services.find((service) => service.name === name);
  if (found === undefined) throw new Error(`${name} is not in ${stdout}`);
  return found;
}

test("what procs listens on is on every screen", { timeout: 120_000 }, async () => {
  const ports = await freePorts();
  await using rig = await createRig({ "procs.yaml": yaml(ports) });
  const plan = await rig.procs("plan");
  expect(plan.stdout).toContain(`start, 2 instances, listens on :${ports.api}`);
  expect(plan.stdout).toContain(`start on demand, listens on :${ports.mailer}`);
  expect(plan.stdout).not.toContain("legacy:proxy");

  const up = await rig.procs("up", "-d");
  expect(up).toMatchObject({ code: 0 });
  expect(up.stderr).toContain(`idle, listens on :${ports.mailer}`);
  expect(up.stderr).toMatch(/3 ready, 1 idle in /);
  expect(up.stderr).not.toContain("legacy:proxy");
  expect(await rig.procs("wait", "mailer", "--for", "idle")).toMatchObject({ code: 0 });

  const ps = await rig.procs("ps", "--json");
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(
    schemaOfKind("ps") ?? {},
  );
  expect([validate(JSON.parse(ps.stdout)), validate.errors]).toEqual([true, null]);
  expect(await statusOf(rig, "mailer")).toMatchObject({
    ...{ state: "idle", where: `:${ports.mailer}`, listens: [`:${ports.mailer}`], instances: [] },
  });
  const legacy = await statusOf(rig, "legacy");
  expect(legacy).toMatchObject({ where: `:${ports.legacy}`, needed_by: [] });
  expect(legacy.proxy?.pid).toBeGreaterThan(0);
  expect((await rig.procs("ps", "--exit-code")).code).toBe(0);

  const status = await rig.procs("status", "legacy");
  expect(status.stdout).toMatch(/proxy +ready +pid \d+ .*logs: procs logs legacy:proxy/);
  expect((await rig.procs("logs", "legacy:proxy")).stdout).toContain("accepts connections");
  expect((await rig.procs("why", "mailer")).stdout).toMatch(
    /mailer is idle: nobody has connected .* it starts with the first connection on :\d+\./,
  );
  expect((await rig.procs("env", "api")).stdout).toContain(`PORT\t${ports.api}`);
  const events = await rig.procs("events", "--type", "socket");
  expect(events.stdout).toContain(`legacy listens on :${ports.legacy}`);
});

test("connections are counted, of instances and of the proxy", { timeout: 120_000 }, async () => {
  const ports = await freePorts();
  await using rig = await createRig({ "procs.yaml": yaml(ports) });
  await rig.procs("up", "-d");
  const sockets = [ports.api, ports.api, ports.legacy].map((port) => connect(port, "127.0.0.1"));
  try {
    // A request that is never complete keeps its connection open.
    for (const socket of sockets) {
      socket.on("error", () => {});
      socket.write("GET / HTTP/1.1\r\n");
    }
    await until("connections", async () => {
      const [api, legacy] = [await statusOf(rig, "api"), await statusOf(rig, "legacy")];
      const sum = api.instances.reduce((all, one) => all + (one.connections ?? 0), 0);
      return api.connections === 2 && sum === 2 && legacy.connections === 1;
    });
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

test("a rolling restart is one, or is refused", { timeout: 120_000 }, async () => {
  const ports = await freePorts();
  await using rig = await createRig({ "procs.yaml": yaml(ports) });
  await rig.procs("up", "-d");
  const before = await statusOf(rig, "db");

  const rolled = await rig.procs("restart", "--rolling", "api", "legacy");
  expect(rolled).toMatchObject({ code: 0 });
  expect(rolled.stderr).toMatch(/~ api +1 of 2 replaced; api\.\d ready in /);
  expect(rolled.stderr).toMatch(/draining the old one, up to 30s/);
  expect(rolled.stderr).toMatch(/✓ api +restarted in /);

  const idle = await rig.procs("restart", "--rolling", "mailer");
  expect(idle).toMatchObject({ code: 0 });
  expect(idle.stderr).toContain(
    `idle, nothing to restart: starts with the first connection on :${ports.mailer}`,
  );
  expect((await rig.procs("start", "mailer")).stderr).toContain(
    `idle, listens on :${ports.mailer}: starts with the first connection`,
  );

  const refused = await rig.procs("restart", "--rolling", "db");
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toMatch(
    /error\[P504\]: db cannot be restarted without a gap: about \S+ of downtime, because it holds :\d+ alone/,
  );
  expect(refused.stderr).toContain(`listen: ${ports.db} in place of port`);
  expect((await statusOf(rig, "db")).instances[0]?.pid).toBe(before.instances[0]?.pid);

  // Of all, each as well as it can be.
  const all = await rig.procs("restart", "--rolling", "-y");
  expect(all).toMatchObject({ code: 0 });
  expect(all.stderr).toMatch(/db was not replaced rolling: about \S+ of downtime/);
  expect((await statusOf(rig, "db")).instances[0]?.pid).not.toBe(before.instances[0]?.pid);
});
