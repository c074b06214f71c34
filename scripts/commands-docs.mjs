/** docs/commands.md: every command with its options, examples and exit codes, from the command table. */
export function commandsDocs({ commands, globalOptions, groups, exitRows }) {
  const visible = commands.filter((command) => command.hidden !== true);
  const parts = [INTRO];
  for (const group of groups) {
    const members = visible.filter((command) => command.group === group);
    parts.push(`| ${group} | |\n|---|---|`);
    parts.push(...members.map((one) => `| [\`${one.name}\`](#${one.name}) | ${one.summary} |`), "");
  }
  for (const command of visible) parts.push(section(command));
  parts.push("## Flags for every command\n", OPTIONS_INTRO, ...optionRows(globalOptions), "");
  parts.push("## Exit codes\n", "| code | meaning |", "|---|---|");
  parts.push(...exitRows.map(({ code, meaning }) => `| ${code} | ${cell(meaning)} |`), "");
  parts.push(REST);
  return parts.join("\n");
}

const INTRO = `# Commands

\`procs COMMAND --help\` says the same in the terminal. stdout carries the answer, stderr the talk. At a terminal
answers are tables in colour; piped, they are tab-separated rows without header, colour or hints; with \`--json\`
they are versioned JSON, one object, or one a line for streams.
`;

const OPTIONS_INTRO = "Before or after the command; `--` ends flags.\n";

const REST = `## Choosing services

\`api\` is a service, \`api.2\` one of its instances, \`'web*'\` all that match, \`@label\` or \`@label=value\` all that have the label,
\`all\` all, and \`!worker\` all but that one.

## Environment

| variable | what it does |
|---|---|
| \`PROCS_FILE\` | the file to use, as \`-f\` |
| \`PROCS_PROJECT\` | a running project, as \`-p\` |
| \`PROCS_PROFILE\` | profiles, separated by commas, as \`--profile\` |
| \`PROCS_STATE_DIR\` | where state, logs and sockets are kept |
| \`PROCS_HINTS=0\` | no hints |
| \`PROCS_ACCESSIBLE=1\` | no repainting, sentences instead of tables |
| \`PROCS_LOG=debug\` | stacks of errors, on stderr |
| \`NO_COLOR\`, \`FORCE_COLOR\`, \`CLICOLOR\`, \`CLICOLOR_FORCE\` | colour, unless \`--color\` says it |
`;

function section(command) {
  const usage = `procs ${command.name} ${command.usage}`.trimEnd();
  const lines = [
    `## ${command.name}`,
    "",
    `${sentence(command.summary)}.`,
    "",
    "```",
    usage,
    "```",
  ];
  if (command.aliases.length > 0) {
    lines.push(
      "",
      `Also answers to: ${command.aliases.map((alias) => `\`${alias}\``).join(", ")}.`,
    );
  }
  if (command.notes.length > 0) lines.push("", command.notes.join(" "));
  const rows = optionRows(command.options);
  if (rows.length > 2) lines.push("", ...rows);
  lines.push("", ...command.examples.map(({ line, what }) => `- \`${line}\`: ${what}`));
  lines.push("", `Exit codes: ${command.exits.join(", ")}; 2 for wrong usage.`, "");
  return lines.join("\n");
}

function optionRows(options) {
  const shown = options.filter((option) => option.hidden !== true);
  return [
    "| option | meaning |",
    "|---|---|",
    ...shown.map((option) => `| ${spelling(option)} | ${cell(option.summary)} |`),
  ];
}

function spelling({ name, short, value, optionalValue, alsoLong = [] }) {
  const ending = value === undefined ? "" : optionalValue ? `[=${value}]` : ` ${value}`;
  const forms = [...(short === undefined ? [] : [`-${short}`]), `--${name}${ending}`];
  const others = alsoLong.map((one) => `--${one}`);
  return [...forms, ...others].map((form) => `\`${cell(form)}\``).join(", ");
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function cell(text) {
  return text.replaceAll("|", "\\|");
}
