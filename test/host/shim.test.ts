import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { projectMark } from "../../src/host/environment.ts";
import { shimCommand } from "../../src/host/shim.ts";
import { anyPort, bind, listenOn } from "./listening.ts";
import { API, createRig, type HostRig } from "./rig.ts";

const rigs: HostRig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

const ENV = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  PLAIN: "a b  'c' \"d\" $HOME `id`\nsecond line\t",
  EMPTY: "",
  UNICODE: "grüße",
  "spring.datasource.url": "jdbc:x?a=b&c=d",
  "WITH-DASH": "yes",
  IFS: ":",
  OPTIND: "7",
  SHLVL: "3",
  OLDPWD: "/somewhere",
  _: "/usr/bin/procs",
};

/** Programs that print one side of what they were born with, without changing any of it. */
const LOOKS = {
  status: ["cat", "/proc/self/status"],
  limits: ["cat", "/proc/self/limits"],
  environ: ["cat", "/proc/self/environ"],
  cmdline: ["cat", "/proc/self/cmdline", "/dev/null", "", "two words", "$HOME *"],
  stat: ["cat", "/proc/self/stat"],
  cwd: ["readlink", "/proc/self/cwd"],
  flags: ["sh", "-c", "cd /proc/$$/fdinfo && grep flags: [0-9]*"],
  targets: ["sh", "-c", "cd /proc/$$/fd && for fd in [0-9]*; do readlink $fd; done"],
} as const;

/** What a program finds when a clean shell starts it in a session of its own. */
function underSetsid(rig: HostRig, look: readonly string[]): string {
  const [out, err] = [join(rig.folder, "out"), join(rig.folder, "err")];
  const script = `ulimit -Sn 1024; cd "$1" || exit 1; shift; exec setsid "$@" </dev/null >>"${out}" 2>>"${err}"`;
  spawnSync("sh", ["-c", `: >"${out}"; ${script}`, "sh", rig.folder, ...look], {
    env: { PATH: ENV.PATH },
  });
  return readFileSync(out, "utf8");
}

async function underShim(look: readonly string[]): Promise<{ rig: HostRig; text: string }> {
  const rig = await createRig({ fileLimit: 1024, key: "5".repeat(64) });
  rigs.push(rig);
  rig.host.start(API, rig.spec(look, { inherited: {}, env: ENV }));
  await rig.event("gone");
  return { rig, text: readFileSync(rig.files(API).out, "utf8") };
}

async function both(look: readonly string[]) {
  const { rig, text } = await underShim(look);
  return { rig, shim: text, plain: underSetsid(rig, look) };
}

describe.skipIf(process.platform !== "linux")("what a program sees under the shim", () => {
  test("credentials, groups, umask, capabilities, blocked, ignored and caught signals", async () => {
    const { shim, plain } = await both(LOOKS.status);
    const picked = /^(?:Umask|Uid|Gid|Groups|Sig\w+|Shd\w+|Cap\w+|NoNewPrivs|Seccomp):.*$/gm;
    const without = (text: string) =>
      text.match(picked)?.filter((line) => !line.startsWith("SigQ"));
    expect(without(shim)).toEqual(without(plain));
    expect(without(shim)).toContain("SigIgn:\t0000000000000000");
    expect(without(shim)).toContain("SigBlk:\t0000000000000000");
  });

  test("limits, with the soft one of open files given back", async () => {
    const { shim, plain } = await both(LOOKS.limits);
    expect(shim).toBe(plain);
    expect(shim).toMatch(/^Max open files +1024 /m);
  });

  test("the environment: each variable as given, whatever its name, and ours", async () => {
    const { rig, text } = await underShim(LOOKS.environ);
    const env = Object.fromEntries(
      text
        .split("\0")
        .filter(Boolean)
        .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
    );
    expect(env).toEqual({
      ...ENV,
      PWD: rig.folder,
      PROCS: "1",
      PROCS_SERVICE: "api",
      PROCS_INSTANCE: "1",
      PROCS_SOCKET: rig.paths.socket,
      PROCS_ID: `${projectMark(rig.paths)}:api.1.1`,
    });
  });

  test("its arguments", async () => {
    const { shim, plain } = await both(LOOKS.cmdline);
    expect(shim).toBe(plain);
    expect(shim.split("\0").slice(0, -1)).toEqual([...LOOKS.cmdline]);
  });

  test("its folder", async () => {
    const { rig, text } = await underShim(LOOKS.cwd);
    expect(text).toBe(`${rig.folder}\n`);
  });

  test("descriptors: 0, 1, 2 and the life fifo, with the flags of a plain start", async () => {
    const { shim, plain } = await both(LOOKS.flags);
    const life = shim.split("\n").filter((line) => line.startsWith("9:"));
    expect(shim.split("\n").filter((line) => !line.startsWith("9:"))).toEqual(plain.split("\n"));
    // O_WRONLY and O_LARGEFILE: blocking, and inherited by whatever the program starts.
    expect(life).toEqual([expect.stringMatching(/^9:flags:\s+0100001$/)]);
  });

  test("descriptors lead to /dev/null, the two log files and the life fifo", async () => {
    const { rig, shim, plain } = await both(LOOKS.targets);
    const { out, err } = rig.files(API);
    const added = shim.split("\n").filter((line) => !plain.split("\n").includes(line));
    expect(added).toEqual([out, err, join(rig.paths.life, "api.1.1.tree")]);
    expect(shim.split("\n")[0]).toBe("/dev/null");
  });

  test("descriptors of sockets: from 3 on, blocking, and nothing else is added", async () => {
    for (const count of [1, 4]) {
      const rig = await createRig();
      rigs.push(rig);
      const addresses = await Promise.all(Array.from({ length: count }, () => anyPort()));
      for (const address of addresses) await bind(rig, address);
      const spec = rig.spec(LOOKS.flags, { listen: listenOn(...addresses) });
      rig.host.start(API, spec);
      await rig.event("gone");
      const lines = readFileSync(rig.files(API).out, "utf8").trim().split("\n");
      const numbers = lines.map((line) => Number(line.split(":")[0]));
      const sockets = Array.from({ length: count }, (_, index) => 3 + index);
      expect(numbers.filter((fd) => fd < 10)).toEqual([0, 1, 2, ...sockets, 9]);
      // O_RDWR, without O_NONBLOCK, and without being closed at exec.
      const flags = lines.filter((line) => sockets.includes(Number(line.split(":")[0])));
      expect(flags.map((line) => line.split(/\s+/)[1])).toEqual(sockets.map(() => "02"));
    }
  });

  test("a session and a group of its own, led by the shim, without a terminal", async () => {
    const { rig, text } = await underShim(LOOKS.stat);
    const started = await rig.event("started");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [, parent, group, session, terminal] = fields;
    expect(text.startsWith(`${started.pid} `)).toBe(true);
    expect(group).toBe(parent);
    expect(session).toBe(parent);
    expect(terminal).toBe("0");
  });

  test("nothing of ours on stderr when it is ended by a signal", async () => {
    const rig = await createRig();
    rigs.push(rig);
    rig.host.start(API, rig.spec("kill -SEGV $$"));
    await rig.event("gone");
    expect(readFileSync(rig.files(API).err, "utf8")).toBe("");
  });
});

