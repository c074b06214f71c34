import { spawnSync } from "node:child_process";
import { appendFileSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { pause, until, uptimeMs } from "./clock.mjs";
import { Death } from "./death.mjs";
import { mountDisk } from "./disk.mjs";
import { Hand } from "./hand.mjs";
import { checkStored } from "./lines.mjs";
import { aliveOf, readRecords } from "./lives.mjs";
import { createProject, SERVICES, wantedAtFirst } from "./project.mjs";
import { random } from "./random.mjs";
import { Readers } from "./readers.mjs";
import { ask, processesWith, send } from "./system.mjs";
import { checkLives, livesOf, startWitness } from "./witness.mjs";

/** How long what was asked for may take once nothing is broken any more. */
const REST_MS = 30_000;

/**
 * One project, from `up` to `down`, through everything that `faults` names. `blamed` is what was found to be wrong,
 * empty when all held; `project.root` is where everything lies that was written meanwhile. `enough` ends it early.
 */
export async function runChaos({ seed, bin, seconds, kills, faults, log, say, adoptMs, enough }) {
  const blamed = [];
  const project = createProject();
  const tell = (what) =>
    appendFileSync(`${project.root}/diary`, `${(uptimeMs() / 1000).toFixed(3)} ${what}\n`);
  const blame = (what) => {
    blamed.push(what);
    tell(`BLAMED: ${what}`);
    say(`BLAMED: ${what}`);
  };
  const disk = has(faults, "full") ? mountDisk(project.state) : null;
  if (has(faults, "full") && disk === null)
    say("LEFT OUT: the full disk, which only root can have");
  const possible = faults.filter(([, fault]) => fault !== "full" || disk !== null);
  const base = { project, tell, blame, bin, log, disk };
  const wanted = wantedAtFirst();
  const hand = new Hand({ ...base, wanted, random: random(seed, "hand") });
  const death = new Death({ ...base, random: random(seed, "death"), faults: possible });
  const witness = startWitness(project);
  await witness.ready();
  let readers = null;
  try {
    const follow = () => {
      readers = new Readers(base);
    };
    await live({ seconds, kills, hand, death, say, enough, follow });
    await checkEnd({ ...base, wanted });
    await readers.end(calmLives(project));
    await goDown(hand, death, seed);
    await checkGone({ ...base });
    const lives = livesOf(await witness.end());
    checkLives({ lives, asks: hand.asks, victims: death.victims, blame });
    const kept = calmLives(project);
    const lines = await checkStored({ ...base, lives: saidLives(project), kept });
    const late = death.adoptions.filter(({ ms }) => ms > adoptMs);
    if (late.length > 0)
      blame(`adopted later than ${adoptMs} ms: ${late.map(({ ms }) => ms).join(", ")}`);
    return { blamed, project, ...summary({ hand, death, lives, lines }) };
  } finally {
    await until(() => killAll(project), 5000);
    removeCgroup(project);
    // What lay on the disk goes with it.
    if (blamed.length > 0 && disk !== null)
      spawnSync("cp", ["-a", project.state, `${project.root}/kept`]);
    disk?.unmount();
  }
}

/** True once nothing is left: who is killed may have been started anew meanwhile. */
function killAll({ root }) {
  const left = processesWith(root);
  for (const { pid } of left) send(pid, "SIGKILL");
  return left.length === 0;
}

function has(faults, name) {
  return faults.some(([, fault]) => fault === name);
}

/** Who is killed with -9 takes none of it away. */
function removeCgroup(project) {
  try {
    const path = readFileSync(`${project.kept()}/cgroup`, "utf8").trim();
    for (const name of readdirSync(path, { withFileTypes: true }))
      if (name.isDirectory()) rmdirSync(`${path}/${name.name}`);
    rmdirSync(path);
  } catch {
    // There was none.
  }
}

/** `up` under fire, then work and death side by side until the time is over or enough have died. */
async function live({ seconds, kills, hand, death, follow, say, enough }) {
  const over = new AbortController();
  enough.addEventListener("abort", () => over.abort());
  const timer = kills === null ? setTimeout(() => over.abort(), seconds * 1000) : null;
  const dying = death.work(over.signal, kills ?? undefined).then(() => over.abort());
  if (!(await hand.up())) throw new Error("the project could not be brought up: see above");
  follow();
  const told = setInterval(() => say(`${death.counts.supervisor ?? 0} supervisors killed`), 30_000);
  await hand.work(over.signal);
  await dying;
  clearInterval(told);
  clearTimeout(timer ?? undefined);
}

/** `down`, while supervisors die of it. */
async function goDown(hand, death, seed) {
  const over = new AbortController();
  const choice = random(seed, "down");
  const dying = (async () => {
    for (let kill = choice.below(4); kill > 0 && !over.signal.aborted; kill--) {
      await pause(choice.below(700), over.signal);
      await death.killNow();
    }
  })();
  await hand.down();
  over.abort();
  await dying;
}

/** Everything is as it was asked for, by the programs' own records and as procs tells it. */
async function checkEnd({ project, wanted, blame }) {
  let last = [];
  const settled = async () => {
    const snapshot = await ask(project.socket() ?? "/", "/v1/snapshot", 1000);
    last = snapshot === null ? ["nobody answers"] : differences(project, wanted, snapshot);
    return last.length === 0;
  };
  if ((await until(settled, REST_MS, 100)) === null)
    for (const each of last) blame(`in the end: ${each}`);
}

function differences(project, wanted, snapshot) {
  const words = [];
  for (const { name, role, keys } of SERVICES) {
    if (role === "looper") continue;
    const { version, count, isStopped } = wanted.get(name);
    const number = isStopped || keys?.kind === "task" ? 0 : count;
    const slots = [1, 2, 3, 4, 5, 6].map((slot) => `${name}.${slot}`);
    const alive = aliveOf(project.records, slots);
    const told = snapshot.services.find((service) => service.name === name);
    const pids = (told?.instances ?? []).map(({ pid }) => pid).filter((pid) => pid !== null);
    if (alive.length !== number || alive.some((one) => one.version !== version))
      words.push(
        `${name}: ${number} with v${version} wanted, there: ${alive.map((one) => `${one.pid} v${one.version}`).join(", ") || "none"}`,
      );
    if (
      pids.sort().join() !==
      alive
        .map(({ pid }) => pid)
        .sort()
        .join()
    )
      words.push(
        `${name}: ps tells of ${pids.join(", ") || "none"}, there: ${alive.map(({ pid }) => pid).join(", ") || "none"}`,
      );
    const state = number > 0 ? "ready" : stateAtRest(name, isStopped);
    if (told?.state !== state) words.push(`${name} is ${told?.state}, not ${state}`);
  }
  return words;
}

function stateAtRest(name, isStopped) {
  if (isStopped) return "stopped";
  return name === "job" ? "failed" : "done";
}

/** After `down` nothing may be left that the project ever started. */
async function checkGone({ project, blame }) {
  const rest = () => processesWith(project.root).filter(({ command }) => !isOurs(command));
  if ((await until(() => rest().length === 0, 15_000)) !== null) return;
  for (const { pid, command } of rest()) blame(`after down there is still ${pid}: ${command}`);
}

function isOurs(command) {
  return command.includes("test/chaos/observer.mjs");
}

/** The last lives of those that are never touched and never end. */
function calmLives(project) {
  return saidLives(project).filter(({ slot }) => slot.startsWith("calm"));
}

/** So many of the runs of an instance that have ended are kept, whatever the file says; the last may be at work. */
const RUNS_KEPT = 95;

/** Each life whose lines are still kept, with the number of lines that it says to have written. */
function saidLives({ said }) {
  const slots = SERVICES.flatMap(({ name }) => [1, 2, 3, 4, 5, 6].map((slot) => `${name}.${slot}`));
  const lives = new Map();
  for (const { slot, pid, born, out, err } of readRecords(said, slots))
    lives.set(`${slot} ${pid} ${born}`, { slot, pid, born, out, err });
  const all = [...lives.values()];
  return slots.flatMap((slot) => all.filter((life) => life.slot === slot).slice(-RUNS_KEPT));
}

function summary({ hand, death, lives, lines }) {
  const sorted = death.adoptions.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
  return {
    lines,
    lives: [...lives.values()].reduce((sum, row) => sum + row.length, 0),
    faults: death.counts,
    commands: hand.given,
    unknown: hand.unknown,
    adoptions: sorted.length,
    adopted_ms: { median: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? null },
  };
}

/** The diary of a run, for people, and what it left is removed. */
export function takeDiary(project, isKept) {
  const text = readFileSync(`${project.root}/diary`, "utf8");
  if (!isKept) rmSync(project.root, { recursive: true, force: true });
  return text;
}
