import { spawn } from "node:child_process";
import { until } from "./clock.mjs";
import { LineCheck } from "./lines.mjs";
import { namesOf } from "./project.mjs";
import { send } from "./system.mjs";

/** What the slow one takes a second, in bytes. */
const SLOW_BYTES = 1000;

/** Two who follow the logs through it all: one takes every line, one next to none. */
export class Readers {
  constructor({ project, bin, blame, disk }) {
    Object.assign(this, { project, blame });
    this.lines = new LineCheck(blame, "logs -f", { mayTear: disk !== null });
    this.fast = this.#follow(bin, namesOf("calm"));
    this.slow = this.#follow(bin, []);
    this.fast.stdout.setEncoding("utf8").on("data", (data) => this.#take(data));
    this.#sip();
  }

  /** Everything that the fast one is to see has been said: waits until it has, and sends both away. */
  async end(lives) {
    const calm = lives.filter(({ slot }) => namesOf("calm").includes(slot.split(".")[0]));
    const last = () => this.lines.missing(calm);
    if ((await until(() => last().length === 0, 10_000)) === null)
      this.blame(`logs -f never showed ${last().join("; ")}`);
    clearInterval(this.sipping);
    for (const child of [this.fast, this.slow]) {
      child.removeAllListeners("exit");
      send(child.pid, "SIGKILL");
    }
  }

  #rest = "";
  #take(data) {
    const lines = (this.#rest + data).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.lines.take(line);
  }

  #sip() {
    const { stdout } = this.slow;
    stdout.pause();
    this.sipping = setInterval(() => stdout.read(SLOW_BYTES / 10), 100);
  }

  #follow(bin, services) {
    const { folder, env } = this.project;
    const args = [bin, "logs", "-f", "--json", "-n", "0", ...services];
    const child = spawn(process.execPath, args, {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    child.on("exit", (code, signal) =>
      this.blame(`logs -f ended by itself with ${code ?? signal}: ${stderr.trim()}`),
    );
    return child;
  }
}
