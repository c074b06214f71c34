import type { ServiceStatus, Snapshot } from "../control/snapshot.ts";
import { tellingLine } from "./clean.ts";
import { bytes, count, percent, span } from "./format.ts";
import type { Paint } from "./paint.ts";
import { marksFor, STATES } from "./symbols.ts";
import { type Cell, type Column, type Row, renderTable } from "./table.ts";

export interface Screen {
  readonly width: number;
  readonly paint: Paint;
  readonly ascii: boolean;
  readonly nowMs: number;
}

export type PsField =
  | "name"
  | "state"
  | "ready"
  | "wanted"
  | "since"
  | "restarts"
  | "cpu_percent"
  | "memory_bytes"
  | "where"
  | "connections";

/** In the order of the piped form; there are more to ask for. */
export const PS_FIELDS: readonly PsField[] = [
  "name",
  "state",
  "ready",
  "wanted",
  "since",
  "restarts",
  "cpu_percent",
  "memory_bytes",
  "where",
];

/** Other words for the same fields: the titles of the table. */
export const PS_FIELD_ALIASES: Readonly<Record<string, PsField>> = {
  service: "name",
  up: "since",
  cpu: "cpu_percent",
  mem: "memory_bytes",
  memory: "memory_bytes",
  conn: "connections",
};

/** All that can be asked for. */
export const PS_FIELDS_ALL: readonly PsField[] = [...PS_FIELDS, "connections"];

/** READY shows `wanted` too, so the table does not show it again. */
export const PS_COLUMNS: readonly PsField[] = PS_FIELDS.filter((field) => field !== "wanted");

/** The table's columns; connections only where those of some service can be counted. */
export function psColumns(services: readonly ServiceStatus[]): readonly PsField[] {
  const isKnown = services.some((service) => service.connections != null);
  return PS_COLUMNS.flatMap((field) =>
    field === "where" && isKnown ? ["connections", field] : field,
  );
}

const COLUMNS: Readonly<Record<PsField, Column>> = {
  name: { key: "name", title: "SERVICE", cutTo: 16 },
  state: { key: "state", title: "STATE", least: 9 },
  ready: { key: "ready", title: "READY", drop: 6 },
  wanted: { key: "wanted", title: "WANTED", align: "right", drop: 6 },
  since: { key: "since", title: "UP", least: 4, drop: 4 },
  restarts: { key: "restarts", title: "RESTARTS", align: "right", drop: 3 },
  cpu_percent: { key: "cpu_percent", title: "CPU", align: "right", least: 4, drop: 2 },
  memory_bytes: { key: "memory_bytes", title: "MEM", align: "right", least: 6, drop: 1 },
  where: { key: "where", title: "WHERE", cutTo: 24, drop: 5 },
  connections: { key: "connections", title: "CONN", align: "right", drop: 1.5 },
};

/** The table for people. */
export function psTable(
  services: readonly ServiceStatus[],
  fields: readonly PsField[],
  screen: Screen,
): readonly string[] {
  const rows = services.map((service): Row => {
    const cells = fields.map((field) => [field, psCell(service, field, screen)]);
    return { cells: Object.fromEntries(cells), below: lastWords(service, screen.paint) };
  });
  return renderTable({
    columns: fields.map((field) => COLUMNS[field]),
    rows,
    width: screen.width,
    heading: screen.paint.dim,
    ellipsis: marksFor(screen.ascii).ellipsis,
  });
}

/** One line a service without columns, symbols or abbreviations, for a screen reader. */
export function psSentences(services: readonly ServiceStatus[], nowMs: number): readonly string[] {
  return services.map((service) => {
    const parts = [STATES[service.state].word];
    if (service.kind === "service" && service.wanted > 0) {
      parts.push(`${service.ready} of ${service.wanted}`);
    }
    if (service.since !== null) parts.push(`up ${span(nowMs - Date.parse(service.since))}`);
    const where = whereOf(service);
    if (where !== null) parts.push(where);
    const open = service.connections;
    if (open != null) parts.push(count(open, "connection"));
    return `${service.name}: ${parts.join(", ")}`;
  });
}

/** One line a service for programs: tab-separated, empty where there is nothing. */
export function psRows(
  services: readonly ServiceStatus[],
  fields: readonly PsField[],
): readonly string[] {
  return services.map((service) =>
    fields.map((field) => String(psValue(service, field) ?? "").replace(/[\t\n]/g, " ")).join("\t"),
  );
}

/** Ready, done or waiting for its first connection: as it should be. */
export function isFine(service: ServiceStatus): boolean {
  if (service.state === "reloading") return service.ready > 0;
  return isLeftOut(service) || ["ready", "done", "idle", "disabled"].includes(service.state);
}

/** `up api` was asked for, and this is not part of it. */
function isLeftOut(service: ServiceStatus): boolean {
  return service.state === "stopped" && service.detail === "not selected";
}

/** `4 of 6 fine.` and what the file says beyond that; one or two sentences. */
export function psSummary(snapshot: Snapshot): string {
  const counted = snapshot.services.filter(
    (service) => service.state !== "disabled" && !isLeftOut(service),
  );
  const fine = counted.filter(isFine).length;
  const start = counted.length === 0 ? "No services." : `${fine} of ${counted.length} fine.`;
  if (snapshot.supervisor === null) return "not running: procs up";
  const { drift } = snapshot;
  const file = snapshot.file.replace(/^.*\//, "");
  if (drift === null) return `${start} ${file} is not valid now: procs validate`;
  if (!drift.changed) return start;
  return `${start} ${file} has ${count(drift.edits, "edit")} not applied: procs plan`;
}

function psCell(service: ServiceStatus, field: PsField, screen: Screen): Cell {
  const { paint } = screen;
  switch (field) {
    case "state": {
      const look = STATES[service.state];
      return { text: look.word, style: look.style(paint) };
    }
    case "ready":
      return {
        text:
          service.kind === "task" || service.state === "stopped" || service.state === "disabled"
            ? "-"
            : `${service.ready}/${service.wanted}`,
      };
    case "since":
      return {
        text: service.since === null ? "-" : span(screen.nowMs - Date.parse(service.since)),
      };
    case "cpu_percent":
      return { text: service.cpu_percent === null ? "-" : percent(service.cpu_percent) };
    case "memory_bytes":
      return { text: service.memory_bytes === null ? "-" : bytes(service.memory_bytes) };
    case "where":
      return { text: whereOf(service) ?? "" };
    case "connections":
      return { text: service.connections == null ? "-" : String(service.connections) };
    case "restarts":
      return service.kind === "task" && service.restarts === 0
        ? { text: "-" }
        : { text: String(service.restarts) };
    default:
      return { text: String(service[field]) };
  }
}

function psValue(service: ServiceStatus, field: PsField): string | number | null {
  if (field === "where") return service.where ?? service.last_exit?.words ?? null;
  if (field === "cpu_percent" && service.cpu_percent !== null) {
    return Math.round(service.cpu_percent * 10) / 10;
  }
  return service[field] ?? null;
}

/** Where it is reached while it can be; else what there is to say about its state. */
function whereOf(service: ServiceStatus): string | null {
  if (service.state === "ready") return service.where ?? service.detail;
  if (service.state === "idle" && service.where !== null)
    return `${service.where} starts on connect`;
  return service.detail ?? (service.state === "stopped" ? null : service.where);
}

function lastWords(service: ServiceStatus, paint: Paint): readonly string[] {
  if (service.state !== "crashed" && service.state !== "failed") return [];
  const line = tellingLine(service.last_exit?.last_lines ?? []);
  return line === null ? [] : [paint.dim(line)];
}
