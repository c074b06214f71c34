// The chaos suite: `npm run chaos -- --minutes 10 --seed 7`, or `--kills 500`; test/chaos/README.md tells of it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runChaos, takeDiary } from "../test/chaos/run.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Each round is a project of its own, from up to down. */
const ROUND_SECONDS = 60;
const FAULTS = {
  supervisor: 6,
  instance: 3,
  guardian: 1,
  both: 1,
  pause: 1,
  tear: 1,
  wedge: 0.3,
  full: 0.5,
};

const { values } = parseArgs({
  options: {
    minutes: { type: "string" },
    seconds: { type: "string" },
    kills: { type: "string" },
    seed: { type: "string" },
    faults: { type: "string" },
    "adopt-ms": { type: "string", default: "2000" },
    bin: { type: "string", default: process.env.PROCS_TEST_BIN ?? join(root, "bin", "procs.js") },
    json: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
  },
});
process.exitCode = await main();

async function main() {
  const first = Number(values.seed ?? Date.now() % 1_000_000);
  const seconds = values.seconds ? Number(values.seconds) : Number(values.minutes ?? 1) * 60;
  const kills = values.kills === undefined ? null : Number(values.kills);
  const faults = faultsOf(values.faults, kills);
  const rounds = kills === null ? Math.max(1, Math.round(seconds / ROUND_SECONDS)) : 1;
  // Once: the round comes to its end, and is judged. Twice: as everywhere.
  const enough = new AbortController();
  process.once("SIGINT", () => enough.abort());
  for (let round = 0; round < rounds && !enough.signal.aborted; round++) {
    const seed = first + round;
    const length = Math.min(seconds, ROUND_SECONDS);
    const adoptMs = Number(values["adopt-ms"]);
    const settings = { seconds: length, kills, faults, adoptMs, enough: enough.signal };
    if (!(await perform(seed, settings))) return 1;
  }
  return 0;
}

async function perform(seed, settings) {
  const bin = resolve(values.bin);
  const say = (what) => values.json || console.log(`seed ${seed}: ${what}`);
  const { project, blamed, ...numbers } = await runChaos({
    ...settings,
    seed,
    bin,
    say,
    log: logKeys(bin),
  });
  const diary = takeDiary(project, values.keep || blamed.length > 0);
  console.log(values.json ? JSON.stringify({ seed, blamed, ...numbers }) : words(seed, numbers));
  if (blamed.length === 0) return true;
  const amount =
    settings.kills === null ? `--seconds ${settings.seconds}` : `--kills ${settings.kills}`;
  const which = values.faults === undefined ? "" : ` --faults ${values.faults}`;
  console.error(
    `${diary}\nBLAMED (${blamed.length}):\n${blamed.map((each) => `- ${each}`).join("\n")}`,
  );
  console.error(
    `everything lies in ${project.root}; again: npm run chaos -- --seed ${seed} ${amount}${which}`,
  );
  return false;
}

function words(seed, { lines, lives, faults, commands, unknown, adoptions, adopted_ms: ms }) {
  const deaths = Object.entries(faults)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
  return `seed ${seed}: ${lines} lines, ${lives} starts, ${commands} commands (${unknown} unknown); faults: ${deaths}; adopted ${adoptions} times, ms: median ${ms.median}, 99% ${ms.p99}, max ${ms.max}`;
}

/** `supervisor,instance`, or `supervisor=5,instance=1`. */
function faultsOf(text, kills) {
  if (text === undefined)
    return Object.entries(kills === null ? FAULTS : { supervisor: 5, instance: 1 }).map(
      ([name, weight]) => [weight, name],
    );
  return text.split(",").map((each) => {
    const [name, weight = "1"] = each.split("=");
    if (!(name in FAULTS)) throw new Error(`no fault ${name}: ${Object.keys(FAULTS).join(", ")}`);
    return [Number(weight), name];
  });
}

/** Rotation all the time, and nothing dropped; null: this build has no such keys. */
function logKeys(bin) {
  const log = { max_size: "200KB", keep: 10_000, compress: true };
  const folder = mkdtempSync(join(tmpdir(), "procs-chaos-keys-"));
  const file = { log: { max_total: "10GB" }, services: { a: { command: "true", log } } };
  writeFileSync(join(folder, "procs.yaml"), JSON.stringify(file));
  const { status } = spawnSync(process.execPath, [bin, "validate"], { cwd: folder });
  rmSync(folder, { recursive: true, force: true });
  return status === 0 ? log : null;
}
