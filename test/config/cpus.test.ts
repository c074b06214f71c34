import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { usableCpus } from "../../src/config/cpus.ts";
import { folderWith } from "./folder.ts";

test("without cgroups it is what the process may run on", () => {
  expect(usableCpus(8, folderWith({}))).toBe(8);
  expect(usableCpus(availableParallelism())).toBeGreaterThanOrEqual(1);
});

test("the smallest share of all cgroups around the process counts, rounded up", () => {
  const root = folderWith({
    "proc/self/cgroup": "0::/a/b\n",
    "sys/fs/cgroup/cpu.max": "max 100000\n",
    "sys/fs/cgroup/a/cpu.max": "250000 100000\n",
    "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
  });
  expect(usableCpus(8, root)).toBe(3);
  expect(usableCpus(2, root)).toBe(2);
});

test("less than one processor is one", () => {
  const root = folderWith({
    "proc/self/cgroup": "0::/\n",
    "sys/fs/cgroup/cpu.max": "10000 100000\n",
  });
  expect(usableCpus(4, root)).toBe(1);
});

test("the older cgroups too, also where a container sees only its own", () => {
  const root = folderWith({
    "proc/self/cgroup": "4:memory:/x\n3:cpu,cpuacct:/docker/abc\n0::/\n",
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n",
    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
  });
  expect(usableCpus(4, root)).toBe(2);
  const free = folderWith({
    "proc/self/cgroup": "3:cpu:/\n",
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
  });
  expect(usableCpus(4, free)).toBe(4);
});

test.skipIf(process.platform !== "linux" || availableParallelism() < 2)(
  "affinity is what Node counts",
  () => {
    const text = execFileSync("taskset", [
      ...["-c", "0", process.execPath, "-p"],
      "os.availableParallelism()",
    ]);
    expect(Number(text)).toBe(1);
  },
);
