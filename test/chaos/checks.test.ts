import { expect, test } from "vitest";

// The suite is plain JavaScript, so that nothing has to be compiled before it can look on.
const { LineCheck } = await load("lines.mjs");
const { checkLives, livesOf } = await load("witness.mjs");

async function load(name: string) {
  return await import(new URL(name, import.meta.url).href);
}

const FIRST = "line calm-a.1 7@100.00";

function judgedLines(lines: readonly string[], said: { out: number; err: number }): string[] {
  const blamed: string[] = [];
  const check = new LineCheck((what: string) => blamed.push(what), "logs", { isWhole: true });
  for (const line of lines) {
    const entry = { kind: "log", service: "calm-a", instance: 1, run: 1, stream: "stdout", line };
    check.take(JSON.stringify(entry));
  }
  return [...blamed, ...check.missing([{ slot: "calm-a.1", pid: 7, born: "100.00", ...said }])];
}

test("lines that are all there, once and in order, are blamed on nobody", () => {
  const lines = ["up 7@100.00", `${FIRST} 1 ;`, `${FIRST} 2 ;`, `${FIRST} 3 ;`];
  expect(judgedLines(lines, { out: 3, err: 0 })).toEqual([]);
});

test.each([
  ["lost in the middle", [`${FIRST} 1 ;`, `${FIRST} 3 ;`], /after line 1 came 3: 1 lost/],
  ["lost at the beginning", [`${FIRST} 2 ;`, `${FIRST} 3 ;`], /after line 0 came 2: 1 lost/],
  ["lost at the end", [`${FIRST} 1 ;`, `${FIRST} 2 ;`], /stdout of calm-a\.1 \(7\) after 2 of 3/],
  ["there twice", [`${FIRST} 1 ;`, `${FIRST} 1 ;`], /after line 1 came 1: said twice/],
  ["out of order", [`${FIRST} 2 ;`, `${FIRST} 1 ;`], /after line 2 came 1: said twice or out/],
  ["torn", [`${FIRST} 1 ;`, FIRST], /torn or foreign/],
  ["said to be another's", ["line calm-b.1 7@100.00 1 ;"], /calm-b\.1 said a line that is told of/],
])("a line that is %s is blamed", (_what, lines, words) => {
  expect(judgedLines(lines, { out: 3, err: 0 }).join("\n")).toMatch(words);
});

interface Story {
  readonly journal: readonly object[];
  readonly asks?: readonly object[];
  readonly victims?: readonly object[];
}

const UP = { kind: "up", services: null, at: 0, over: 50 };

function judgedLives({ journal, asks = [], victims = [] }: Story): string[] {
  const blamed: string[] = [];
  const blame = (what: string) => blamed.push(what);
  checkLives({ lives: livesOf(journal), asks: [UP, ...asks], victims, blame });
  return blamed;
}

function born(slot: string, pid: number, at: number, version = "1") {
  return { kind: "born", slot, pid, at, version, seen: at };
}

function dead(slot: string, pid: number, at: number) {
  return { kind: "dead", slot, pid, alive: at - 5, dead: at };
}

const TWO_LIVES = [born("victim.1", 7, 100), dead("victim.1", 7, 500), born("victim.1", 8, 600)];

test.each<[string, Story]>([
  ["a life that goes on", { journal: [born("calm-a.1", 7, 100)] }],
  ["a start after a kill", { journal: TWO_LIVES, victims: [{ pid: 7, at: 490 }] }],
  [
    "a new version",
    {
      journal: [born("edited.1", 7, 100), dead("edited.1", 7, 500), born("edited.1", 8, 600, "2")],
      asks: [{ kind: "edit", services: ["edited"], version: 2, at: 400, over: 700 }],
    },
  ],
])("%s is blamed on nobody", (_what, story) => {
  expect(judgedLives(story)).toEqual([]);
});

test.each<[string, Story, RegExp]>([
  [
    "two at a time",
    { journal: [born("calm-a.1", 7, 100), born("calm-a.1", 8, 600), dead("calm-a.1", 7, 900)] },
    /calm-a\.1 was there twice: 7 still lived when 8 was started/,
  ],
  [
    "a healthy one that is started again",
    { journal: TWO_LIVES },
    /victim\.1 \(7\) ended at 500 and/,
  ],
  [
    "a second start for one request",
    {
      journal: [
        ...[born("stopper.1", 7, 100), dead("stopper.1", 7, 500), born("stopper.1", 8, 600)],
        ...[dead("stopper.1", 8, 700), born("stopper.1", 9, 800)],
      ],
      asks: [{ kind: "restart", services: ["stopper"], at: 400, over: 900 }],
    },
    /stopper\.1 \(9\) was started at 800 and nothing had asked for it/,
  ],
  [
    "a task that runs again",
    {
      journal: [
        ...[born("first.1", 7, 100), { kind: "end", slot: "first.1", pid: 7, why: "self" }],
        ...[dead("first.1", 7, 500), born("first.1", 8, 600)],
      ],
    },
    /first\.1 \(8\) was started/,
  ],
  [
    "a child that outlives its parent",
    {
      journal: [
        ...[born("family.1", 7, 100), { kind: "child", slot: "family.1", pid: 70, of: 7 }],
        ...[dead("family.1", 7, 500), born("family.1", 8, 600), dead("family.1", 70, 900)],
      ],
      victims: [{ pid: 7, at: 490 }],
    },
    /family\.1: 70, a child of 7, still lived when 8 was started/,
  ],
  [
    "an instance above the scale",
    { journal: [born("scaled.2", 7, 100)], asks: [] },
    /scaled\.2 \(7\) was started/,
  ],
])("%s is blamed", (_what, story, words) => {
  expect(judgedLives(story).join("\n")).toMatch(words);
});
