import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { VersionReply } from "../../control/protocol.ts";
import type { Snapshot } from "../../control/snapshot.ts";
import type { Engine } from "../../engines/engine.ts";
import { EXIT, userError } from "../../errors.ts";
import { VERSION } from "../../version.ts";
import type { ParsedArgs } from "../args.ts";
import { clean } from "../clean.ts";
import type { Context } from "../context.ts";
import { ago, count } from "../format.ts";

/** The supervisor of this project itself: how it is, what it said, and another one in its place. */
export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const [action = "status", ...more] = args.positionals;
  if (more.length > 0) throw args.wrongUse(`procs daemon takes one word, not "${more[0]}" as well`);
  switch (action) {
    case "status":
      return status(context, args);
    case "logs":
      return logs(context, args);
    case "restart":
    case "upgrade":
      return replace(context, action);
    default:
      throw args.wrongUse(`procs daemon ${action}: it is status, logs, restart or upgrade`);
  }
}

async function status(context: Context, args: ParsedArgs): Promise<number> {
  const engine = await context.engine();
  const version = await engine.version();
  const { out } = context;
  if (out.mode === "json") out.json({ ...document("status", engine, version) });
  else for (const row of rowsOf(context, engine, version)) out.line(row);
  return version === null && args.flag("exit-code") ? EXIT.no : EXIT.ok;
}

/** Looked for nowhere but in the file: a supervisor that does not start says why in there. */
async function logs(context: Context, args: ParsedArgs): Promise<number> {
  const { supervisorLog } = (await context.engine()).paths;
  const asked = args.text("lines") ?? String(LINES);
  const most = asked === "all" ? Number.POSITIVE_INFINITY : Number(asked);
  if (!(most >= 0)) throw args.wrongUse(`--lines ${asked} is not a number of lines`);
  const lines = lastLines(supervisorLog, most);
  const { out } = context;
  if (out.mode === "json") out.json({ v: 1, kind: "daemon_log", path: supervisorLog, lines });
  else for (const line of lines) out.line(clean(line));
  if (lines.length === 0) context.say(`it has said nothing: ${supervisorLog}`);
  return EXIT.ok;
}

const LINES = 100;

async function replace(context: Context, action: "restart" | "upgrade"): Promise<number> {
  const engine = await context.engine();
  const before = await engine.version();
  if (before === null) {
    throw userError(EXIT.supervisor, "P602", "nothing runs here", { help: ["procs up"] });
  }
  const isOurs = before.version === VERSION;
  const runs = processesOf(await engine.snapshot());
  const isDone = action === "upgrade" && isOurs;
  const after = isDone ? before : await engine.handOver(action === "upgrade" ? "ours" : "same");
  const still = processesOf(await engine.snapshot());
  const touched = [...runs].filter(([name, pid]) => still.get(name) !== pid).map(([name]) => name);
  const kept = runs.size - touched.length;
  if (context.out.mode === "json") {
    context.out.json({
      ...document(action, engine, after),
      ...{ replaced: !isDone, from: before.version, kept, touched },
    });
  } else
    for (const line of replacedWords({ before, after, isDone, kept, touched })) context.say(line);
  return EXIT.ok;
}

interface Replaced {
  readonly before: VersionReply;
  readonly after: VersionReply | null;
  readonly isDone: boolean;
  readonly kept: number;
  readonly touched: readonly string[];
}

function replacedWords({ before, after, isDone, kept, touched }: Replaced): readonly string[] {
  if (isDone || after === null) {
    return [
      `The supervisor is of procs ${before.version} already: procs daemon restart puts a new one in its place.`,
    ];
  }
  const versions =
    before.version === after.version ? after.version : `${before.version} -> ${after.version}`;
  return [
    `The supervisor was replaced: procs ${versions}, pid ${before.pid} -> ${after.pid}.`,
    kept === 0
      ? "Nothing was running."
      : `${count(kept, "process", "processes")} went on as before.`,
    // Ended by themselves in that very moment, or could not be taken over.
    ...(touched.length > 0 ? [`Not as before: ${touched.join(", ")}; procs events says why.`] : []),
  ];
}

/** Instance -> pid, of what runs. */
function processesOf(snapshot: Snapshot | null): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { name, instances } of snapshot?.services ?? []) {
    for (const { instance, pid } of instances)
      if (pid !== null) found.set(`${name}.${instance}`, pid);
  }
  return found;
}

function document(action: string, { paths }: Engine, version: VersionReply | null) {
  return {
    ...{ v: 1, kind: "daemon", action, running: version !== null, same_version: isSame(version) },
    version: version?.version ?? null,
    pid: version?.pid ?? null,
    guardian: version?.guardian ?? null,
    node: version?.node ?? null,
    since: version?.since ?? null,
    folder: paths.folder,
    log: paths.supervisorLog,
  };
}

function isSame(version: VersionReply | null): boolean {
  return version === null || version.version === VERSION;
}

function rowsOf(context: Context, { paths }: Engine, version: VersionReply | null) {
  const rows: (readonly [string, string])[] = [];
  if (version === null) rows.push(["supervisor", "none runs"]);
  else {
    const since = ago(context.now() - Date.parse(version.since));
    const other = isSame(version) ? "" : ` (you called ${VERSION}: procs daemon upgrade)`;
    rows.push(["supervisor", `procs ${version.version}, pid ${version.pid}${other}`]);
    rows.push(["guardian", version.guardian ? `pid ${version.guardian}` : "none"]);
    rows.push(["started", context.out.mode === "plain" ? version.since : since]);
    rows.push(["node", version.node]);
  }
  rows.push(["folder", paths.folder], ["log", paths.supervisorLog]);
  if (context.out.mode === "plain") return rows.map((row) => row.join("\t"));
  return rows.map(([name, value]) => `${context.out.paint.dim(name.padEnd(11))} ${value}`);
}

const TAIL_BYTES = 1024 * 1024;

function lastLines(path: string, most: number): readonly string[] {
  const text = readTail(path).trimEnd();
  const lines = text === "" ? [] : text.split("\n");
  return most === 0 ? [] : lines.slice(-Math.min(most, lines.length));
}

function readTail(path: string): string {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return "";
  }
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const read = readSync(file, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString("utf8", 0, read);
  } finally {
    closeSync(file);
  }
}
