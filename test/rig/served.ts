import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");

/** The plain Node server that knows nothing of procs; DELAY_MS, and VERSION `throws` or `slow`, in its environment. */
export const PLAIN = [process.execPath, resolve(ROOT, "bench/server.mjs")];

/** procs.yaml with one service, as JSON, which YAML includes. */
export function yamlOf(name: string, service: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ services: { [name]: service } });
}

/** A port on which nobody listens now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, () => done()));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Whether a command is installed; says in the output of the tests when it is not, and what is skipped then. */
export function isInstalled(command: string, skipped: string): boolean {
  const found = spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
  if (!found) console.warn(`notice: ${command} is not installed; skipped: ${skipped}`);
  return found;
}
