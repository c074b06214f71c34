import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parentOf } from "./system.mjs";

/** What the programs of a service have written of themselves, by slot, oldest first. */
export function readRecords(records, slots) {
  return slots.flatMap((slot) => linesOf(join(records, slot)).flatMap((line) => read(slot, line)));
}

/** The instances of a service that live at this moment, by their own records: `{slot, pid, version}`. */
export function aliveOf(records, slotNames) {
  return readRecords(records, slotNames).filter(
    ({ word, pid, born }) => word === "start" && isStill(pid, born),
  );
}

function read(slot, line) {
  const [word, pid, born, ...more] = line.split(" ");
  const base = { slot, word, pid: Number(pid), born };
  if (word === "start") return [{ ...base, version: Number(more[0]) }];
  if (word === "said") return [{ ...base, out: Number(more[0]), err: Number(more[1]) }];
  if (word === "end") return [{ ...base, why: more[0] }];
  return [];
}

/** Not a later process of the same number: that one would have begun later. */
function isStill(pid, born) {
  if (parentOf(pid) === null) return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Field 22, in hundredths of a second; the program reads its clock within moments of that.
    return fields[0] !== "Z" && Number(fields[19]) / 100 <= Number(born) + 0.01;
  } catch {
    return false;
  }
}

function linesOf(path) {
  try {
    const lines = readFileSync(path, "latin1").split("\n");
    lines.pop();
    return lines;
  } catch {
    return [];
  }
}
