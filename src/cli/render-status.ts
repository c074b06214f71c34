import type { EventItem, State } from "../control/protocol.ts";
import type { InstanceStatus, ServiceStatus } from "../control/snapshot.ts";
import { clean } from "./clean.ts";
import { ago, bytes, clock, count, percent, span } from "./format.ts";
import type { Screen } from "./render-ps.ts";
import { marksFor, STATES } from "./symbols.ts";
import { renderTable } from "./table.ts";
import { cut, displayWidth, pad, wrap } from "./width.ts";

export interface StatusFacts {
  readonly service: ServiceStatus;
  /** The states of the services that it waits for, by name. */
  readonly others: Readonly<Record<string, State>>;
  /** Newest last. */
  readonly history: readonly EventItem[];
  readonly lastLines: readonly LastLine[];
}

export interface LastLine {
  readonly name: string;
  readonly timeMs: number;
  readonly text: string;
}

/** One service on one screen: state, how it is run, instances, history, last lines. */
export function renderStatus(facts: StatusFacts, screen: Screen): readonly string[] {
  const { service } = facts;
  return [
    ...wrap(headLine(service, screen), screen.width, "     "),
    ...labelled("", service.description === null ? [] : [clean(service.description)], screen),
    ...labelled("command", [`${clean(service.command)}   in ${service.cwd}`], screen),
    ...whereLines(service, screen),
    ...labelled("waits for", dependencyLine(facts), screen),
    ...labelled(
      "needed by",
      service.needed_by.length === 0 ? [] : [service.needed_by.join(", ")],
      screen,
    ),
    ...labelled("by hand", byHandLine(service), screen),
    ...labelled(
      "next run",
      service.next_due === null ? [] : [clock(service.next_due, screen.nowMs)],
      screen,
    ),
    ...labelled("last exit", exitLine(service, screen.nowMs), screen),
    ...instanceLines(service, screen),
    ...proxyLines(service, screen),
    ...historyLines(facts.history, screen),
    ...lastLineLines(facts.lastLines, screen),
  ];
}

const LABEL_WIDTH = 11;

function labelled(label: string, values: readonly string[], screen: Screen): readonly string[] {
  const indent = " ".repeat(LABEL_WIDTH + 2);
  return values.flatMap((value) =>
    wrap(`  ${pad(label, LABEL_WIDTH)}${value}`, screen.width, indent),
  );
}

function headLine(service: ServiceStatus, screen: Screen): string {
  const { paint } = screen;
  const look = STATES[service.state];
  const instances = service.wanted > 0 ? `  ${service.ready} of ${service.wanted}` : "";
  const detail = service.detail === null ? "" : `  ${clean(service.detail)}`;
  const left = `${service.name}  ${look.word}${instances}${detail}`;
  const source = service.source === null ? "" : `${service.source.file}:${service.source.line}`;
  const styled = `${paint.bold(service.name)}  ${look.style(paint)(look.word)}${instances}${detail}`;
  const room = Math.min(screen.width, 80) - displayWidth(left) - displayWidth(source);
  if (source === "" || room < 2) return styled;
  return styled + " ".repeat(room) + paint.dim(source);
}

/** Where it answers and what its probe says, in one line: `url`, `port`, or with neither `ready when`. */
function whereLines(
  { where, probe, connections }: ServiceStatus,
  screen: Screen,
): readonly string[] {
  const open = connections == null ? "" : `   ${count(connections, "connection")}`;
  if (where === null) return labelled("ready when", probe === null ? [] : [probe], screen);
  const label = where.startsWith("http") ? "url" : where.includes("/") ? "socket" : "port";
  const asked = probe === null ? "" : `   ready when ${probe}`;
  return labelled(label, [`${where}${open}${asked}`], screen);
}

function dependencyLine(facts: StatusFacts): readonly string[] {
  const names = Object.entries(facts.service.depends_on).map(([name, condition]) => {
    const state = facts.others[name];
    return `${name} ${condition}${state === undefined ? "" : ` (${STATES[state].word})`}`;
  });
  return names.length === 0 ? [] : [names.join(", ")];
}

