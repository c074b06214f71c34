import { readFileSync, writeSync } from "node:fs";
import { Feed } from "./feed.ts";
import { ServiceProxy } from "./proxy.ts";

/** Of open files: what the proxy itself needs beside two for each connection. */
const FILES_OWN = 64;
const FIRST_DESCRIPTOR = 3;

await main(process.env);

/** `node main.js`, with listening sockets from descriptor 3 on, for the service PROCS_PROXIED. */
async function main(env: NodeJS.ProcessEnv): Promise<void> {
  const count = Number(env.LISTEN_FDS ?? 0);
  let said = "";
  const proxy = new ServiceProxy({
    descriptors: Array.from({ length: count }, (_, index) => FIRST_DESCRIPTOR + index),
    connectionsMax: Math.max(16, Math.floor((fileLimit() - FILES_OWN) / 2)),
    onDrained: () => {
      const drained = proxy.drained();
      const keys = drained.map(({ key }) => key).join(",");
      // A table that changes nothing here needs no answer; one of another supervisor does.
      if (keys === said) return;
      said = keys;
      if (drained.length > 0) void feed.report(drained.map(({ slot, run }) => ({ slot, run })));
    },
    log,
  });
  const feed = new Feed({
    socket: env.PROCS_SOCKET ?? "",
    service: env.PROCS_PROXIED ?? "",
    onTable: (table) => {
      said = "";
      proxy.take(table);
    },
    log,
  });
  // The terminal and its signals are those of whoever started the project.
  process.on("SIGINT", () => undefined);
  process.on("SIGHUP", () => undefined);
  await proxy.open();
  process.once("SIGTERM", () => {
    void proxy.leave().then(() => {
      feed.close();
      process.exit(0);
    });
  });
  log(`accepts connections on ${count} ${count === 1 ? "socket" : "sockets"}`);
  await feed.follow();
}

/** Node has raised its own limit to the highest that it may have. */
function fileLimit(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "latin1");
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return Number(soft ?? 1_024);
  } catch {
    return 1_024;
  }
}

function log(message: string): void {
  try {
    writeSync(1, `${message}\n`);
  } catch {
    // A full disk is no reason to let connections go.
  }
}
