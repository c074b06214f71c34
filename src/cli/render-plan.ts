import type { Change, PlanDoc, PlanService } from "../core/plan-doc.ts";
import { clean } from "./clean.ts";
import { count } from "./format.ts";
import type { Output } from "./output.ts";
import type { Paint } from "./paint.ts";
import { cut, displayWidth, pad, wrap } from "./width.ts";

export interface PlanScreen {
  readonly width: number;
  readonly paint: Paint;
  readonly ascii: boolean;
  /** Also what does not change, and each step the supervisor would take. */
  readonly full: boolean;
}

/** The screen of an output; piped text is not cut. */
export function planScreen(output: Output, full: boolean): PlanScreen {
  return { width: output.columns, paint: output.paint, ascii: output.ascii, full };
}

/** What a reload would do, and why: the summary, a block for each service. Ends without the closing line. */
export function renderPlan(plan: PlanDoc, file: string, screen: PlanScreen): readonly string[] {
  const lines = plan.changed
    ? [...summaryLines(plan, file, screen), ""]
    : [nothingToDo(plan, file)];
  const blocks = planBlocks(plan, screen);
  if (!plan.changed && blocks.length > 0) lines.push("");
  lines.push(...blocks);
  if (screen.full && plan.steps.length > 0) {
    lines.push("", "Steps");
    for (const step of plan.steps) lines.push(...wrap(`  ${clean(step)}`, screen.width, "      "));
  }
  return lines;
}

/** The blocks alone: what `reload` prints before it acts. */
export function planBlocks(plan: PlanDoc, screen: PlanScreen): readonly string[] {
  const shown = plan.services.filter((one) => screen.full || isWorthSaying(one));
  const nameWidth = shown.reduce((most, one) => Math.max(most, displayWidth(one.service)), 0);
  return shown.flatMap((one) => serviceBlock(one, nameWidth, screen));
}

/** `Nothing to do: 6 services match procs.yaml`. */
export function nothingToDo(plan: PlanDoc, file: string): string {
  const services = count(plan.summary.unchanged, "service");
  const match = plan.summary.unchanged === 1 ? "matches" : "match";
  return `Nothing to do: ${services} ${match} ${file}`;
}

function summaryLines(plan: PlanDoc, file: string, screen: PlanScreen): readonly string[] {
  const { add, change, remove, unchanged } = plan.summary;
  const parts = [
    add > 0 ? `${add} to add` : "",
    change > 0 ? `${change} to change` : "",
    remove > 0 ? `${remove} to remove` : "",
    unchanged > 0 ? `${unchanged} unchanged` : "",
  ].filter((part) => part !== "");
  return wrap(`${file} against what runs: ${parts.join(", ")}`, screen.width, "  ");
}

/** An unchanged service is worth a line when somebody did something to it by hand. */
function isWorthSaying(service: PlanService): boolean {
  return service.symbol !== "=" || service.notes.length > 0;
}

const GAP = 3;

function serviceBlock(service: PlanService, nameWidth: number, screen: PlanScreen) {
  const { paint } = screen;
  const isKept = service.symbol === "=" && service.notes.length > 0;
  const words = isKept ? (service.notes[0] ?? "") : service.words;
  const because = service.reason === null || isKept ? "" : ` (${service.reason})`;
  const head = `${pad(service.symbol, 3, "right")} ${pad(service.service, nameWidth + GAP)}`;
  const [first = "", ...more] = wrap(head + words + because, screen.width, " ".repeat(8));
  const symbol = symbolStyle(service.symbol, paint);
  const lines = [symbol(first.slice(0, 3)) + first.slice(3), ...more];
  lines.push(...changeLines(service.changes, screen));
  for (const note of isKept ? service.notes.slice(1) : service.notes) {
    lines.push(...wrap(`      ${note}`, screen.width, "        "));
  }
  return lines;
}

/** Red is for failures alone, so a removal is yellow. */
function symbolStyle(symbol: PlanService["symbol"], paint: Paint): (text: string) => string {
  switch (symbol) {
    case "+":
      return paint.green;
    case "~":
      return paint.cyan;
    case "=":
      return paint.dim;
    default:
      return paint.yellow;
  }
}

const INDENT = "      ";
const PATH_WIDTH_LEAST = 18;
const VALUE_WIDTH_LEAST = 21;

function changeLines(changes: readonly Change[], screen: PlanScreen): readonly string[] {
  const pathWidth = longest(
    changes.map((change) => change.path),
    PATH_WIDTH_LEAST,
  );
  const room = screen.width - INDENT.length - pathWidth - GAP;
  const values = changes.map((change) => oneLineValue(change));
  // A value too long for its column does not push the others' sources away.
  const short = values.filter((value) => displayWidth(value) <= 40);
  const valueWidth = Math.min(longest(short, VALUE_WIDTH_LEAST), Math.max(8, room));
  return changes.flatMap((change, index) => {
    const source = change.source === null ? "" : `${change.source.file}:${change.source.line}`;
    const value = values[index] ?? "";
    const path = INDENT + pad(change.path, pathWidth + GAP);
    const whole = `${path}${source === "" ? value : pad(value, valueWidth) + " ".repeat(GAP)}`;
    if (displayWidth(whole) + displayWidth(source) <= screen.width) {
      return [(whole + screen.paint.dim(source)).trimEnd()];
    }
    return tallChange(change, path, source, screen);
  });
}

/** A change that does not fit on one line: from, to and source one under the other. */
function tallChange(
  change: Change,
  path: string,
  source: string,
  screen: PlanScreen,
): readonly string[] {
  const isNarrow = screen.width - displayWidth(path) < 24;
  const indent = isNarrow ? `${INDENT}  ` : " ".repeat(displayWidth(path));
  const room = Math.max(8, screen.width - indent.length);
  const mark = screen.ascii ? "..." : "…";
  const value = (text: string) => indent + cut(text, room, mark);
  const values = valueParts(change).map(value);
  const lines = isNarrow
    ? [path.trimEnd(), ...values]
    : [path + (values[0] ?? "").slice(indent.length), ...values.slice(1)];
  return source === "" ? lines : [...lines, indent + screen.paint.dim(cut(source, room, mark))];
}

function oneLineValue(change: Change): string {
  return valueParts(change).join(" ");
}

/** `3000`, `-> 4000`; `secret changed`; `set to 4000`; `removed, was 3000`. */
function valueParts(change: Change): readonly string[] {
  if (change.redacted) return ["secret changed"];
  const from = change.from === null ? null : clean(change.from);
  const to = change.to === null ? null : clean(change.to);
  if (from !== null && to !== null) return [from, `-> ${to}`];
  if (to !== null) return [`set to ${to}`];
  return [from === null ? "changed" : `removed, was ${from}`];
}

function longest(texts: readonly string[], least: number): number {
  return texts.reduce((most, text) => Math.max(most, displayWidth(text)), least);
}
