import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { projectPaths } from "../../src/paths.ts";
import { builtPackage } from "../rig/built.ts";
import { endAll, processesOf, type Ran, ran } from "./commands.ts";

/** The one whose project it is, by the name that systems give to nobody. */
const ANA = 65_534;
/** Without a name. Its runtime folder is /tmp/procs-54321, which nobody else uses. */
const VICTIM = 54_321;
const YAML = "services:\n  web:\n    command: exec sleep 1000\n";

// Only root can be two users.
describe.runIf(process.getuid?.() === 0)("two users", () => {
  let root: string;
  let folder: string;
  let home: string;
  let servers: Server[] = [];
  let children: ChildProcess[] = [];

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), "procs-users-")));
    chmodSync(root, 0o755);
    folder = join(root, "project");
    home = join(root, "home");
    mkdirSync(folder);
    mkdirSync(home);
    writeFileSync(join(folder, "procs.yaml"), YAML);
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    for (const server of servers.splice(0)) server.close();
    children = [];
    servers = [];
    await endAll(root);
    rmSync(`/tmp/procs-${VICTIM}`, { recursive: true, force: true });
    rmSync(root, { recursive: true, force: true });
  });

  const give = (uid: number) => {
    for (const path of [folder, join(folder, "procs.yaml"), home]) chownSync(path, uid, uid);
  };
  /** `PROCS_RIG` only marks what is started. */
  const procs = (uid: number, words: readonly string[], env: Record<string, string> = {}) => {
    const cli = join(builtPackage(), "bin", "procs.js");
    const all = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: home, PROCS_RIG: root, ...env };
    return ran(process.execPath, [cli, ...words], { cwd: folder, env: all, uid, gid: uid });
  };

  test("root finds a user's project, says whose it is, and touches nothing", async () => {
    give(ANA);
    expect(await procs(ANA, ["up", "-d"])).toMatchObject({ code: 0 });
    const before = owners(root);
    const running = processesOf(root).map(([pid]) => pid);
    const rootHome = join(root, "root");
    const refused = async (words: readonly string[], env: Record<string, string>) => {
      const done = await procs(0, words, env);
      expect({ words, code: done.code }).toEqual({ words, code: 4 });
      expect(done.stderr).toContain("run by nobody, and you are root");
      expect(done.stderr).toContain("sudo -H -u nobody procs ps");
      expect(done.stderr).not.toMatch(STACK);
    };
    const all = [["ps"], ["up", "-d"], ["up"], ["down"], ["stop", "web"], ["restart", "web"]];
    const more = [
      ["reload", "-y"],
      ["plan"],
      ["status", "web"],
      ["scale", "web=2"],
      ["wait", "web"],
    ];
    for (const words of [...all, ...more]) await refused(words, { HOME: rootHome });
    // As after `sudo -E`, with the user's own folders in sight.
    for (const words of [["ps"], ["up", "-d"], ["down"]]) await refused(words, { HOME: home });
    expect(owners(root)).toEqual(before);
    expect(processesOf(root).map(([pid]) => pid)).toEqual(running);
    expect((await procs(ANA, ["down"])).code).toBe(0);
  });

  test("a user who meets root's supervisor, or another user's, starts no second one", async () => {
    chmodSync(folder, 0o755);
    expect((await procs(0, ["up", "-d"])).code).toBe(0);
    const theirs = join(root, "theirs");
    mkdirSync(theirs);
    chownSync(theirs, ANA, ANA);
    for (const words of [["ps"], ["up", "-d"], ["down"]]) {
      const done = await procs(ANA, words, { HOME: theirs });
      expect(done.code).toBe(4);
      expect(done.stderr).toContain("run by root, and you are nobody");
    }
    expect(existsSync(join(theirs, ".local"))).toBe(false);
    expect((await procs(0, ["down"])).code).toBe(0);
  });

  test("root with a user's HOME makes no folders there", async () => {
    give(ANA);
    const done = await procs(0, ["up", "-d"]);
    expect(done.code).toBe(4);
    expect(done.stderr).toContain(`you are root, and ${home} belongs to user ${ANA}`);
    expect(readdirSync(home)).toEqual([]);
    expect((await procs(ANA, ["up", "-d"])).code).toBe(0);
    expect((await procs(ANA, ["down"])).code).toBe(0);
  });

  test("root runs a project in a user's folder when nobody else does: nothing in it is changed", async () => {
    give(ANA);
    const before = owners(folder);
    const rootHome = join(root, "root");
    expect((await procs(0, ["up", "-d"], { HOME: rootHome })).code).toBe(0);
    expect(owners(folder)).toEqual(before);
    expect((await procs(0, ["down"], { HOME: rootHome })).code).toBe(0);
  });

  describe("somebody was in /tmp before", () => {
    const runtime = `/tmp/procs-${VICTIM}`;
    const lair = () => join(root, "lair");
    let heard = "";

    const listenAt = async (path: string): Promise<void> => {
      const server = createServer((connection) => {
        connection.on("error", () => undefined);
        connection.on("data", (data) => {
          heard += data;
          connection.end('HTTP/1.1 200 OK\r\n\r\n{"v":1,"kind":"version"}');
        });
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(path, resolve));
      chmodSync(path, 0o777);
      chownSync(path, ANA, ANA);
    };
    const theirFolder = (path: string, mode: number) => {
      mkdirSync(path, { recursive: true });
      chmodSync(path, mode);
      chownSync(path, ANA, ANA);
    };
    const socketOf = () => projectPaths(folder, {}, VICTIM).socket;

    beforeEach(() => {
      heard = "";
      give(VICTIM);
      theirFolder(lair(), 0o777);
    });

    test.each<[string, () => void | Promise<void>]>([
      ["a folder", () => theirFolder(runtime, 0o755)],
      ["a folder that everybody may write", () => theirFolder(runtime, 0o777)],
      ["a link to a folder", () => symlinkSync(lair(), runtime)],
      ["a link to nowhere", () => symlinkSync(join(lair(), "no"), runtime)],
      ["a file", () => writeFileSync(runtime, "x")],
      [
        "a folder with a socket that listens",
        async () => {
          theirFolder(runtime, 0o777);
          theirFolder(dirname(socketOf()), 0o777);
          await listenAt(socketOf());
        },
      ],
      [
        "a link to where one listens",
        async () => {
          symlinkSync(lair(), runtime);
          const socket = socketOf().replace(runtime, lair());
          theirFolder(dirname(socket), 0o777);
          await listenAt(socket);
        },
      ],
    ])("%s: refused, and nothing is said or written there", async (_name, prepare) => {
      await prepare();
      const env = { SECRET: "s3cr3t-value" };
      for (const words of [["up", "-d"], ["ps"], ["down"]]) {
        const done = await procs(VICTIM, words, env);
        expect(done.stderr).not.toMatch(STACK);
        if (words[0] === "up") expect(done).toMatchObject({ code: 4, stdout: "" });
      }
      expect(heard).toBe("");
      expect(processesOf(root)).toEqual([]);
      expect(filesBelow(lair()).filter((path) => lstatSync(path).uid === VICTIM)).toEqual([]);
    });

    test("a folder of the victim's own with a stranger's socket in it is not believed", async () => {
      mkdirSync(dirname(socketOf()), { recursive: true, mode: 0o700 });
      await listenAt(socketOf());
      for (const path of [runtime, dirname(socketOf())]) chownSync(path, VICTIM, VICTIM);
      const done = await procs(VICTIM, ["up", "-d"], { SECRET: "s3cr3t-value" });
      expect(done.code).toBe(4);
      expect(heard).toBe("");
    });

    test("what changes between two looks is never followed", async () => {
      // As fast as it can: a folder, a link, a file, nothing, each of the other user.
      const flip = `
        const fs = require("node:fs"); const at = ${JSON.stringify(runtime)}; const lair = ${JSON.stringify(lair())};
        const ways = [() => fs.mkdirSync(at, 0o777), () => fs.symlinkSync(lair, at), () => fs.writeFileSync(at, ""), () => 0];
        for (let n = 0; ; n++) { try { fs.rmSync(at, { recursive: true, force: true }); ways[n % 4](); } catch {} }`;
      const attacker = spawn(process.execPath, ["-e", flip], {
        uid: ANA,
        gid: ANA,
        stdio: "ignore",
      });
      children.push(attacker);
      for (let round = 0; round < 8; round++) {
        const done: Ran = await procs(VICTIM, ["up", "-d"], { SECRET: "s3cr3t-value" });
        expect(done.stderr).not.toMatch(STACK);
        if (done.code === 0) await procs(VICTIM, ["down"]);
        await endAll(root);
      }
      attacker.kill("SIGKILL");
      expect(heard).toBe("");
      expect(filesBelow(lair()).filter((path) => lstatSync(path).uid === VICTIM)).toEqual([]);
    });
  });
});

const STACK = /\n\s+at .*:\d+:\d+|node:internal/;

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) =>
    join(entry.parentPath, entry.name),
  );
}

/** Path -> owner, of everything that does not come and go. */
function owners(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    filesBelow(folder).map((path) => {
      const { uid, gid } = lstatSync(path);
      return [path, `${uid}:${gid}`];
    }),
  );
}
