import { closeSync, readdirSync, readFileSync } from "node:fs";

/**
 * Closes what was inherited by accident from whoever started us, so that no service inherits it: what
 * Node opens itself is closed at exec, anything from descriptor 3 on that is not is foreign. Those of `spared` stay open.
 */
export function closeForeignFiles(spared: ReadonlySet<number> = new Set()): void {
  for (const fd of openFiles()) {
    try {
      const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1];
      const isClosedAtExec = (Number.parseInt(flags ?? "", 8) & 0o2000000) !== 0;
      const isForeign = flags !== undefined && !isClosedAtExec && !spared.has(fd);
      if (fd >= 3 && isForeign) closeSync(fd);
    } catch {
      // Gone already: it was the one that read the list.
    }
  }
}

function openFiles(): readonly number[] {
  try {
    return readdirSync("/proc/self/fd").map(Number);
  } catch {
    return [];
  }
}
