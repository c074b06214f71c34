import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./clock.mjs";
import { SERVICES } from "./project.mjs";
import { send } from "./system.mjs";

/** Clocks of a hundredth and looks of some milliseconds: nothing finer is claimed. */
const UNSURE_MS = 25;

/** Lets the observer look on; `end()` gives what it saw. */
export function startWitness({ records, journal }) {
  const program = join(import.meta.dirname, "observer.mjs");
  const child = spawn(process.execPath, [program, records, journal], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  return {
    async end() {
      send(child.pid, "SIGTERM");
      const code = await ended;
      if (code !== 0) throw new Error(`the observer ended with ${code}`);
      return readFileSync(journal, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
    },
    /** The time of the last look is all that can be claimed, so the first must be over before anything starts. */
    ready: () => until(() => existsSync(records), 1000),
  };
}

/** The lives that were seen, by slot, in the order in which they began. */
export function livesOf(journal) {
  const lives = new Map();
  const newest = (slot, pid) => lives.get(slot)?.findLast((one) => one.pid === pid);
  for (const event of journal) {
    const { slot, pid } = event;
    switch (event.kind) {
      case "born": {
        const life = {
          slot,
          pid,
          version: Number(event.version),
          at: event.at,
          alive: null,
          dead: null,
        };
        lives.set(slot, [...(lives.get(slot) ?? []), { ...life, why: null, children: [] }]);
        break;
      }
      case "child":
        newest(slot, event.of)?.children.push({ pid, alive: null, dead: null });
        break;
      case "end":
        if (newest(slot, pid) !== undefined) newest(slot, pid).why = event.why;
        break;
      default:
        died(lives.get(slot) ?? [], event);
    }
  }
  return lives;
}

function died(lives, { pid, alive, dead }) {
  const one = lives
    .flatMap((life) => [life, ...life.children])
    .findLast((each) => each.pid === pid);
  if (one !== undefined) Object.assign(one, { alive, dead });
}

/** Blames lives that overlap, that began without a cause, and that ended without one. */
export function checkLives({ lives, asks, victims, blame }) {
  for (const [slot, row] of lives) {
    const service = SERVICES.find(({ name }) => name === slot.replace(/\.\d+$/, ""));
    const used = new Set();
    for (const [index, life] of row.entries()) {
      const before = row[index - 1];
      const facts = { slot, service, life, before, asks, victims, used };
      if (before !== undefined) checkOverlap(facts, blame);
      const birth = causeOfBirth(facts);
      if (birth === null)
        blame(
          `${slot} (${life.pid}) was started at ${Math.round(life.at)} and nothing had asked for it${after(before)}`,
        );
      if (life.dead !== null && causeOfDeath(facts) === null)
        blame(
          `${slot} (${life.pid}) ended at ${Math.round(life.dead)} and nothing had asked for it`,
        );
    }
  }
}

function after(before) {
  return before === undefined ? "" : `, after ${before.pid} (${before.at} to ${before.dead})`;
}

function checkOverlap({ slot, service, life, before }, blame) {
  const isLate = (one) => one.dead === null || (one.alive ?? 0) > life.at + UNSURE_MS;
  if (isLate(before) && !service.overlap)
    blame(
      `${slot} was there twice: ${before.pid} still lived when ${life.pid} was started at ${life.at}`,
    );
  for (const child of before.children.filter(isLate))
    if (!service.overlap)
      blame(
        `${slot}: ${child.pid}, a child of ${before.pid}, still lived when ${life.pid} was started`,
      );
}

function causeOfBirth({ slot, service, life, before, asks, victims, used }) {
  const asked = (fits) =>
    asks.find((ask) => isFor(ask, service) && ask.at <= life.at + UNSURE_MS && fits(ask));
  const scale = (ask) => ask.kind === "scale" && numberOf(slot) <= ask.count;
  if (before === undefined) {
    // A replacement may begin beside the ones that are wanted.
    const isOver = numberOf(slot) > (service.instances ?? 1);
    const begins = (ask) => (isOver ? ask.kind === "edit" && service.overlap : ask.kind === "up");
    return asked((ask) => begins(ask) || scale(ask)) === undefined ? null : "begun";
  }
  // A new version is asked for once.
  const isNew = before.version < life.version;
  if (isNew && asked((ask) => ask.version === life.version) !== undefined) return "edit";
  const isTask = service.keys?.kind === "task";
  if (!isTask && before.why === "self") return "ended by itself";
  if (!isTask && isVictim(before, victims)) return "killed";
  const kinds = ["start", "restart", "up"];
  const ask = asked(
    (each) =>
      (kinds.includes(each.kind) || scale(each)) && each.over > before.at && !used.has(each),
  );
  if (ask === undefined) return null;
  used.add(ask);
  return ask.kind;
}

function causeOfDeath({ slot, service, life, asks, victims }) {
  if (life.why === "self") return "ended by itself";
  if (isVictim(life, victims)) return "killed";
  const kinds = ["stop", "restart", "down"];
  const fits = (ask) =>
    (kinds.includes(ask.kind) && ask.over >= life.at) ||
    (ask.kind === "scale" && ask.over >= life.at && numberOf(slot) > ask.count) ||
    (ask.kind === "edit" && ask.version > life.version);
  const asked = asks.find(
    (ask) => isFor(ask, service) && ask.at <= life.dead + UNSURE_MS && fits(ask),
  );
  return asked === undefined ? null : asked.kind;
}

function isFor(ask, service) {
  return ask.services === null || ask.services.includes(service.name);
}

function isVictim(life, victims) {
  return victims.some(({ pid, at }) => pid === life.pid && at >= life.at);
}

function numberOf(slot) {
  return Number(slot.slice(slot.lastIndexOf(".") + 1));
}
