import { afterEach, expect, test } from "vitest";
import { ask, createRig, type Rig } from "./rig.ts";

const rigs: Rig[] = [];
afterEach(() => {
  for (const rig of rigs.splice(0)) rig.close();
});

async function createOne(): Promise<Rig> {
  const rig = await createRig();
  rigs.push(rig);
  return rig;
}

const MESSAGE = { PROCS_STOP_MESSAGE: "shutdown" };
const HEARS = `process.on("message", (text) => { console.log("heard", text); process.exit(3); });`;

test("a program that waits for a message gets it in place of the signal, once its requests are answered", async () => {
  const rig = await createOne();
  const text = `
    const { createServer } = require("http");
    createServer((q, a) => setTimeout(() => { console.log("answered"); a.end("x"); }, 500)).listen(process.env.PORT, () => console.log("listening"));
    ${HEARS}
    if (!process.send("ready")) throw new Error("no channel");`;
  const program = await rig.run("a.cjs", text, MESSAGE);
  const slow = ask(rig);
  await new Promise((done) => setTimeout(done, 200));
  program.signal("SIGTERM");
  expect(await slow).toMatchObject({ body: "x", connection: "close" });
  expect(await program.exit).toBe(3);
  expect(program.said()).toMatch(/answered\nheard shutdown/);
});

test("so does one without a server", async () => {
  const rig = await createOne();
  const text = `${HEARS} setInterval(() => {}, 1000); setTimeout(() => console.log("listening"), 20);`;
  const env = { ...MESSAGE, PROCS_LISTEN: "" };
  const program = await rig.run("a.cjs", text, env);
  program.signal("SIGTERM");
  expect(await program.exit).toBe(3);
  expect(program.said()).toContain("heard shutdown");
});

test("one that does not wait for it gets the signal", async () => {
  const rig = await createOne();
  const text = `setInterval(() => {}, 1000); console.log("listening");`;
  const program = await rig.run("a.cjs", text, MESSAGE);
  program.signal("SIGTERM");
  expect(await program.exit).toBe("SIGTERM");
});

test("a program that hears the signal gets it once, with its name and number, and may live on", async () => {
  const rig = await createOne();
  const text = `
    require("http").createServer((q, a) => a.end("x")).listen(process.env.PORT, () => console.log("listening"));
    process.on("SIGTERM", (...args) => console.log("got", ...args));`;
  const program = await rig.run("a.cjs", text);
  program.signal("SIGTERM");
  await program.says("got SIGTERM 15");
  program.signal("SIGKILL");
  await program.exit;
  expect(program.said().match(/got/g)).toHaveLength(1);
});

test("another signal goes by, and one after the server has gone ends the process as ever", async () => {
  const rig = await createOne();
  const text = `
    const server = require("http").createServer().listen(process.env.PORT, () => console.log("listening"));
    process.on("SIGUSR2", () => server.close(() => { setInterval(() => {}, 1000); console.log("closed"); }));`;
  const program = await rig.run("a.cjs", text);
  program.signal("SIGUSR2");
  await program.says("closed");
  program.signal("SIGTERM");
  expect(await program.exit).toBe("SIGTERM");
});
