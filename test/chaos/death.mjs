import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pause, until, uptimeMs } from "./clock.mjs";
import { aliveOf } from "./lives.mjs";
import { namesOf } from "./project.mjs";
import { ask, keepersOf, parentOf, send } from "./system.mjs";

/** After this nobody comes any more. */
const GONE_MS = 20_000;
const CALM = namesOf("calm").map((name) => `${name}.1`);

/** Kills, stops and spoils what a machine may kill, stop and spoil. */
export class Death {
  /** Programs that were killed, or whose shim was: `{pid, at}`. They may be started again. */
  victims = [];
  /** Milliseconds from each death of a supervisor until its successor has adopted all. */
  adoptions = [];
  counts = {};
  /** The supervisor that died last, which may still be seen for a moment. */
  killed = null;

  constructor({ project, random, tell, blame, faults, disk }) {
    Object.assign(this, { project, random, tell, blame, faults, disk });
  }

  /** One fault after another until `signal`, or until `killsMax` supervisors have died. */
  async work(signal, killsMax = Number.POSITIVE_INFINITY) {
    while (!signal.aborted && (this.counts.supervisor ?? 0) < killsMax) {
      const fault = this.random.weighted(this.faults);
      this.counts[fault] = (this.counts[fault] ?? 0) + 1;
      await this[fault](signal);
      await pause(this.random.below(1000), signal);
    }
  }

  async supervisor(signal) {
    const pid = await this.findSupervisor(signal);
    if (pid === null) return;
    this.tell(`kill -9 supervisor ${pid}`);
    this.killed = pid;
    send(pid, "SIGKILL");
    const at = uptimeMs();
    // Not all may grow up: some die while they adopt.
    if (this.random.chance(0.3)) return await pause(this.random.below(400), signal);
    await this.adopted(pid, at, signal);
  }

  /** Whoever is there now, or nobody. */
  async killNow() {
    const pid = keepersOf(this.project).supervisor;
    if (pid === null) return;
    this.counts.supervisor = (this.counts.supervisor ?? 0) + 1;
    this.tell(`kill -9 supervisor ${pid}`);
    this.killed = pid;
    send(pid, "SIGKILL");
  }

  async guardian(signal) {
    const pid = await until(() => keepersOf(this.project).guardian, GONE_MS, 40);
    if (pid === null || signal.aborted) return;
    this.tell(`kill -9 guardian ${pid}`);
    const old = keepersOf(this.project).supervisor;
    send(pid, "SIGKILL");
    const at = uptimeMs();
    await this.adopted(old, at, signal);
    const next = await until(() => keepersOf(this.project).guardian, GONE_MS, 40);
    if (next === null) this.blame(`no guardian came after ${pid} was killed`);
  }

  /** Only a command can bring them back. */
  async both(signal) {
    const pid = await this.findSupervisor(signal);
    const { guardian, supervisor } = keepersOf(this.project);
    if (pid === null || guardian === null || supervisor === null) return;
    this.tell(`kill -9 guardian ${guardian} and supervisor ${supervisor}`);
    this.killed = supervisor;
    for (const each of [guardian, supervisor]) send(each, "SIGSTOP");
    for (const each of [guardian, supervisor]) send(each, "SIGKILL");
  }

  async pause(signal) {
    const pid = await this.findSupervisor(signal);
    if (pid === null) return;
    const ms = this.random.between(20, 1500);
    this.tell(`stop supervisor ${pid} for ${ms} ms`);
    send(pid, "SIGSTOP");
    await pause(ms);
    send(pid, "SIGCONT");
  }

  /** It hears nothing any more, for ever: its guardian is to notice. */
  async wedge(signal) {
    const pid = await this.findSupervisor(signal);
    if (pid === null) return;
    this.tell(`stop supervisor ${pid} for ever`);
    this.killed = pid;
    send(pid, "SIGSTOP");
    await this.adopted(pid, uptimeMs(), signal, { isSlow: true });
  }

  /** No byte more can be stored for a while. */
  async full() {
    const ms = this.random.between(100, 2000);
    this.tell(`the disk is full for ${ms} ms`);
    await this.disk.fill(ms);
  }

  /** The state file is torn while nobody looks. */
  async tear(signal) {
    const pid = await this.findSupervisor(signal);
    const { guardian } = keepersOf(this.project);
    if (pid === null || guardian === null) return;
    this.killed = pid;
    send(guardian, "SIGSTOP");
    send(pid, "SIGKILL");
    const at = uptimeMs();
    await until(() => parentOf(pid) === null || keepersOf(this.project).supervisor === null, 2000);
    this.tell(`kill -9 supervisor ${pid}; state.json: ${this.spoil()}`);
    send(guardian, "SIGCONT");
    await this.adopted(pid, at, signal);
  }

  async instance() {
    const slots = namesOf("victim", "looper").map((name) => `${name}.1`);
    const alive = aliveOf(this.project.records, slots);
    if (alive.length === 0) return;
    const { slot, pid } = this.random.pick(alive);
    const shim = parentOf(pid);
    const isShim = this.random.chance(0.3) && shim !== null && shim > 1;
    this.tell(`kill -9 ${slot} ${pid}${isShim ? `'s shim ${shim}` : ""}`);
    this.victims.push({ pid, at: uptimeMs() });
    send(isShim ? shim : pid, "SIGKILL");
  }

  spoil() {
    const path = join(this.project.kept() ?? "/", "state.json");
    try {
      const text = readFileSync(path);
      const at = this.random.below(text.length);
      const how = this.random.pick(["cut", "flipped", "empty", "gone"]);
      if (how === "cut") truncateSync(path, at);
      if (how === "empty") truncateSync(path, 0);
      if (how === "gone") rmSync(path);
      if (how === "flipped") {
        text[at] ^= 1 << this.random.below(8);
        writeFileSync(path, text);
      }
      return `${how} at ${at}`;
    } catch (error) {
      return String(error);
    }
  }

  async findSupervisor(signal) {
    const next = () => {
      const { supervisor } = keepersOf(this.project);
      return supervisor === this.killed ? null : supervisor;
    };
    const pid = await until(() => signal.aborted || next(), GONE_MS, 40);
    if (pid === null) this.blame(`no supervisor within ${GONE_MS} ms`);
    return pid === true ? null : pid;
  }

  /** Waits until another one than `killed` answers, and knows every calm instance that lives. */
  async adopted(killed, at, signal, { isSlow = false } = {}) {
    let last = "nobody answered";
    const isDone = async () => {
      if (signal.aborted) return true;
      const snapshot = await ask(this.project.socket() ?? "/", "/v1/snapshot", 1000);
      if (snapshot === null || snapshot.supervisor?.pid === killed) return false;
      const known = new Set(snapshot.services.flatMap((s) => s.instances.map((i) => i.pid)));
      const missing = aliveOf(this.project.records, CALM).filter(({ pid }) => !known.has(pid));
      last = `not known: ${missing.map(({ slot, pid }) => `${slot} (${pid})`).join(", ")}`;
      return missing.length === 0;
    };
    const done = await until(isDone, GONE_MS, 40);
    if (signal.aborted) return;
    const ms = Math.round(uptimeMs() - at);
    if (done === null) this.blame(`nothing adopted ${ms} ms after ${killed} was killed: ${last}`);
    else if (!isSlow) this.adoptions.push({ ms, killed });
    this.tell(`all are known again after ${ms} ms`);
  }
}
