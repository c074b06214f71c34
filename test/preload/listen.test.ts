import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ask, createRig, NODES, type Rig } from "./rig.ts";

const rigs: Rig[] = [];
afterEach(() => {
  for (const rig of rigs.splice(0)) rig.close();
});

async function createOne(kind?: "tcp" | "unix"): Promise<Rig> {
  const rig = await createRig(kind);
  rigs.push(rig);
  return rig;
}

const SERVER = `
  import { createServer } from "node:http";
  const server = createServer((request, response) => response.end(String(process.pid)));`;

describe.each(NODES)("in %s", (NODE) => {
  test("every form of listen gets the socket, one after the other in one process", async () => {
    const rig = await createOne();
    const text = `${SERVER}
      import { connect } from "node:net";
      import { once } from "node:events";
      const port = Number(process.env.PORT);
      const heard = () => { calls++; };
      let calls = 0;
      const forms = [
        [port], [String(port)], [port, "127.0.0.1"], [port, 100], [port, "::", 100],
        [port, heard], [port, "127.0.0.1", heard], [port, "127.0.0.1", 100, heard],
        [{ port }], [{ port: String(port), host: "localhost", backlog: 5, ipv6Only: true }, heard],
        [{ port, exclusive: true, signal: new AbortController().signal }], [{ fd: 3 }],
      ];
      for (const form of forms) {
        server.listen(...form);
        if (!server.listening) throw new Error("not listening at once");
        await once(server, "listening");
        const address = server.address();
        if (address.port !== port || address.family !== "IPv6") throw new Error(JSON.stringify(address));
        const answer = await fetch("http://127.0.0.1:" + port, { headers: { connection: "close" } });
        if (await answer.text() !== String(process.pid)) throw new Error("not ours");
        await new Promise((done, fail) => server.close((error) => error ? fail(error) : done()));
      }
      console.log("calls", calls);
      server.listen(port, () => console.log("listening"));`;
    const program = await rig.run("a.mjs", text, { NODE });
    expect(program.said()).toContain("calls 4\n");
    expect(await ask(rig)).toMatchObject({ body: String(program.pid) });
  });

  test("it serves whichever kind of server listens, in CommonJS and in ES modules", async () => {
    const programs = {
      "net.cjs": `require("net").createServer((c) => c.end("HTTP/1.0 200 OK\\r\\n\\r\\nx"))`,
      "http.cjs": `require("http").createServer((q, a) => a.end("x"))`,
      "class.mjs": `new (await import("node:net")).Server((c) => c.end("HTTP/1.0 200 OK\\r\\n\\r\\nx"))`,
    };
    for (const [file, server] of Object.entries(programs)) {
      const rig = await createOne();
      await rig.run(file, `${server}.listen(+process.env.PORT, () => console.log("listening"))`, {
        NODE,
      });
      expect(await ask(rig), file).toMatchObject({ body: "x" });
    }
  });

  test("workers of cluster are given the connections, whichever way it does that", async () => {
    for (const policy of ["SCHED_RR", "SCHED_NONE"]) {
      const rig = await createOne();
      const text = `
        import cluster from "node:cluster";
        import { createServer } from "node:http";
        cluster.schedulingPolicy = cluster.${policy};
        if (cluster.isPrimary) {
          let count = 0;
          cluster.on("listening", () => { if (++count === 2) console.log("listening"); });
          cluster.fork(); cluster.fork();
        } else createServer((q, a) => a.end("worker")).listen(process.env.PORT);`;
      const program = await rig.run("a.mjs", text, { NODE });
      for (let i = 0; i < 4; i++) expect(await ask(rig)).toMatchObject({ body: "worker" });
      program.signal("SIGTERM");
      expect(await program.exit).toBe("SIGTERM");
    }
  });

  test("a worker thread can listen", async () => {
    const rig = await createOne();
    const text = `
      const { Worker, isMainThread } = require("worker_threads");
      if (isMainThread) new Worker(__filename);
      else require("http").createServer((q, a) => a.end("thread")).listen(process.env.PORT, () => console.log("listening"));`;
    await rig.run("a.cjs", text, { NODE });
    expect(await ask(rig)).toMatchObject({ body: "thread" });
  });
});

test("what asks for something else is left alone", async () => {
  const rig = await createOne();
  const text = `
    import { createServer } from "node:net";
    const taken = Number(process.env.PORT);
    for (const form of [[0], [], [{ port: 0 }], ["${join(rig.folder, "other.sock")}"]]) {
      const server = createServer().listen(...form);
      await new Promise((done) => server.once("listening", done));
      const address = server.address();
      if (address.port === taken) throw new Error("given away");
      await new Promise((done) => server.close(done));
    }
    console.log("listening");`;
  const program = await rig.run("a.mjs", text);
  expect(await program.exit).toBe(0);
});

