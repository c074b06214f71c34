import { execFileSync } from "node:child_process";
import type { ListenAddress } from "../core/spec.ts";
import type { Holder } from "./holder.ts";

const ASK_MS_MAX = 5_000;

/** Who listens at an address, where there is no /proc: as lsof(8) and ps(1) say it. null: nobody, or they are not there. */
export function holderByLsof(address: ListenAddress): Holder | null {
  const which =
    address.kind === "unix" ? [address.path] : [`-iTCP:${address.port}`, "-sTCP:LISTEN"];
  const pids = fieldsOf(["-nP", "-Fp", ...which], "p").map(Number);
  const pid = pids.find((each) => each > 0 && each !== process.pid);
  if (pid === undefined) return null;
  const words = run("ps", ["-o", "user=,command=", "-p", String(pid)]).trim();
  const [, user = null, command = null] = /^(\S+)\s+(.*)$/.exec(words) ?? [];
  const [cwd = null] = fieldsOf(["-a", "-p", String(pid), "-d", "cwd", "-Fn"], "n");
  return { pid, command, user, cwd, startedAt: startedAt(pid), project: null };
}

/** The lines of one kind, without the letter that says which. */
function fieldsOf(args: readonly string[], letter: string): readonly string[] {
  const lines = run("lsof", args).split("\n");
  return lines.flatMap((line) => (line.startsWith(letter) ? [line.slice(1)] : []));
}

function startedAt(pid: number): number | null {
  const at = Date.parse(run("ps", ["-o", "lstart=", "-p", String(pid)]).trim());
  return Number.isNaN(at) ? null : at;
}

function run(file: string, args: readonly string[]): string {
  try {
    const stdio = ["ignore", "pipe", "ignore"] as const;
    const env = { ...process.env, LC_ALL: "C" };
    return execFileSync(file, args, {
      encoding: "utf8",
      timeout: ASK_MS_MAX,
      stdio: [...stdio],
      env,
    });
  } catch {
    return "";
  }
}
