import { writeSync } from "node:fs";
import type { InetdSettings } from "../core/inetd.ts";
import { gateAt } from "./gate.ts";
import { SuperServer } from "./super-server.ts";

/** The first socket that an instance is given; the others follow. */
const FIRST_FD = 3;

function main(): void {
  // Written by src/host/own-programs.ts of the same release.
  const settings = JSON.parse(process.env.PROCS_INETD ?? "") as InetdSettings;
  const count = Number(process.env.LISTEN_FDS ?? "1");
  const server = new SuperServer(settings, {
    say,
    fileLimit: fileLimit(),
    environment: process.env,
    onEnd: () => process.exit(0),
  });
  const fds = Array.from({ length: count }, (_, index) => FIRST_FD + index);
  server.open(fds.map((fd) => gateAt(fd)));
  for (const signal of new Set([settings.stop.signal, "SIGTERM", "SIGINT"])) {
    // A file may give SIGKILL or SIGSTOP, which nobody can catch.
    if (signal === "SIGKILL" || signal === "SIGSTOP") continue;
    process.on(signal as NodeJS.Signals, () => server.stop());
  }
}

/** One line of the service's log. A full disk must not end what serves others. */
function say(line: string): void {
  try {
    writeSync(2, `procs: ${line}\n`);
  } catch {
    // Nobody can be told.
  }
}

/** What it was before Node raised it; null where that is not known. */
function fileLimit(): number | null {
  const limit = Number(process.env.PROCS_FILE_LIMIT);
  return Number.isInteger(limit) && limit > 0 ? limit : null;
}

main();
