import type { Diagnostic } from "../errors.ts";
import { lineAt, lineText, type Place, rangeOf } from "./source.ts";

/** One more than this is not read by anybody. */
export const PROBLEMS_MAX = 20;

const FOUND_MAX = 100;

/** Gathers what is wrong, each thing once, whichever step found it. */
export class Problems {
  readonly #found = new Map<string, Diagnostic>();

  add(problem: Diagnostic): void {
    const start = problem.range?.start;
    const place = start === undefined ? problem.message : `${start.line}:${start.column}`;
    const key = `${problem.code} ${problem.file ?? ""} ${place}`;
    if (!this.isFull && !this.#found.has(key)) this.#found.set(key, problem);
  }

  addAll(problems: Iterable<Diagnostic>): void {
    for (const problem of problems) this.add(problem);
  }

  /** So many that looking for more would only take time. */
  get isFull(): boolean {
    return this.#found.size >= FOUND_MAX;
  }

  get hasErrors(): boolean {
    return [...this.#found.values()].some((problem) => problem.severity === "error");
  }

  /** By file in the order given, then by line; those without a place come first. At most PROBLEMS_MAX. */
  sorted(severity: "error" | "warning", files: readonly string[]): readonly Diagnostic[] {
    const order = new Map(files.map((file, index) => [file, index]));
    const rank = (problem: Diagnostic): number => order.get(problem.file ?? "") ?? -1;
    const line = (problem: Diagnostic): number => problem.range?.start.line ?? 0;
    const column = (problem: Diagnostic): number => problem.range?.start.column ?? 0;
    return [...this.#found.values()]
      .filter((problem) => problem.severity === severity)
      .sort((a, b) => rank(a) - rank(b) || line(a) - line(b) || column(a) - column(b))
      .slice(0, PROBLEMS_MAX);
  }
}

/** What a problem says, apart from where it is. */
export interface Saying {
  readonly code: string;
  readonly message: string;
  readonly severity?: "error" | "warning";
  readonly label?: string | undefined;
  readonly note?: string | undefined;
  readonly help?: string | readonly string[] | undefined;
  readonly related?: readonly { readonly place: Place; readonly label: string }[];
  /** A text that an editor could put in the place. */
  readonly fix?: string | undefined;
  /** How many neighbouring lines the frame shows. */
  readonly before?: number;
  readonly after?: number;
}

/** A diagnostic that points at a place. */
export function problemAt(place: Place, saying: Saying): Diagnostic {
  const { file } = place;
  const range = rangeOf(place);
  const line = range.start.line;
  const lines: Record<number, string> = {};
  for (let at = line - (saying.before ?? 0); at <= line + (saying.after ?? 0); at += 1) {
    const text = shownLine(lineText(file, at));
    // A blank line beside the fault says nothing.
    if (text !== undefined && (at === line || text.trim() !== "")) lines[at] = text;
  }
  const related = saying.related?.map((other) => relatedOf(other, place, lines));
  const help = typeof saying.help === "string" ? [saying.help] : saying.help;
  return {
    code: saying.code,
    severity: saying.severity ?? "error",
    message: clipped(saying.message),
    file: file.shown,
    range,
    ...(saying.label !== undefined && { label: clipped(saying.label) }),
    ...(related !== undefined && { related }),
    ...(saying.note !== undefined && { notes: [clipped(saying.note)] }),
    ...(help !== undefined && { help: help.map(clipped) }),
    lines,
    ...(saying.fix !== undefined && { fix: { range, text: saying.fix } }),
  };
}

/** A line of a whole minified file would be carried along with each problem in it. */
function shownLine(text: string | undefined): string | undefined {
  return text?.slice(0, LINE_LENGTH_MAX);
}

/** Names and values are quoted in what is said, and may be as long as the file. */
function clipped(text: string): string {
  return text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}…` : text;
}

const LINE_LENGTH_MAX = 4_000;
const TEXT_LENGTH_MAX = 600;

function relatedOf(
  other: { readonly place: Place; readonly label: string },
  place: Place,
  lines: Record<number, string>,
): NonNullable<Diagnostic["related"]>[number] {
  const range = rangeOf(other.place);
  const line = lineAt(other.place.file, other.place.start);
  const text = shownLine(lineText(other.place.file, line)) ?? "";
  if (other.place.file !== place.file) {
    return { range, label: other.label, file: other.place.file.shown, text };
  }
  lines[line] = text;
  return { range, label: other.label };
}
