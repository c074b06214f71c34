import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FAILPOINTS } from "../../src/host/failpoint.ts";
import { createProject, finished, type Project } from "../rig/project.ts";
import { until } from "../rig/until.ts";

/** Commands whose end nobody could tell are given again: the supervisor has died under them. */
const TRIES_MAX = 4;

/**
 * A program that notes each of its starts past procs, with its version and its pid, and "double" beside it when the
 * one that had its slot before still lives. It says `up`, then `$LINES` numbered lines, and stays.
 */
const PROGRAM = `
slot=$PROCS_SERVICE.$PROCS_INSTANCE
double=
if read -r last _ <"../starts/$slot.last" && read -r stat <"/proc/$last/stat"; then
  case $stat in *") Z "*) ;; *) double=double ;; esac
fi 2>/dev/null
echo "$$ $V" >"../starts/$slot.last"
echo "$$ $V $double" >>"../starts/$slot"
[ -z "$DEAF" ] || trap '' TERM
n=0
while [ "$n" -lt "\${LINES:-0}" ]; do
  n=$((n + 1))
  echo "line $n of a program that says much ....................................."
  [ $((n % 400)) -ne 0 ] || [ -z "$SLOW" ] || sleep 0.3
done
echo up
while :; do sleep 0.2; done
`;

interface Wanted {
  readonly api: number;
  readonly flood: number;
}

/** As JSON, which is YAML. `V` is what an edit of a service changes. */
function file({ api, flood }: Wanted): string {
  const common = {
    command: "sh ../program.sh",
    ready: { log: "/^up$/", timeout: "20s" },
    restart: { backoff: "50ms..50ms", max: 100 },
    stop: { timeout: "2s" },
  };
  return JSON.stringify({
    services: {
      keep: { ...common, env: { V: 1 } },
      api: { ...common, env: { V: api }, depends_on: { keep: "ready" } },
      many: { ...common, env: { V: 1 } },
      deaf: { ...common, env: { V: 1, DEAF: 1 }, stop: { timeout: "100ms" } },
      noisy: {
        ...common,
        env: { V: 1, LINES: 2000 },
        log: { max_size: "30KB", keep: 1000, compress: true },
      },
      flood: {
        ...common,
        env: { V: flood, LINES: 2000, SLOW: 1 },
        log: { max_size: "30KB", keep: 1, compress: false },
      },
    },
  });
}

const EFFECTS = [...new Set(FAILPOINTS.map((name) => name.replace(/\..*/, "")))];

test.concurrent.for(EFFECTS)(
  "supervisors that die before and after %s are replaced by ones that put everything right",
  { timeout: 240_000 },
  async (effect) => {
    const names = [`${effect}.after`, `${effect}.before`];
    await using project = createProject(file({ api: 1, flood: 1 }), {
      PROCS_FAILPOINTS: names.map((name) => `${name}=kill`).join(";"),
    });
    project.write("../program.sh", PROGRAM);
    project.write("../starts/.keep", "");
    await story(project, effect === "guardian" ? 2 : 1);
    expect(diedAt(project).sort(), "never reached").toEqual(names);
  },
);

async function story(project: Project, guardians: number): Promise<void> {
  await gives(project, "up", "-d");
  const keep = startsOf(project, "keep.1");
  expect(keep).toHaveLength(1);

  project.write("procs.yaml", file({ api: 2, flood: 1 }));
  await gives(project, "reload", "-y");
  expect(startsOf(project, "api.1").at(-1)?.version).toBe(2);

  await gives(project, "scale", "many=3");
  await gives(project, "scale", "many=2");
  await dies(project, "many.1");
  await supervisorDies(project);
  for (let dead = 0; dead < guardians; dead++) await guardianDies(project);

  // Each of its runs fills more than what may be kept.
  project.write("procs.yaml", file({ api: 2, flood: 2 }));
  await gives(project, "reload", "-y");
  await gives(project, "stop", "deaf");
  await until("the log of noisy is in archives", () => archivesOf(project, "noisy.1") > 2);

  await settles(project);
  expect(startsOf(project, "keep.1"), "a healthy instance was started again").toEqual(keep);
  const lines = await gives(project, "logs", "noisy", "-n", "all", "--raw");
  expect(lines.stdout.split("\n").filter((line) => line.startsWith("line"))).toEqual(
    Array.from({ length: 2000 }, (_, index) => expect.stringMatching(`^line ${index + 1} of`)),
  );
  await gives(project, "down");
  await until("nothing is left", () => project.alive().length === 0);
  expect(doubles(project)).toEqual([]);
  await until(
    () => `nothing is left but ${leftIn(project)}`,
    () => leftIn(project).length === 0,
  );
}

