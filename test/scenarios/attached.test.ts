import { describe, expect, test } from "vitest";
import { BIN, createProject, finished, type Project } from "../rig/project.ts";
import { hasTerminals, openTerminal, type Terminal } from "../rig/terminal.ts";
import { until } from "../rig/until.ts";

const PROCS = `node ${BIN}`;

const SHOP = `
name: shop
services:
  clock:
    command: i=0; while true; do i=$((i+1)); echo "tick $i"; sleep 0.2; done
    ready: { log: /tick/ }
  quiet:
    command: sleep 1000
`;

const inTerminal = test.skipIf(!hasTerminals);

function terminalOf(project: Project): Terminal {
  return openTerminal({ cwd: project.folder, env: project.env });
}

/** Types `up` and waits for the verdicts. */
async function up(terminal: Terminal): Promise<void> {
  terminal.enter(`${PROCS} up; echo "ended with $?"`);
  await terminal.shows("Enter for help");
}

function nothingRuns(project: Project): Promise<true> {
  // The terminal itself and its shell have the project's environment, too.
  const isOurs = (line: string) => !/ (tmux|sh -i)/.test(line);
  return until("nothing runs", () => project.alive().filter(isOurs).length === 0);
}

describe("an up that started the project", () => {
  inTerminal(
    "shows verdicts, then output, in the normal screen; one Ctrl-C ends all with 0",
    async () => {
      await using project = createProject(SHOP);
      using terminal = terminalOf(project);
      const before = await terminal.asks("stty -a");
      await up(terminal);
      const text = await terminal.shows(/^\d\d:\d\d:\d\d clock +│ tick \d+$/m);
      expect(text).toContain("shop  2 services from procs.yaml");
      expect(text).toMatch(/✓ clock +ready in /);
      expect(text).toMatch(/2 ready in .*\. {2}h \+ Enter for help, Ctrl-C stops all/);
      expect(terminal.isAlternate()).toBe(false);
      terminal.press("C-c");
      await terminal.shows("all stopped in");
      await terminal.shows("ended with 0");
      await nothingRuns(project);
      expect(await terminal.asks("stty -a")).toBe(before);
    },
  );

  inTerminal("shows the last words of what crashed and goes on with the rest", async () => {
    await using project = createProject(`${SHOP}
  worker:
    command: 'echo "Error: DATABASE_URL is not set" >&2; exit 1'
    restart: { policy: always, backoff: 100ms..100ms, max: 3 }
`);
    using terminal = terminalOf(project);
    await up(terminal);
    const text = terminal.text();
    expect(text).toMatch(/✗ worker .*exit 1/);
    expect(text).toContain("      Error: DATABASE_URL is not set");
    await terminal.shows(/clock +│ tick/);
  });

  inTerminal("takes lines: help, a command, a grep, a gap", async () => {
    await using project = createProject(SHOP);
    using terminal = terminalOf(project);
    await up(terminal);
    terminal.enter("h");
    await terminal.shows("or any command: scale api=3");
    terminal.enter("p");
    await terminal.shows(/SERVICE +STATE/);
    terminal.enter("stop quiet");
    await terminal.shows("It stays stopped until: procs start quiet");
    await project.reaches("quiet", "stopped");
    terminal.enter("/no such words");
    await terminal.shows("grep from now: no such words");
    terminal.press("Enter");
    await terminal.shows("all lines again");
    terminal.enter("nonsense");
    await terminal.shows('unknown command "nonsense"');
    terminal.enter("q");
    await terminal.shows("ended with 0");
    await nothingRuns(project);
  });

  inTerminal("kills what does not stop at the second Ctrl-C, with 130", async () => {
    await using project = createProject(`
services:
  stubborn:
    command: trap '' TERM; echo trapped; while true; do sleep 0.1; done
    ready: { log: /trapped/ }
    stop: { timeout: 1h }
`);
    using terminal = terminalOf(project);
    await up(terminal);
    terminal.press("C-c");
    await terminal.shows("waiting for stubborn");
    terminal.press("C-c");
    await terminal.shows("ended with 130");
    await nothingRuns(project);
  });

  inTerminal("can be ended while it still starts", async () => {
    await using project = createProject(`
services:
  slow: { command: sleep 1000, ready: { log: never, timeout: 1h } }
`);
    using terminal = terminalOf(project);
    terminal.enter(`${PROCS} up; echo "ended with $?"`);
    await terminal.shows("◌ slow   starting");
    terminal.press("C-c");
    await terminal.shows("all stopped in");
    await terminal.shows("ended with 0");
    await nothingRuns(project);
  });

  inTerminal("lets a typed reload ask, and shows nothing meanwhile", async () => {
    await using project = createProject(SHOP);
    using terminal = terminalOf(project);
    await up(terminal);
    project.write("procs.yaml", SHOP.slice(0, SHOP.indexOf("  quiet")));
    terminal.enter("R");
    await terminal.shows("Remove quiet? [y/N]");
    terminal.enter("y");
    await terminal.shows(/✓ quiet +stopped in/);
    await terminal.shows("reloaded in");
    const text = await terminal.shows(/reloaded in[\s\S]*tick/);
    expect(text.slice(text.indexOf("Remove quiet?"), text.indexOf("reloaded in"))).not.toContain(
      "tick",
    );
    terminal.press("C-c");
    await nothingRuns(project);
  });

  inTerminal("leaves a typed `logs -f` at Ctrl-C without stopping anything", async () => {
    await using project = createProject(SHOP);
    using terminal = terminalOf(project);
    await up(terminal);
    terminal.enter("logs -f quiet");
    await until("it follows", () => project.alive().some((line) => line.includes("logs -f quiet")));
    terminal.press("C-c");
    await until("it ended", () => !project.alive().some((line) => line.includes("logs -f quiet")));
    terminal.enter("h");
    await terminal.shows("or any command");
    expect((await project.service("clock")).state).toBe("ready");
  });

  inTerminal("is suspended by Ctrl-Z and goes on with fg, while the services run on", async () => {
    await using project = createProject(SHOP);
    using terminal = terminalOf(project);
    await up(terminal);
    terminal.press("C-z");
    await terminal.shows(/Stopped|Suspended/);
    const [pid] = await project.pids("clock");
    terminal.enter("fg");
    terminal.enter("h");
    await terminal.shows("or any command");
    expect(await project.pids("clock")).toEqual([pid]);
    terminal.press("C-c");
    await nothingRuns(project);
  });

  inTerminal("runs in the background without being stopped for reading the terminal", async () => {
    await using project = createProject(SHOP);
    using terminal = terminalOf(project);
    await terminal.shows(/^\$/m);
    terminal.enter(`${PROCS} up > up.log 2>&1 &`);
    await project.reaches("clock", "ready");
    expect(await terminal.asks("echo typed; jobs")).toMatch(/Running/);
    terminal.enter("fg");
    // The shell names the job once it has the terminal; before that, Ctrl-C would be for the shell.
    await terminal.shows(/^node /m);
    terminal.press("C-c");
    await nothingRuns(project);
  });

  inTerminal("lets go with d, and the project stays", async () => {
    await using project = createProject(SHOP);
    using terminal = terminalOf(project);
    await up(terminal);
    terminal.enter("d");
    await terminal.shows("detached; 2 services keep running (procs down stops them)");
    await terminal.shows("ended with 0");
    expect((await project.service("clock")).state).toBe("ready");
  });

  inTerminal("ends with its terminal", async () => {
    await using project = createProject(SHOP);
    using terminal = terminalOf(project);
    await up(terminal);
    terminal.close();
    await nothingRuns(project);
  });

  inTerminal("killed with kill -9 leaves the terminal as it was, and nothing running", async () => {
    await using project = createProject(SHOP);
    using terminal = terminalOf(project);
    const before = await terminal.asks("stty -a");
    await up(terminal);
    process.kill(clientOf(project), "SIGKILL");
    await terminal.shows("ended with 137");
    expect(await terminal.asks("stty -a")).toBe(before);
    await nothingRuns(project);
  });
});

