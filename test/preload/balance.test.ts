import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { until } from "../rig/until.ts";
import { createRig, NODES, type Program, type Rig } from "./rig.ts";

const rigs: Rig[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const rig of rigs.splice(0)) rig.close();
});

const COUNTER = `
  import { createServer } from "node:http";
  createServer()
    .on("connection", () => console.log("one"))
    .listen(process.env.PORT, () => console.log("listening"));`;

async function startSome(count: number, NODE: string): Promise<{ rig: Rig; all: Program[] }> {
  const rig = await createRig();
  rigs.push(rig);
  const all: Program[] = [];
  for (let i = 0; i < count; i++) all.push(await rig.run("a.mjs", COUNTER, { NODE }));
  return { rig, all };
}

function open(rig: Rig): void {
  const socket = connect(rig.port, "127.0.0.1");
  socket.on("error", () => undefined);
  sockets.push(socket);
}

function shares(all: readonly Program[]): readonly number[] {
  return all.map((program) => program.said().split("one\n").length - 1);
}

function whole(all: readonly Program[]): number {
  return shares(all).reduce((sum, each) => sum + each, 0);
}

describe.each(NODES)("in %s", (NODE) => {
  test.each([
    [2, 8, "at once"],
    [2, 50, "at once"],
    [4, 50, "at once"],
    [2, 10, "one by one"],
    [4, 12, "one by one"],
  ])(
    "of %i processes with %i connections, opened %s, none has more than twice another's",
    async (processes, connections, how) => {
      const { rig, all } = await startSome(processes, NODE);
      for (let i = 1; i <= connections; i++) {
        open(rig);
        if (how === "one by one") await until("it is accepted", () => whole(all) === i);
      }
      await until("all are accepted", () => whole(all) === connections);
      const counts = shares(all);
      expect(Math.max(...counts), counts.join(" ")).toBeLessThanOrEqual(2 * Math.min(...counts));
    },
  );
});

test("one that hangs with fewer connections stops nobody, nor does one that was killed", async () => {
  const { rig, all } = await startSome(2, process.execPath);
  for (let i = 1; i <= 4; i++) {
    open(rig);
    await until("it is accepted", () => whole(all) === i);
  }
  const [first, second] = all;
  first?.signal("SIGSTOP");
  const at = performance.now();
  for (let i = 5; i <= 14; i++) {
    open(rig);
    await until("it is accepted", () => whole(all) === i);
  }
  expect(performance.now() - at).toBeLessThan(5_000);
  expect(shares(all)[0]).toBe(2);
  first?.signal("SIGKILL");
  await first?.exit;
  open(rig);
  await until("it is accepted", () => shares(all)[1] === 13);
  second?.signal("SIGKILL");
});