/** Gives a command until its end is known: 0. */
async function gives(project: Project, ...argv: readonly string[]) {
  for (let tries = 1; ; tries++) {
    const ran = await finished(project.open(...argv));
    const isUnknown = ran.code === 4 && ran.stderr.includes("P602");
    if (!isUnknown || tries === TRIES_MAX) {
      expect(ran.code, `${argv.join(" ")}: ${ran.stderr}`).toBe(0);
      return ran;
    }
  }
}

async function dies(project: Project, slot: string): Promise<void> {
  const before = startsOf(project, slot);
  process.kill(before.at(-1)?.pid ?? 0, "SIGKILL");
  await until(`${slot} is started again`, () => startsOf(project, slot).length > before.length);
}

async function supervisorDies(project: Project): Promise<void> {
  const { supervisor } = await present(project);
  process.kill(supervisor.pid, "SIGKILL");
  await until("another supervisor", async () => {
    return (await present(project)).supervisor.pid !== supervisor.pid;
  });
}

async function guardianDies(project: Project): Promise<void> {
  const guardian = () => {
    const found = project.alive().find((line) => line.includes(" guardian "));
    return found === undefined ? null : Number.parseInt(found, 10);
  };
  const old = await until("a guardian", guardian);
  process.kill(old, "SIGKILL");
  // Where both have died, a command brings them back; to all others it is nothing.
  await gives(project, "up", "-d");
  await until("another guardian", () => guardian() !== null && guardian() !== old);
  await present(project);
}

/** What runs, told by a supervisor: not by a client that found none. */
async function present(project: Project) {
  return until("a supervisor answers", async () => {
    const ran = await finished(project.open("ps", "--json"));
    if (ran.code !== 0) return null;
    const { supervisor, services } = JSON.parse(ran.stdout);
    return supervisor === null ? null : { supervisor, services };
  });
}

/** As it was asked for, by procs' own word and by that of the programs. */
async function settles(project: Project): Promise<void> {
  const wanted = { keep: 1, api: 1, many: 2, deaf: 0, noisy: 1, flood: 1 };
  let last: unknown = null;
  const isSettled = async () => {
    const { services } = await present(project);
    const counts = Object.fromEntries(
      services.map((one: { name: string; ready: number }) => [one.name, one.ready]),
    );
    last = [counts, livingIn(project)];
    return JSON.stringify(last) === JSON.stringify([wanted, wanted]);
  };
  await until(() => `it is as it was asked for: ${JSON.stringify(last)}`, isSettled, 20_000);
}

interface Start {
  readonly pid: number;
  readonly version: number;
  readonly isDouble: boolean;
}

function startsOf(project: Project, slot: string): readonly Start[] {
  const path = join(project.folder, "../starts", slot);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines.map((line) => {
    const [pid, version, double] = line.split(" ");
    return { pid: Number(pid), version: Number(version), isDouble: double === "double" };
  });
}

/** Service -> how many of the newest of each slot live. */
function livingIn(project: Project): Record<string, number> {
  const names = ["keep", "api", "many", "deaf", "noisy", "flood"];
  const alive = new Set(project.alive().map((line) => Number.parseInt(line, 10)));
  const count = (name: string) =>
    [1, 2, 3]
      .flatMap((slot) => startsOf(project, `${name}.${slot}`))
      .filter(({ pid }) => alive.has(pid));
  return Object.fromEntries(names.map((name) => [name, count(name).length]));
}

function doubles(project: Project): readonly string[] {
  const slots = readdirSync(join(project.folder, "../starts"));
  return slots.filter((slot) => startsOf(project, slot).some(({ isDouble }) => isDouble));
}

function stateOf({ stateFolder }: Project): string {
  const root = join(stateFolder, "state");
  return join(root, readdirSync(root)[0] ?? "");
}

function diedAt(project: Project): string[] {
  return readdirSync(stateOf(project))
    .filter((name) => name.startsWith("failpoint."))
    .map((name) => name.slice("failpoint.".length));
}

function archivesOf(project: Project, slot: string): number {
  const files = readdirSync(join(stateOf(project), "runs", slot));
  return files.filter((name) => name.includes("@")).length;
}

/** What a project that has left may leave: what it said, and notes for tests. */
function leftIn(project: Project): readonly string[] {
  const may = /^(runs|events\.ndjson|supervisor\.log|failpoint\..*)$/;
  return readdirSync(stateOf(project)).filter((name) => !may.test(name));
}
