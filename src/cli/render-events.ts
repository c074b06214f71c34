import type { EventItem } from "../control/protocol.ts";
import { clean } from "./clean.ts";
import { clock } from "./format.ts";
import type { Paint } from "./paint.ts";
import { displayWidth, pad } from "./width.ts";

export interface EventScreen {
  readonly width: number;
  readonly paint: Paint;
  readonly nowMs: number;
  /** Cells for the names; events of longer ones push their line to the right. */
  readonly nameWidth: number;
}

/** `12:01:07 reload   api     rolling, env.PORT 3000 -> 4000      by ana (cli)`. */
export function eventLine(event: EventItem, screen: EventScreen): string {
  const { paint } = screen;
  const head = `${clock(event.time, screen.nowMs)} ${pad(event.type, 8)} ${pad(nameOf(event), screen.nameWidth)}  `;
  const message = clean(event.message);
  const by = event.by === undefined ? "" : `by ${event.by.user} (${event.by.via})`;
  const style = event.state === "crashed" || event.state === "failed" ? paint.red : undefined;
  const text = head + (style === undefined ? message : style(message));
  if (by === "") return text.trimEnd();
  const room = screen.width - displayWidth(head) - displayWidth(message) - displayWidth(by);
  // Where there is no room it follows the message; an event is never cut.
  const space = Number.isFinite(room) && room >= 2 ? " ".repeat(Math.min(room, 6)) : "  ";
  return `${text}${space}${paint.dim(by)}`;
}

/** Tab-separated: time, type, service, instance, message, who. */
export function eventRow(event: EventItem): string {
  const by = event.by === undefined ? "" : `${event.by.user} (${event.by.via})`;
  return [
    event.time,
    event.type,
    event.service ?? "",
    event.instance ?? "",
    clean(event.message),
    by,
  ].join("\t");
}

function nameOf(event: EventItem): string {
  if (event.service === undefined) return "procs";
  return event.instance === undefined ? event.service : `${event.service}.${event.instance}`;
}
