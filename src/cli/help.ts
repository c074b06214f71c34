import { EXIT } from "../errors.ts";
import {
  COMMANDS,
  type Command,
  findCommand,
  GLOBAL_OPTIONS,
  GROUPS,
  type Option,
} from "./commands.ts";
import type { Context } from "./context.ts";
import { exitRows } from "./exits.ts";
import { answerUnknown } from "./foreign.ts";
import type { Paint } from "./paint.ts";
import { pad, wrap } from "./width.ts";

/** Help is an answer: it goes to stdout, so that it can be paged and searched. Gives the exit code. */
export async function showHelp(
  context: Context,
  command: Command | null,
  topics: readonly string[] | null,
): Promise<number> {
  const settings = {
    width: Math.min(80, context.out.columns),
    paint: context.out.paint,
  };
  const topic = topics?.[0] ?? null;
  if (topic === "exit-codes") {
    context.out.write(exitCodesHelp(settings));
    return EXIT.ok;
  }
  const chosen = topic === null ? command : findCommand(topic);
  if (topic !== null && chosen === null) return answerUnknown(context, topic, []);
  context.out.write(chosen === null ? overview(settings) : commandHelp(chosen, settings));
  return EXIT.ok;
}

interface HelpSettings {
  readonly width: number;
  readonly paint: Paint;
}

/** All commands by group, after three examples. */
export function overview(settings: HelpSettings): string {
  const { paint } = settings;
  const lines = [
    "procs runs what procs.yaml says, and keeps it so.",
    "",
    "  procs up          start everything, follow the output",
    "  procs reload      apply edits of procs.yaml, with a plan",
    "  procs ps          how the services are",
  ];
  for (const group of GROUPS) {
    const members = COMMANDS.filter((c) => c.group === group && c.hidden !== true);
    lines.push("", paint.bold(group));
    for (const member of members) {
      lines.push(...twoColumns(member.name, member.summary, 12, settings.width));
    }
  }
  lines.push("", paint.bold("For every command"));
  lines.push(...optionLines(GLOBAL_OPTIONS, settings.width));
  lines.push("", "More: procs COMMAND --help, procs help exit-codes");
  return `${lines.join("\n")}\n`;
}

export function commandHelp(command: Command, settings: HelpSettings): string {
  const { paint, width } = settings;
  const summary = command.summary.charAt(0).toUpperCase() + command.summary.slice(1);
  const lines = [...wrap(`${summary}.`, width), ""];
  const longest = Math.min(34, Math.max(...command.examples.map(({ line }) => line.length)));
  for (const { line, what } of command.examples) {
    const shown = `  ${pad(line, longest)}   ${what}`;
    if (line.length <= longest && shown.length <= width) lines.push(shown);
    else lines.push(`  ${line}`, ...wrap(`      ${what}`, width, "      "));
  }
  const usage = `Usage: procs ${command.name} ${command.usage}`.trimEnd();
  lines.push("", ...wrap(usage, width, " ".repeat(8)));
  if (command.aliases.length > 0) lines.push(`Also answers to: ${command.aliases.join(", ")}`);
  const options = command.options.filter((option) => option.hidden !== true);
  if (options.length > 0) lines.push("", paint.bold("Options"), ...optionLines(options, width));
  if (command.notes.length > 0) lines.push("");
  for (const note of command.notes) lines.push(...wrap(note, width));
  lines.push("", ...wrap(`Exit codes: ${command.exits.join(", ")} (procs help exit-codes)`, width));
  lines.push("Flags for every command: procs --help");
  return `${lines.join("\n")}\n`;
}

export function exitCodesHelp(settings: HelpSettings): string {
  const lines = ["What the exit code says:", ""];
  for (const { code, meaning } of exitRows()) {
    lines.push(...twoColumns(code, meaning, 11, settings.width));
  }
  return `${lines.join("\n")}\n`;
}

/** `-f, --file FILE`, as it is typed. */
export function optionSpelling(option: Option): string {
  const long = `--${option.name}`;
  const value = valueEnding(option);
  return (option.short === undefined ? long : `-${option.short}, ${long}`) + value;
}

function valueEnding({ value, optionalValue }: Option): string {
  if (value === undefined) return "";
  return optionalValue === true ? `[=${value}]` : ` ${value}`;
}

function optionLines(options: readonly Option[], width: number): readonly string[] {
  return options
    .filter((option) => option.hidden !== true)
    .flatMap((option) => {
      const spelling = option.short === undefined ? "    " : "";
      return twoColumns(spelling + optionSpelling(option), option.summary, 26, width);
    });
}

function twoColumns(left: string, right: string, leftWidth: number, width: number) {
  const indent = " ".repeat(leftWidth + 2);
  if (left.length >= leftWidth) return [`  ${left}`, ...wrap(indent + right, width, indent)];
  return wrap(`  ${pad(left, leftWidth)}${right}`, width, indent);
}
