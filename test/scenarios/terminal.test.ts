import { expect, test } from "vitest";
import { createRig } from "../rig/rig.ts";
import { hasTerminals, openTerminal } from "../rig/terminal.ts";

const SHOP = `
name: shop
services:
  database: { command: sleep 1000, port: 5432 }
  a-service-with-quite-a-long-name: { command: sleep 1000, depends_on: [database] }
`;

test.skipIf(!hasTerminals)(
  "a table fits the terminal, and watching repaints only itself",
  async () => {
    await using rig = await createRig({ "procs.yaml": SHOP });
    using terminal = openTerminal({ cwd: rig.folder, env: rig.env, columns: 60, rows: 20 });
    const procs = `${process.execPath} ${rig.cli}`;
    terminal.enter(`echo above; ${procs} ps`);
    const text = await terminal.shows("not running: procs up");
    expect(text).toContain("SERVICE");
    for (const line of text.split("\n").filter((one) => /stopped/.test(one))) {
      expect(line.trimEnd().length).toBeLessThanOrEqual(60);
    }
    terminal.enter(`${procs} ps --watch; echo "code $?"`);
    await terminal.shows(/SERVICE[\s\S]*SERVICE/);
    terminal.press("C-c");
    await terminal.shows("code 0");
    expect(terminal.isAlternate()).toBe(false);
    expect(terminal.text()).toContain("above");
    expect((await terminal.asks("stty -a")).includes("-echo ")).toBe(false);
  },
);

test.skipIf(!hasTerminals)("a prompt that nobody answers changes nothing", async () => {
  await using rig = await createRig({ "procs.yaml": SHOP });
  using terminal = openTerminal({ cwd: rig.folder, env: rig.env });
  const procs = `${process.execPath} ${rig.cli}`;
  terminal.enter(`${procs} up -d; echo "code $?"`);
  await terminal.shows("code 0");
  rig.write(
    "procs.yaml",
    "name: shop\nservices:\n  database: { command: sleep 1000, port: 5432 }\n",
  );
  terminal.enter(`${procs} reload; echo "answered $?"`);
  await terminal.shows("[y/N]");
  terminal.press("C-c");
  await terminal.shows("answered 130");
  const ps = await rig.procs("ps", "--fields", "name,state");
  expect(ps.stdout).toContain("a-service-with-quite-a-long-name\tready");
});
