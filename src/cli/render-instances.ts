import type { InstanceStatus, ServiceStatus } from "../control/snapshot.ts";
import { clean } from "./clean.ts";
import { bytes, percent, span } from "./format.ts";
import type { Screen } from "./render-ps.ts";
import { marksFor, STATES } from "./symbols.ts";
import { type Column, type Row, renderTable } from "./table.ts";

const COLUMNS: readonly Column[] = [
  { key: "instance", title: "INSTANCE", cutTo: 16 },
  { key: "state", title: "STATE", least: 9 },
  { key: "pid", title: "PID", align: "right", least: 6 },
  { key: "port", title: "PORT", align: "right", drop: 4 },
  { key: "up", title: "UP", least: 4, drop: 5 },
  { key: "run", title: "RUN", align: "right", drop: 3 },
  { key: "cpu", title: "CPU", align: "right", least: 4, drop: 2 },
  { key: "mem", title: "MEM", align: "right", least: 6, drop: 1 },
];

/** Only where those of some service can be counted. */
const CONNECTIONS: Column = { key: "conn", title: "CONN", align: "right", drop: 2.5 };

/** One row an instance; an instance of an older revision says so. */
export function instancesTable(
  services: readonly ServiceStatus[],
  screen: Screen,
): readonly string[] {
  const rows = services.flatMap((service) =>
    service.instances.map((instance) => instanceRow(service.name, instance, screen)),
  );
  const isCounted = services.some((service) => service.connections != null);
  return renderTable({
    columns: isCounted ? [...COLUMNS, CONNECTIONS] : COLUMNS,
    rows,
    width: screen.width,
    heading: screen.paint.dim,
    ellipsis: marksFor(screen.ascii).ellipsis,
  });
}

/** Tab-separated: service, instance, state, pid, port, since, run, cpu, memory, connections. */
export function instanceRows(services: readonly ServiceStatus[]): readonly string[] {
  return services.flatMap((service) =>
    service.instances.map((one) =>
      [
        service.name,
        one.instance,
        one.state,
        one.pid ?? "",
        one.port ?? "",
        one.since ?? "",
        one.run,
        one.cpu_percent === null ? "" : Math.round(one.cpu_percent * 10) / 10,
        one.memory_bytes ?? "",
        one.connections ?? "",
      ].join("\t"),
    ),
  );
}

/** What ends is told of; a probe's answers are on the screen of `status`. */
function detailOf({ state, detail }: InstanceStatus): string {
  return state === "stopping" ? clean(detail ?? "") : "";
}

function instanceRow(service: string, instance: InstanceStatus, screen: Screen): Row {
  const look = STATES[instance.state];
  return {
    cells: {
      instance: { text: `${service}.${instance.instance}` },
      state: { text: look.word, style: look.style(screen.paint) },
      pid: { text: String(instance.pid ?? "-") },
      port: { text: String(instance.port ?? "-") },
      up: {
        text: instance.since === null ? "-" : span(screen.nowMs - Date.parse(instance.since)),
      },
      run: { text: String(instance.run) },
      cpu: { text: instance.cpu_percent === null ? "-" : percent(instance.cpu_percent) },
      mem: { text: instance.memory_bytes === null ? "-" : bytes(instance.memory_bytes) },
      conn: { text: String(instance.connections ?? "-") },
    },
    below: [instance.current ? "" : "an older revision, to be replaced", detailOf(instance)]
      .filter((line) => line !== "")
      .map(screen.paint.dim),
  };
}
