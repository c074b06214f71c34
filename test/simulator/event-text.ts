import type { Event } from "../../src/core/event.ts";
import { nameOf } from "./oracle.ts";

/** One event for the log. */
export function eventText(event: Event): string {
  const who = "id" in event ? nameOf(event.id) : "service" in event ? event.service : "";
  switch (event.kind) {
    case "started":
      return `started ${who} pid ${event.pid}`;
    case "exited":
      return `exited ${who} ${JSON.stringify(event.exit)}`;
    case "probed":
      return `probed ${who} ${event.probe} ${event.ok ? "ok" : "not ok"}`;
    case "changed":
      return `changed ${who} ${event.path}`;
    case "scheduled":
      return `scheduled ${who} ${event.at}`;
    default:
      return `${event.kind} ${who}`;
  }
}