test("a second server of the process on the port is refused as ever; for another host it shares", async () => {
  const rig = await createOne();
  const text = `${SERVER}
    const port = Number(process.env.PORT);
    server.listen(port, "127.0.0.1", () => {
      createServer().listen(port, "127.0.0.1").on("error", (error) => {
        console.log("second", error.code);
        createServer((q, a) => a.end("other")).listen(port, "::1", () => console.log("listening"));
      });
    });`;
  const program = await rig.run("a.mjs", text);
  expect(program.said()).toContain("second EADDRINUSE");
  const bodies = new Set<string>();
  for (let i = 0; i < 4; i++) bodies.add((await ask(rig)).body);
  expect([...bodies].sort()).toEqual([String(program.pid), "other"].sort());
});

test("a path is that socket, also through a link; address() is what was asked for", async () => {
  const rig = await createOne("unix");
  mkdirSync(join(rig.folder, "sub"));
  symlinkSync(rig.folder, join(rig.folder, "link"));
  for (const path of ["./api.sock", "./sub/../api.sock", "./link/api.sock"]) {
    const text = `${SERVER}
      server.listen(${JSON.stringify(path)}, () => console.log("listening", server.address()));`;
    const program = await rig.run("a.mjs", text, { PROCS_STOP: "" });
    expect(program.said()).toContain("api.sock");
    expect(await ask(rig)).toMatchObject({ body: String(program.pid) });
    program.signal("SIGTERM");
    await program.exit;
  }
});

test("an abort signal closes the server, and the process ends when nothing else holds it", async () => {
  const rig = await createOne();
  const text = `${SERVER}
    const abort = new AbortController();
    server.on("close", () => console.log("closed"));
    server.listen({ port: process.env.PORT, signal: abort.signal }, () => { console.log("listening"); abort.abort(); });`;
  const program = await rig.run("a.mjs", text);
  expect(await program.exit).toBe(0);
  expect(program.said()).toContain("closed");
});

test("an unref'd server does not hold the process, one that is not does", async () => {
  const rig = await createOne();
  const text = `${SERVER} server.listen(process.env.PORT, () => { console.log("listening"); server.unref(); });`;
  expect(await (await rig.run("a.mjs", text)).exit).toBe(0);
});

test("with PROCS_PRELOAD=off nothing is given, and the port is taken", async () => {
  const rig = await createOne();
  const text = `${SERVER} server.on("error", (error) => console.log("listening not:", error.code)).listen(process.env.PORT);`;
  const program = await rig.run("a.mjs", text, { PROCS_PRELOAD: "off" });
  expect(program.said()).toContain("EADDRINUSE");
});

test("a program that was not given it, and dies of that, says why", async () => {
  const rig = await createOne();
  const text = `${SERVER} console.log("listening"); server.listen(process.env.PORT);`;
  const given = JSON.stringify([{ fd: 3, ino: 1, port: rig.port }]);
  const program = await rig.run("a.mjs", text, { PROCS_LISTEN: given });
  expect(await program.exit).toBe(1);
  await program.says(`procs holds port ${rig.port} for this service`);
});

test("a descriptor that is another socket by now is not believed", async () => {
  const rig = await createOne();
  const text = `${SERVER} server.on("error", (error) => console.log("listening not:", error.code)).listen(process.env.PORT);`;
  const given = JSON.stringify([{ fd: 3, ino: 1, port: rig.port }]);
  const program = await rig.run("a.mjs", text, { PROCS_LISTEN: given });
  expect(program.said()).toContain("EADDRINUSE");
});

test("at the path that procs names for its probes only this instance answers, until it drains", async () => {
  const rig = await createOne();
  const door = join(rig.folder, "door");
  const first = await rig.run(
    "a.mjs",
    `${SERVER} server.listen(process.env.PORT, () => console.log("listening"));`,
  );
  const second = await rig.run(
    "b.mjs",
    `${SERVER} server.listen(process.env.PORT, () => console.log("listening"));`,
    { PROCS_UPSTREAM: door },
  );
  const asks = { ...rig, path: door };
  for (let i = 0; i < 5; i++) expect(await ask(asks)).toMatchObject({ body: String(second.pid) });
  second.signal("SIGTERM");
  await second.exit;
  await expect(ask(asks)).rejects.toThrow();
  expect(await ask(rig)).toMatchObject({ body: String(first.pid) });
});
