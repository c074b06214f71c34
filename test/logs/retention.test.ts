import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LogSettings } from "../../src/core/spec.ts";
import {
  type Drop,
  dropsOf,
  type KeptArchive,
  type KeptRun,
  LAST_WORDS_BYTES,
  type RetentionRules,
  RUNS_MAX,
} from "../../src/logs/retention.ts";

const SETTINGS: LogSettings = {
  max_size: 1_000_000,
  keep: 5,
  max_total: null,
  max_age: null,
  compress: true,
};

function rules(
  change: Partial<LogSettings> = {},
  more: Partial<RetentionRules> = {},
): RetentionRules {
  return {
    settings: (service) => (service === "removed" ? null : { ...SETTINGS, ...change }),
    project: { max_total: null, max_age: null },
    nowMs: 1_000_000,
    needBytes: 0,
    ...more,
  };
}

function run(number: number, change: Partial<KeptRun> = {}, restBytes = 100): KeptRun {
  return {
    service: "api",
    slot: 1,
    run: number,
    isLive: false,
    archives: [],
    rest: {
      diskBytes: restBytes,
      unarchived: { stdout: restBytes, stderr: 0 },
      atMs: number * 1_000 + 999,
    },
    ...change,
  };
}

/** `count` archives of 100 bytes each. */
function archives(count: number, from = 0, stream: KeptArchive["stream"] = "stdout") {
  return Array.from({ length: count }, (_, index): KeptArchive => {
    return { stream, to: (index + 1) * 100, diskBytes: 100, atMs: from + index };
  });
}

function told(drops: readonly Drop[]): readonly string[] {
  return drops.map((drop) => {
    const what = drop.kind === "run" ? "all" : `${drop.stream} to ${drop.to}`;
    return `${drop.service}.${drop.slot}#${drop.run} ${what}: ${drop.reason}, ${drop.diskBytes}`;
  });
}

describe("keep", () => {
  test("is for each stream of an instance, and the oldest archives go", () => {
    const live = run(7, {
      isLive: true,
      archives: [...archives(6), ...archives(5, 50, "stderr")],
    });
    expect(told(dropsOf([live], rules()))).toEqual(["api.1#7 stdout to 100: keep, 100"]);
    const other = { ...live, slot: 2 };
    expect(dropsOf([live, other], rules())).toHaveLength(2);
    expect(dropsOf([live], rules({ keep: 6 }))).toEqual([]);
  });

  test("counts what ended runs left by its size, and a run that goes takes along what is older", () => {
    const runs = [1, 2, 3, 4, 5].map((number) => run(number, {}, 400_000));
    expect(told(dropsOf(runs, rules({ keep: 1 })))).toEqual([
      "api.1#1 all: keep, 400000",
      "api.1#2 all: keep, 400000",
      "api.1#3 all: keep, 400000",
    ]);
  });

  test("0 leaves the live file, the last run, and the last archive as long as they are nearly empty", () => {
    const stored = [run(1), run(2), run(3, { isLive: true, archives: archives(3) })];
    expect(told(dropsOf(stored, rules({ keep: 0 })))).toEqual([
      "api.1#1 all: keep, 100",
      "api.1#3 stdout to 200: keep, 200",
    ]);
    const full = run(3, { isLive: true, archives: archives(3) }, LAST_WORDS_BYTES);
    expect(told(dropsOf([full], rules({ keep: 0 })))).toEqual(["api.1#3 stdout to 300: keep, 300"]);
  });
});

test("last words are those of the last run that said something", () => {
  const silent = { diskBytes: 50, unarchived: { stdout: 0, stderr: 0 }, atMs: 9_999 };
  const stored = [run(1), run(2), run(3, { rest: silent }), run(4, { rest: silent })];
  expect(told(dropsOf(stored, rules({}, { needBytes: 1e9 })))).toEqual([
    "api.1#1 all: space, 100",
    "api.1#3 all: space, 50",
  ]);
});

describe("age", () => {
  test("counts from the last line, and the end of the last run stays for ever", () => {
    const stored = [run(1), run(2, { archives: archives(2, 2_000) }), run(3, { isLive: true })];
    expect(told(dropsOf(stored, rules({ max_age: 1_000 })))).toEqual([
      "api.1#1 all: max_age, 100",
      "api.1#2 stdout to 100: max_age, 100",
    ]);
    expect(dropsOf(stored, rules({ max_age: 999_000 }))).toEqual([]);
  });

  test("of the project holds for every service, and for those that are no longer in the file too", () => {
    const stored = [run(1), run(2), run(1, { service: "removed" })];
    const project = { max_total: null, max_age: 1_000 };
    expect(told(dropsOf(stored, rules({}, { project })))).toEqual([
      "api.1#1 all: max_age, 100",
      "removed.1#1 all: max_age, 100",
    ]);
  });
});

