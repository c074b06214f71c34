import { closeSync, readdirSync, readFileSync } from "node:fs";

/**
 * Closes what was inherited by accident from whoever started us, so that no service inherits it: what
 * Node opens itself is closed at exec, anything from descriptor 3 on that is not is foreign. Those of `spared` stay open.
 */
export function closeForeignFiles(spared: ReadonlySet<number> = new Set()): void {
  for (const fd of openFiles()) {
    try {
      const flags = descriptorFlags(fd);
      const isForeign = flags !== null && (flags & O_CLOEXEC) === 0 && !spared.has(fd);
      if (fd >= 3 && isForeign) closeSync(fd);
    } catch {
      // Gone already: it was the one that read the list.
    }
  }
}

/** The flags of a descriptor of ours, as open(2) has them; null: the system does not say. Throws where there is no such one. */
export function descriptorFlags(fd: number): number | null {
  const digits = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1];
  return digits === undefined ? null : Number.parseInt(digits, 8);
}

const O_CLOEXEC = 0o2000000;

function openFiles(): readonly number[] {
  try {
    return readdirSync("/proc/self/fd").map(Number);
  } catch {
    return [];
  }
}