function byHandLine(service: ServiceStatus): readonly string[] {
  const { stopped, scale, file_instances: inFile } = service.by_hand;
  if (stopped) return [`stopped; it stays so until: procs start ${service.name}`];
  if (scale === null || scale === inFile) return [];
  return [`scaled to ${scale}, the file says ${inFile}: procs reload --reset-scale goes back`];
}

function exitLine(service: ServiceStatus, nowMs: number): readonly string[] {
  const exit = service.last_exit;
  if (exit === null) return [];
  const when = ago(nowMs - Date.parse(exit.time));
  return [`${clean(exit.words)}, ${when} (${service.name}.${exit.instance}, run ${exit.run})`];
}

function instanceLines(service: ServiceStatus, screen: Screen): readonly string[] {
  if (service.instances.length === 0) return [];
  const isCounted = service.instances.some((one) => one.connections != null);
  const lines = renderTable({
    columns: [
      { key: "name", title: "instance", least: LABEL_WIDTH - 2 },
      { key: "state", title: "state" },
      { key: "pid", title: "pid", align: "right" },
      { key: "up", title: "up", drop: 4 },
      { key: "cpu", title: "cpu", align: "right", drop: 2 },
      { key: "mem", title: "mem", align: "right", drop: 1 },
      { key: "run", title: "run", align: "right", drop: 3 },
      ...(isCounted ? [{ key: "conn", title: "conn", align: "right", drop: 3.5 } as const] : []),
      { key: "note", title: "", drop: 5 },
    ],
    rows: service.instances.map((one) => ({
      cells: {
        name: { text: `${service.name}.${one.instance}` },
        state: { text: STATES[one.state].word, style: STATES[one.state].style(screen.paint) },
        pid: { text: String(one.pid ?? "-") },
        up: { text: one.since === null ? "-" : span(screen.nowMs - Date.parse(one.since)) },
        cpu: { text: one.cpu_percent === null ? "-" : percent(one.cpu_percent) },
        mem: { text: one.memory_bytes === null ? "-" : bytes(one.memory_bytes) },
        run: { text: String(one.run) },
        conn: { text: String(one.connections ?? "-") },
        note: { text: noteOf(one) },
      },
    })),
    width: screen.width - 2,
    heading: screen.paint.dim,
    ellipsis: marksFor(screen.ascii).ellipsis,
  });
  return lines.map((line) => `  ${line}`);
}

/** `older revision, draining, 12 connections, up to 30s`. */
function noteOf({ current, detail }: InstanceStatus): string {
  return [current ? "" : "older revision", clean(detail ?? "")].filter(Boolean).join(", ");
}

/** What accepts for it: a process of procs. */
function proxyLines(service: ServiceStatus, screen: Screen): readonly string[] {
  const { proxy } = service;
  if (proxy == null) return [];
  const words = [
    STATES[proxy.state].word,
    proxy.pid === null ? "" : `pid ${proxy.pid}`,
    proxy.since === null ? "" : `up ${span(screen.nowMs - Date.parse(proxy.since))}`,
    proxy.memory_bytes === null ? "" : bytes(proxy.memory_bytes),
    clean(proxy.detail ?? ""),
    `logs: procs logs ${service.name}:proxy`,
  ];
  return labelled("proxy", [words.filter(Boolean).join("   ")], screen);
}

function historyLines(history: readonly EventItem[], screen: Screen): readonly string[] {
  return history.flatMap((event, index) =>
    labelled(
      index === 0 ? "history" : "",
      [`${clock(event.time, screen.nowMs)} ${clean(event.message)}`],
      screen,
    ),
  );
}

function lastLineLines(lines: readonly LastLine[], screen: Screen): readonly string[] {
  if (lines.length === 0) return [];
  const { bar, ellipsis } = marksFor(screen.ascii);
  const shown = lines.map((line) => {
    const time = clock(new Date(line.timeMs).toISOString(), screen.nowMs);
    const text = `    ${time} ${line.name} ${bar} ${clean(line.text)}`;
    return Number.isFinite(screen.width) ? cut(text, screen.width, ellipsis) : text;
  });
  return ["  last lines", ...shown];
}