describe("an up that joined", () => {
  inTerminal("only detaches at Ctrl-C and says so", async () => {
    await using project = createProject(SHOP);
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    const [pid] = await project.pids("clock");
    using terminal = terminalOf(project);
    await up(terminal);
    expect(terminal.text()).toContain("Ctrl-C detaches");
    terminal.press("C-c");
    await terminal.shows("detached; 2 services keep running (procs down stops them)");
    await terminal.shows("ended with 0");
    expect(await project.pids("clock")).toEqual([pid]);
  });

  test("is told when the project is stopped elsewhere, and ends well", async () => {
    await using project = createProject(SHOP);
    expect(await project.procs("up", "-d")).toMatchObject({ code: 0 });
    const client = project.open("up");
    const ran = finished(client);
    await new Promise((resolve) => client.stdout?.once("data", resolve));
    expect(await project.procs("down")).toMatchObject({ code: 0 });
    const { code, stderr } = await ran;
    expect(stderr).toContain("the project was stopped");
    expect(code).toBe(0);
  });
});

/** The process id of the `procs up` in the terminal. */
function clientOf(project: Project): number {
  const line = project.alive().find((one) => /procs\.js up/.test(one));
  if (line === undefined) throw new Error(`no client among ${project.alive().join("\n")}`);
  return Number.parseInt(line, 10);
}
