import { join } from "node:path";

/**
 * The files of one run, in `<runs>/<service>.<slot>/`. The program appends to `out` and `err` itself;
 * the shim appends `start <pid>` and `exit <status>` to the ledger (see host/ledger.ts); the supervisor appends to the indexes.
 *
 * An index is 16-byte records, both little endian: uint64 offset, float64 wall time in milliseconds:
 * "all bytes below `offset` had been written by `time`". So the time of a line that begins at byte p is
 * the time of the first record whose offset is above p. Offsets and times never go back.
 */
export interface RunFiles {
  readonly folder: string;
  readonly out: string;
  readonly err: string;
  readonly outIndex: string;
  readonly errIndex: string;
  readonly ledger: string;
}

export type Stream = "stdout" | "stderr";

export function slotFolder(runs: string, service: string, slot: number): string {
  return join(runs, `${service}.${slot}`);
}

export function runFiles(runs: string, service: string, slot: number, run: number): RunFiles {
  const folder = slotFolder(runs, service, slot);
  const file = (ending: string) => join(folder, `${run}.${ending}`);
  return {
    folder,
    out: file("out"),
    err: file("err"),
    outIndex: file("out.idx"),
    errIndex: file("err.idx"),
    ledger: file("ledger"),
  };
}