describe("totals", () => {
  test("of a service are over all its instances, oldest first", () => {
    const stored = [1, 2].flatMap((slot) => [
      run(1, { slot, archives: archives(2, slot * 10) }),
      run(2, { slot, isLive: true }),
    ]);
    stored.push(run(1, { service: "db", archives: archives(9) }));
    expect(told(dropsOf(stored, rules({ keep: 100, max_total: 700 }))).join("\n")).toBe(
      ["api.1#1 stdout to 100: max_total, 100", "db.1#1 stdout to 300: max_total, 300"].join("\n"),
    );
  });

  test("of the project are over all services", () => {
    const stored = [
      run(1, { service: "db", archives: archives(2, 10) }),
      run(1, { archives: archives(2, 20) }),
      run(9, { service: "removed" }, 50),
    ];
    const project = { max_total: 400, max_age: null };
    expect(told(dropsOf(stored, rules({}, { project }))).toSorted()).toEqual([
      "api.1#1 stdout to 100: project, 100",
      "db.1#1 stdout to 100: project, 100",
      "removed.1#9 all: project, 50",
    ]);
  });

  test("need of space counts what goes anyway", () => {
    const stored = [run(1), run(2), run(3), run(4, { isLive: true })];
    expect(told(dropsOf(stored, rules({}, { needBytes: 150 })))).toHaveLength(2);
    expect(dropsOf(stored, rules({ keep: 0 }, { needBytes: 150 }))).toHaveLength(2);
  });
});

test("a crash loop leaves a hundred runs, and the newest ones", () => {
  const stored = Array.from({ length: 5_000 }, (_, index) => run(index + 1, {}, 10));
  const drops = dropsOf(stored, rules());
  expect(drops).toHaveLength(5_000 - RUNS_MAX);
  expect(drops.every((drop) => drop.kind === "run" && drop.run <= 5_000 - RUNS_MAX)).toBe(true);
});

describe("whatever is stored and whatever the rules are", () => {
  const bytes = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 200_000 }));
  const archive = fc.record({
    stream: fc.constantFrom("stdout" as const, "stderr" as const),
    diskBytes: bytes,
  });
  const slot = fc.array(
    fc.record({ live: fc.boolean(), rest: bytes, archives: fc.array(archive, { maxLength: 5 }) }),
    { maxLength: 6 },
  );
  const cap = fc.option(fc.integer({ min: 0, max: 1_000_000 }));
  const arbitraryRules = fc.record({
    keep: fc.integer({ min: 0, max: 4 }),
    max_total: cap,
    max_age: fc.option(fc.integer({ min: 0, max: 100 })),
    project: cap,
    needBytes: fc.integer({ min: 0, max: 1_000_000 }),
  });
  const runsOf = (
    slots: readonly (readonly {
      live: boolean;
      rest: number;
      archives: readonly { stream: KeptArchive["stream"]; diskBytes: number }[];
    }[])[],
  ) =>
    slots.flatMap((own, slotIndex) =>
      own.map(({ live, rest, archives: stored }, index) =>
        run(index + 1, {
          slot: slotIndex + 1,
          isLive: live && index === own.length - 1,
          archives: stored.map((one, at) => ({
            ...one,
            to: (at + 1) * 10,
            atMs: 999_900 + index * 10 + at,
          })),
          rest: {
            diskBytes: rest,
            unarchived: { stdout: rest, stderr: 0 },
            atMs: 999_900 + index * 10 + 9,
          },
        }),
      ),
    );

  test("live files and the last words stay, the rest is within its caps, and there are no gaps", () => {
    fc.assert(
      fc.property(fc.array(slot, { maxLength: 3 }), arbitraryRules, (slots, drawn) => {
        const stored = runsOf(slots);
        const { keep, max_total, max_age, project, needBytes } = drawn;
        const drops = dropsOf(
          stored,
          rules(
            { keep, max_total, max_age },
            { needBytes, project: { max_total: project, max_age: null } },
          ),
        );
        const left = after(stored, drops);
        for (const own of new Set(stored.map((one) => one.slot))) {
          const before = stored.filter((one) => one.slot === own);
          const now = left.filter((one) => one.slot === own);
          const spoken = before.findLast((one) => !one.isLive && hasSpoken(one))?.run;
          const numbers = (runs: readonly KeptRun[]) =>
            runs.map((one) => one.run).filter((number) => number !== spoken);
          expect(now.at(-1)?.run).toBe(before.at(-1)?.run);
          expect(now.some((one) => one.run === spoken)).toBe(spoken !== undefined);
          // What stays for its last words may stand alone.
          const others = numbers(now);
          expect(numbers(before).slice(numbers(before).length - others.length)).toEqual(others);
        }
        for (const one of stored.filter((each) => each.isLive)) {
          expect(left.some((each) => each.slot === one.slot && each.run === one.run)).toBe(true);
        }
        // Nothing is left to do, unless what must stay is above a cap.
        const again = dropsOf(
          left,
          rules({ keep, max_total, max_age }, { project: { max_total: project, max_age: null } }),
        );
        expect(again).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

function hasSpoken({ archives: stored, rest }: KeptRun): boolean {
  return stored.length > 0 || rest.unarchived.stdout + rest.unarchived.stderr > 0;
}

/** What is stored after these are dropped. */
function after(stored: readonly KeptRun[], drops: readonly Drop[]): readonly KeptRun[] {
  return stored.flatMap((one) => {
    const own = drops.filter((drop) => drop.slot === one.slot && drop.run === one.run);
    if (own.some((drop) => drop.kind === "run")) return [];
    const kept = one.archives.filter(
      ({ stream, to }) =>
        !own.some((drop) => drop.kind === "archives" && drop.stream === stream && to <= drop.to),
    );
    return [{ ...one, archives: kept }];
  });
}
