import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What `instances: cpus` means: the processors that this process may use (`parallelism`, which knows of affinity), or
 * fewer where its cgroup, that of a container for one, is given less time. Part of a processor counts as one.
 */
export function usableCpus(parallelism: number, root = "/"): number {
  const shares = cgroupsIn(root).flatMap((folder) => shareOf(folder) ?? []);
  return Math.max(1, Math.min(parallelism, ...shares.map(Math.ceil)));
}

/** The cgroup that this process is in and all around it, in either version of cgroups; none where there are none. */
function cgroupsIn(root: string): readonly string[] {
  const lines = read(join(root, "proc/self/cgroup"))?.split("\n") ?? [];
  return lines.flatMap((line) => {
    const [, controllers = "", path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const mount = controllers === "" ? "" : controllers.split(",").includes("cpu") ? "cpu" : null;
    return mount === null ? [] : upwards(path).map((at) => join(root, "sys/fs/cgroup", mount, at));
  });
}

/** `/a/b`, `/a`, `/`. Inside a container the path may be the host's, and only the last of them is there. */
function upwards(path: string): readonly string[] {
  const parts = path.split("/").filter(Boolean);
  return parts.map((_, index) => parts.slice(0, parts.length - index).join("/")).concat("");
}

/** Processors' worth of time; null: no limit. */
function shareOf(folder: string): number | null {
  const [quota, period] = (
    read(join(folder, "cpu.max"))?.trim().split(" ") ?? [
      read(join(folder, "cpu.cfs_quota_us")),
      read(join(folder, "cpu.cfs_period_us")),
    ]
  ).map(Number);
  // `max`, and -1 in the older version, is no limit.
  const share = (quota ?? Number.NaN) / (period ?? Number.NaN);
  return share > 0 && Number.isFinite(share) ? share : null;
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