describe("settings that only a shell can make", () => {
  const output = async (command: string, change: Parameters<HostRig["spec"]>[1]) => {
    const rig = await createRig();
    rigs.push(rig);
    rig.host.start(API, rig.spec(command, change));
    await rig.event("gone");
    const { out, err } = rig.files(API);
    return readFileSync(out, "utf8") + readFileSync(err, "utf8");
  };

  test("umask", async () => {
    expect(await output("umask", { umask: 0o027 })).toBe("0027\n");
  });

  test("limits.nofile, soft and hard", async () => {
    expect(await output("ulimit -Sn; ulimit -Hn", { limits: { nofile: 512 } })).toBe("512\n512\n");
  });

  test("nice", async () => {
    expect(await output("nice", { nice: 5 })).toBe("5\n");
  });

  test.skipIf(process.getuid?.() !== 0)(
    "user and group, with their HOME, USER and groups",
    async () => {
      const text = await output(
        "id -un; id -G; echo $HOME $USER $LOGNAME; pwd; echo x >>/dev/stdout",
        {
          user: "nobody",
          cwd: "/",
        },
      );
      const groups = execFileSync("id", ["-G", "nobody"], { encoding: "utf8" }).trim();
      const home = execFileSync("sh", ["-c", "echo ~nobody"], { encoding: "utf8" }).trim();
      expect(text).toBe(`nobody\n${groups}\n${home} nobody nobody\n/\nx\n`);
    },
  );
});

test("no value of the environment is among the arguments", () => {
  const secret = "s3cret";
  const { args } = shimCommand({
    ...{ name: "p/api.1", argv: ["node", "x.js"], nofile: null, fileLimit: 1024, umask: null },
    env: { TOKEN: secret, "odd.name": secret },
    wrappers: [],
    carried: { PROCS_KEY: secret, PROCS_DIGEST: secret },
  });
  expect(args.join("\n")).not.toContain(secret);
});

test("a program behind a shell gets the variables that the shell cannot spell", async () => {
  const env = { "spring.datasource.url": "jdbc:x?a=b&c=d", PLAIN: "1", QUOTED: "a 'b' \"c\"\nd" };
  for (const command of ["env -0", "exec env -0 | cat", "env -0 > kept && cat kept"]) {
    const rig = await createRig();
    rigs.push(rig);
    rig.host.start(API, rig.spec(command, { inherited: { PATH: ENV.PATH }, env }));
    await rig.event("gone");
    const seen = readFileSync(rig.files(API).out, "utf8").split("\0");
    expect(seen).toContain("PLAIN=1");
    expect(seen).toContain(`QUOTED=${env.QUOTED}`);
    // Only a shell that becomes the program can be got around.
    if (command === "env -0") expect(seen).toContain("spring.datasource.url=jdbc:x?a=b&c=d");
    expect(readFileSync(rig.files(API).err, "utf8")).toBe("");
  }
});

test("what the shim carries stays with it, and a service may have variables of those names", async () => {
  const rig = await createRig({ key: "5".repeat(64) });
  rigs.push(rig);
  const env = { PROCS_KEY: "mine", PROCS_SHIM: "too", PROCS_ENV_0: "also" };
  rig.host.start(API, rig.spec(LOOKS.environ, { inherited: {}, env }));
  await rig.event("gone");
  const seen = readFileSync(rig.files(API).out, "utf8").split("\0");
  const named = seen.filter((pair) => /^PROCS_(KEY|SHIM|EXEC|DIGEST|ENV_\d+)=/.test(pair));
  expect(named.sort()).toEqual(["PROCS_ENV_0=also", "PROCS_KEY=mine", "PROCS_SHIM=too"]);
});
