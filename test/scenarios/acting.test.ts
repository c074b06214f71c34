import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BIN, createProject } from "../rig/project.ts";
import { hasTerminals, openTerminal } from "../rig/terminal.ts";
import { until } from "../rig/until.ts";

const PROCS = `node ${BIN}`;
const inTerminal = test.skipIf(!hasTerminals);

const TWO = `
services:
  api:   # the api
    command: sleep 1000
    env: { PORT: "3000" }
  legacy:
    command: sleep 1000
`;
const WITHOUT_LEGACY = TWO.slice(0, TWO.indexOf("  legacy"));

describe("a reload that removes something", () => {
  test("is refused where nobody can be asked, and touches nothing", async () => {
    await using project = createProject(TWO);
    await project.procs("up", "-d");
    const [pid] = await project.pids("legacy");
    project.write("procs.yaml", WITHOUT_LEGACY);
    const { code, stderr } = await project.procs("reload");
    expect(code).toBe(2);
    expect(stderr).toContain(
      "error[P802]: reload would stop legacy, and nobody can be asked here (stdin is not a terminal)",
    );
    expect(stderr).toContain("help: procs reload -y, or --no-remove");
    expect(await project.pids("legacy")).toEqual([pid]);
    expect(await project.procs("up", "-d")).toMatchObject({ code: 2 });
    expect(await project.procs("reload", "--no-remove")).toMatchObject({ code: 0 });
    expect(await project.pids("legacy")).toEqual([pid]);
    expect(await project.procs("reload", "-y")).toMatchObject({ code: 0 });
    expect((await project.snapshot()).services.map((service) => service.name)).toEqual(["api"]);
  });

  inTerminal("asks at a terminal, and no means no", async () => {
    await using project = createProject(TWO);
    await project.procs("up", "-d");
    project.write("procs.yaml", WITHOUT_LEGACY);
    using terminal = openTerminal({ cwd: project.folder, env: project.env });
    terminal.enter(`${PROCS} reload; echo "ended with $?"`);
    await terminal.shows("Remove legacy? [y/N]");
    terminal.enter("n");
    await terminal.shows("Nothing was changed.");
    await terminal.shows("ended with 1");
    expect((await project.service("legacy")).state).toBe("ready");
    terminal.enter(`clear; ${PROCS} reload; echo "ended with $?"`);
    await terminal.shows("Remove legacy? [y/N]");
    terminal.enter("y");
    await terminal.shows(/✓ legacy +stopped in/);
    await terminal.shows("reloaded in");
    await terminal.shows("ended with 0");
  });
});

describe("restart", () => {
  test("uses the file on disk and says what else that applied", async () => {
    await using project = createProject(TWO);
    await project.procs("up", "-d");
    const [pid] = await project.pids("api");
    const [other] = await project.pids("legacy");
    project.write("procs.yaml", TWO.replace("3000", "4000"));
    const { code, stderr } = await project.procs("restart", "api");
    expect(code).toBe(0);
    expect(stderr).toMatch(/^✓ api +restarted in /m);
    expect(stderr).toContain("Also applied: env.PORT 3000 -> 4000 (procs.yaml:5)");
    expect(await project.pids("api")).not.toEqual([pid]);
    expect(await project.pids("legacy")).toEqual([other]);
  });

  test("is refused while the file is broken, and names the way that still works", async () => {
    await using project = createProject(TWO);
    await project.procs("up", "-d");
    const [pid] = await project.pids("api");
    project.write("procs.yaml", `${TWO}    instnaces: 2\n`);
    const refused = await project.procs("restart", "api");
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain("error[P103]");
    expect(refused.stderr).toContain("procs restart api --last-applied");
    expect(await project.pids("api")).toEqual([pid]);
    expect(await project.procs("restart", "api", "--last-applied")).toMatchObject({ code: 0 });
    expect(await project.pids("api")).not.toEqual([pid]);
  });
});

