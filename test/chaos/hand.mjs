import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { pause, uptimeMs } from "./clock.mjs";
import { aliveOf } from "./lives.mjs";
import { namesOf, writeFile } from "./project.mjs";

/** How often a command is given again whose end nobody could tell. */
const TRIES_MAX = 8;
const COMMAND_MS_MAX = 120_000;
const SLOTS = [1, 2, 3, 4, 5, 6];

/** The user: gives commands one after another, and writes down what was asked and what came of it. */
export class Hand {
  /** What was asked: `{kind, services, version, count, at, over}`, services null for all. The checks go by it. */
  asks = [];
  /** Commands that said that they do not know. */
  unknown = 0;
  given = 0;

  constructor({ project, wanted, random, tell, blame, bin, log, disk }) {
    Object.assign(this, { project, wanted, random, tell, blame, bin, log, disk });
    writeFile(project, wanted, log);
  }

  /** One command after another until `signal`. */
  async work(signal) {
    while (!signal.aborted) {
      const act = this.random.weighted([
        [5, () => this.edit(this.random.pick(namesOf("edited")))],
        [3, () => this.scale(this.random.between(1, 4))],
        [3, () => this.toggle()],
        [1, () => this.restart("stopper")],
        [1, () => this.again()],
        [1, () => this.look()],
      ]);
      await act();
      await pause(this.random.below(800), signal);
    }
  }

  async up() {
    return await this.insist("up", null, ["up", "-d"], [0, 1]);
  }

  async down() {
    return await this.insist("down", null, ["down"], [0]);
  }

  /** Nothing has changed: nothing may happen, save that a job that has failed is tried again. */
  async again() {
    await this.insist("up", ["job"], ["up", "-d"], [0, 1]);
  }

  async look() {
    await this.insist("nothing", [], ["ps"], [0]);
  }

  async edit(name) {
    const wanted = this.wanted.get(name);
    wanted.version += 1;
    writeFile(this.project, this.wanted, this.log);
    // The job ends with 3, and says so.
    const codes = name === "job" ? [0, 1] : [0];
    const ok = await this.insist("edit", [name], ["reload", "-y"], codes, {
      version: wanted.version,
    });
    if (ok && name !== "job") this.expect(name, `reload of ${name}`);
  }

  async scale(count) {
    this.wanted.get("scaled").count = count;
    const ok = await this.insist("scale", ["scaled"], ["scale", `scaled=${count}`], [0], {
      count,
    });
    if (ok) this.expect("scaled", `scale scaled=${count}`);
  }

  async toggle() {
    const wanted = this.wanted.get("stopper");
    wanted.isStopped = !wanted.isStopped;
    const word = wanted.isStopped ? "stop" : "start";
    if (await this.insist(word, ["stopper"], [word, "stopper"], [0]))
      this.expect("stopper", `${word} stopper`);
  }

  async restart(name) {
    this.wanted.get(name).isStopped = false;
    if (await this.insist("restart", [name], ["restart", name], [0]))
      this.expect(name, `restart ${name}`);
  }

  /** What a command has said to be done must be so, at once. */
  expect(name, what) {
    const { count, version, isStopped } = this.wanted.get(name);
    const slots = SLOTS.map((slot) => `${name}.${slot}`);
    const alive = aliveOf(this.project.records, slots);
    const right = alive.filter((one) => one.version === version);
    const number = isStopped ? 0 : count;
    if (alive.length === number && right.length === number) return;
    const found = alive.map(({ slot, pid, version: v }) => `${slot} v${v} (${pid})`).join(", ");
    this.blame(
      `${what} ended with 0, but of ${number} with v${version} there are: ${found || "none"}`,
    );
  }

  /** Gives a command until its end is known. False: it never was. */
  async insist(kind, services, argv, codes, more = {}) {
    const asks = [];
    const ok = await this.#insist(argv, codes, () => {
      asks.push({ kind, services, ...more, at: uptimeMs(), over: Number.POSITIVE_INFINITY });
      this.asks.push(asks.at(-1));
    });
    for (const each of asks) each.over = uptimeMs();
    return ok;
  }

  async #insist(argv, codes, note) {
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      note();
      const from = uptimeMs();
      const ran = await this.procs(...argv);
      if (codes.includes(ran.code) || isOfOthers(ran)) return true;
      // Without room nothing can be promised; it must only be said.
      const isExcused = this.disk?.wasFullSince(from) && ran.code !== null;
      if (!isUnknown(ran) && !isExcused) {
        this.blame(
          `procs ${argv.join(" ")} ended with ${ran.code ?? ran.signal}: ${ran.stderr.trim()}`,
        );
        return false;
      }
      this.unknown += 1;
      await pause(100);
    }
    this.blame(`procs ${argv.join(" ")}: its end was unknown ${TRIES_MAX} times`);
    return false;
  }

  async procs(...argv) {
    const from = uptimeMs();
    this.given += 1;
    this.tell(`procs ${argv.join(" ")}`);
    const ran = await run(this.bin, argv, this.project);
    const words = ran.code === 0 ? "" : `: ${ran.stderr.trim().split("\n")[0] ?? ""}`;
    this.tell(
      `procs ${argv.join(" ")} -> ${ran.code ?? ran.signal} in ${Math.round(uptimeMs() - from)} ms${words}`,
    );
    return ran;
  }
}

/** What failed are services that are killed all the time, and that the plan wanted to start just then. */
function isOfOthers({ code, stderr }) {
  const failed = [...stderr.matchAll(/^\s*✗ (\S+)/gm)].map(([, name]) => name);
  const mayFail = new Set([...namesOf("victim", "looper"), "job"]);
  return code === 1 && failed.length > 0 && failed.every((name) => mayFail.has(name));
}

/** The supervisor died under it, and it said so. */
function isUnknown({ code, stderr }) {
  return code === 4 && /P602/.test(stderr);
}

/** Runs the command line to its end: `{code, signal, stderr}`. */
function run(bin, argv, { folder, env, root }) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, ...argv], {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: COMMAND_MS_MAX,
      killSignal: "SIGKILL",
    });
    let stderr = "";
    child.stdout.on("data", (data) => appendFileSync(`${root}/stdout`, data));
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    child.on("close", (code, signal) => resolve({ code, signal, stderr }));
  });
}
