import type { Checker } from "../checker.ts";
import { DEATHS } from "./deaths.ts";
import { DECISIONS } from "./decisions.ts";
import { DUTIES } from "./duties.ts";
import { MACHINE } from "./machine.ts";
import { clockMoves, REST } from "./rest.ts";
import { SOCKETS } from "./sockets.ts";
import { speaks } from "./words.ts";

/** Everything that must be true of a world at every moment; anew for each world, as some remember. */
export function checkersAlways(): readonly Checker[] {
  return [
    ...MACHINE,
    ...DECISIONS,
    ...REST,
    ...DUTIES,
    ...DEATHS,
    ...SOCKETS,
    speaks,
    clockMoves(),
  ];
}
