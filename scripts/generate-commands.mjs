// Writes docs/commands.md from the command table of the build: `node scripts/setup.mjs` comes first.
import { writeFileSync } from "node:fs";
import { COMMANDS, GLOBAL_OPTIONS, GROUPS } from "../dist/cli/commands.js";
import { exitRows } from "../dist/cli/exits.js";
import { commandsDocs } from "./commands-docs.mjs";

const text = commandsDocs({
  commands: COMMANDS,
  globalOptions: GLOBAL_OPTIONS,
  groups: GROUPS,
  exitRows: exitRows(),
});
writeFileSync(new URL("../docs/commands.md", import.meta.url), text);