describe("by hand", () => {
  test("a stop stays across reloads until a start, and says so", async () => {
    await using project = createProject(TWO);
    await project.procs("up", "-d");
    const stopped = await project.procs("stop", "api");
    expect(stopped).toMatchObject({ code: 0, stdout: "" });
    expect(stopped.stderr).toContain("It stays stopped until: procs start api");
    expect(await project.procs("reload")).toMatchObject({ code: 0 });
    expect((await project.service("api")).state).toBe("stopped");
    expect(await project.procs("start")).toMatchObject({ code: 0 });
    expect((await project.service("api")).state).toBe("ready");
    expect((await project.procs("start")).stderr).toContain("Nothing to start");
  });

  test("a scale says what the file says, and --save writes it there", async () => {
    await using project = createProject(TWO);
    await project.procs("up", "-d");
    const scaled = await project.procs("scale", "api=2");
    expect(scaled.code).toBe(0);
    expect(scaled.stderr).toMatch(/^✓ api +1 -> 2 in /m);
    expect(scaled.stderr).toContain("procs.yaml says 1. Keep 2: procs scale api=2 --save");
    const saved = await project.procs("scale", "api=3", "--save");
    expect(saved.stderr).toContain("saved: instances: 3 (procs.yaml:4)");
    expect(readFileSync(join(project.folder, "procs.yaml"), "utf8")).toBe(
      TWO.replace(
        "    command: sleep 1000\n    env",
        "    instances: 3\n    command: sleep 1000\n    env",
      ),
    );
    expect((await project.pids("api")).length).toBe(3);
  });

  test("a signal reaches the instances that are named", async () => {
    await using project = createProject(`
services:
  api:
    instances: 2
    command: trap 'echo got it' USR1; echo on; while true; do sleep 0.05; done
    ready: { log: on }
`);
    await project.procs("up", "-d");
    expect((await project.procs("signal", "api.2", "usr1")).stderr).toBe("sent SIGUSR1 to api.2\n");
    await until("it arrived", async () =>
      (await project.procs("logs", "api.2")).stdout.includes("got it"),
    );
    expect((await project.procs("logs", "api.1")).stdout).not.toContain("got it");
    const wrong = await project.procs("signal", "apu", "usr1");
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("a service with a similar name exists: api");
  });

  test("what needs a running project says that nothing runs, with 4; stop and down are done already", async () => {
    await using project = createProject(TWO);
    for (const command of [
      ["restart"],
      ["start", "api"],
      ["scale", "api=2"],
      ["wait"],
      ["reload"],
    ]) {
      const ran = await project.procs(...command);
      expect([command[0], ran.code]).toEqual([command[0], 4]);
      expect(ran.stderr).toContain("nothing runs");
    }
    expect(await project.procs("stop", "api")).toMatchObject({ code: 0 });
    expect(await project.procs("down")).toMatchObject({ code: 0, stderr: "Nothing runs.\n" });
  });
});

describe("up -d", () => {
  test("ends with 1 when a service fails, shows its last words, and leaves the others running", async () => {
    await using project = createProject(`${TWO}
  bad: { command: "echo no such luck >&2; exit 3", restart: never }
`);
    const { code, stdout, stderr } = await project.procs("up", "-d");
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^✗ bad +.*exit (code )?3/m);
    expect(stderr).toContain("    no such luck");
    expect(stderr).toMatch(/^2 ready, 1 gave up in /m);
    expect((await project.service("api")).state).toBe("ready");
  });

  test("ends with 5 when the time is over, and --no-wait returns at once", async () => {
    await using project = createProject(`
services:
  slow: { command: sleep 1000, ready: { log: never } }
`);
    expect(await project.procs("up", "-d", "--wait-timeout", "300ms")).toMatchObject({ code: 5 });
    expect(await project.procs("wait", "--timeout", "200ms")).toMatchObject({ code: 5 });
    expect(await project.procs("up", "-d", "--no-wait")).toMatchObject({ code: 0 });
  });

  test("starts what is named and what that needs; --no-deps only what is named", async () => {
    const chain = `
services:
  db: { command: sleep 1000 }
  api: { command: sleep 1000, depends_on: { db: started } }
  web: { command: sleep 1000 }
`;
    {
      await using project = createProject(chain);
      await project.procs("up", "-d", "api");
      expect(await running(project)).toEqual(["db", "api"]);
      const [pid] = await project.pids("api");
      await project.procs("up", "-d", "web");
      expect(await running(project)).toEqual(["db", "api", "web"]);
      expect(await project.pids("api")).toEqual([pid]);
    }
    {
      await using project = createProject(chain);
      await project.procs("up", "-d", "api", "--no-deps");
      expect(await running(project)).toEqual(["api"]);
    }
  });

  test("speaks NDJSON that ends with the verdict; down gives one document", async () => {
    await using project = createProject(TWO);
    const up = await project.procs("up", "-d", "--json");
    const lines = up.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({ v: 1, kind: "up_result", ok: true, ready: 2, failed: [] });
    expect(new Set(lines.map((line) => line.kind))).toEqual(
      new Set(["plan", "event", "up_result"]),
    );
    expect(up.stderr).toBe("");
    const down = await project.procs("down", "--json");
    expect(JSON.parse(down.stdout)).toMatchObject({ kind: "result", action: "down", ok: true });
  });
});

describe("run", () => {
  const NEEDS = `
services:
  db: { command: sleep 1000 }
  api: { command: sleep 1000, depends_on: { db: ready }, env: { GREETING: hello }, cwd: / }
`;

  test("gives the program the service's environment and folder, and starts what it needs only", async () => {
    await using project = createProject(NEEDS);
    const ran = await project.procs(
      "run",
      "api",
      "--",
      "sh",
      "-c",
      'echo "$GREETING $PROCS_SERVICE $(pwd)"',
    );
    expect(ran).toMatchObject({ code: 0, stdout: "hello api /\n" });
    expect(await running(project)).toEqual(["db"]);
  });

  test("ends as the program ended", async () => {
    await using project = createProject(NEEDS);
    const run = (...words: string[]) => project.procs("run", "--no-deps", "api", ...words);
    expect(await run("sh", "-c", "exit 7")).toMatchObject({ code: 7 });
    expect(await run("sh", "-c", "kill -TERM $$")).toMatchObject({ code: 143 });
    expect(await run("no-such-program")).toMatchObject({ code: 127 });
    expect(await run("/etc/passwd")).toMatchObject({ code: 126 });
  });
});

async function running(project: ReturnType<typeof createProject>): Promise<readonly string[]> {
  const { services } = await project.snapshot();
  return services.filter((service) => service.ready > 0).map((service) => service.name);
}
