import type { EventItem } from "../control/protocol.ts";
import { took } from "./results.ts";

/** How far the replacement of a service's instances is. */
export interface Rolling {
  readonly done: number;
  readonly of: number;
  /** The last event of each run since it began, the newest last. */
  readonly runs: ReadonlyMap<string, EventItem>;
}

/** What a replacement has come to by one more event; null: none is under way. */
export function rolled(rolling: Rolling | null, event: EventItem): Rolling | null {
  if (event.type === "rollout") return counted(rolling, event);
  if (rolling === null || event.instance === undefined) return rolling;
  const key = `${event.instance}#${event.run ?? 0}`;
  const runs = new Map(rolling.runs);
  runs.delete(key);
  return { ...rolling, runs: runs.set(key, event) };
}

function counted(rolling: Rolling | null, event: EventItem): Rolling | null {
  const { replaced, instances } = event;
  if (replaced === undefined || instances === undefined) return null;
  return { done: replaced, of: instances, runs: rolling?.runs ?? new Map() };
}

/** `1 of 2 replaced; api.2 ready in 1.9s, draining api.1, up to 30s`. */
export function rollingWords(rolling: Rolling): string {
  const { done, of } = rolling;
  const runs = [...rolling.runs.values()];
  const isOnly = of === 1;
  const ready = runs.findLast((event) => event.state === "ready");
  const starting = runs.filter((event) => event.state === "starting");
  const stopping = leaving(runs).filter((event) => event.drain_ms === undefined);
  const news = [
    ready === undefined ? "" : readyWords(ready, isOnly),
    starting.length === 0 ? "" : `starting ${isOnly ? "the new one" : names(starting)}`,
    drainingWords(rolling),
    stopping.length === 0 ? "" : `stopping ${isOnly ? "the old one" : names(stopping)}`,
  ].filter((words) => words !== "");
  const count = `${done} of ${of} replaced`;
  return news.length === 0 ? count : `${count}; ${news.join(", ")}`;
}

/** Tells apart what is worth a line of its own where nothing is repainted. */
export function rollingNews(rolling: Rolling): string {
  const drained = drainingWords(rolling);
  return rolling.done === 0 && drained === "" ? "" : `${rolling.done} ${drained}`;
}

function readyWords(event: EventItem, isOnly: boolean): string {
  const time = event.ready_ms === undefined ? "" : ` in ${took(event.ready_ms)}`;
  return `${isOnly ? "new one" : nameOf(event)} ready${time}`;
}

function drainingWords({ runs, of }: Rolling): string {
  const draining = leaving([...runs.values()]).filter((event) => event.drain_ms !== undefined);
  if (draining.length === 0) return "";
  const limit = Math.max(...draining.map((event) => event.drain_ms ?? 0));
  return `draining ${of === 1 ? "the old one" : names(draining)}, up to ${took(limit)}`;
}

function leaving(runs: readonly EventItem[]): readonly EventItem[] {
  return runs.filter((event) => event.state === "stopping");
}

function names(events: readonly EventItem[]): string {
  return events.map(nameOf).join(", ");
}

function nameOf(event: EventItem): string {
  return `${event.service}.${event.instance}`;
}
