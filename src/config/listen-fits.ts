import type { ListenMap } from "./listen.ts";
import { problemAt, type Saying } from "./problems.ts";
import { fault, type Reader } from "./reader.ts";
import { type MapTree, treeAt } from "./tree.ts";

/** Keys of `listen`, and of the service, that contradict each other. */
export function checkListen(reader: Reader, listen: ListenMap): void {
  checkKind(reader);
  checkPort(reader, listen);
  checkModeKeys(reader, listen);
  checkStart(reader, listen);
  if (listen.mode === "inetd") checkInetd(reader, listen);
}

/** `ready: { accepts: true }` asks the sockets that the program was given. */
export function checkAccepts(reader: Reader, mode: string | null): void {
  if (reader.service.ready?.accepts !== true) return;
  if (mode === "share" || mode === "inetd") return;
  const [message, help] =
    mode === null
      ? ['"ready.accepts" is for services with "listen", and this one has none', "listen: 3000"]
      : ['"ready.accepts" is not for mode: proxy, where each instance has a port', "tcp: true"];
  unfit(reader, ["ready", "accepts"], { message, label: "nothing to accept from", help });
}

function checkKind(reader: Reader): void {
  if (reader.service.kind !== "task") return;
  unfit(reader, ["listen"], {
    message: '"listen" is for services, and this is a task, which is over when it ends',
    label: "a task does not listen",
    help: "delete it; for a program that is started by a connection: mode: inetd, without kind: task",
  });
}

function checkPort(reader: Reader, { mode = "share" }: ListenMap): void {
  const { port } = reader.service;
  if (port === undefined || (mode === "proxy" && port === "auto")) return;
  if (mode === "proxy") {
    const message =
      'in mode: proxy each instance gets a free port of its own as $PORT: "port" is not needed';
    unfit(reader, ["port"], { message, label: "not needed", help: "delete it" });
    return;
  }
  unfit(reader, ["port"], {
    message: '"port" is for a port that the program binds, and with "listen" procs binds it',
    label: "who binds it?",
    help: [
      "delete it: $PORT is the port of listen",
      "or, for a program that can only bind a port itself: listen: { port: 3000, mode: proxy }",
    ],
  });
}

/** The keys that only one mode has, with what they would need. */
const MODE_KEYS = {
  wait: "inetd",
  max_connections: "inetd",
  per_source: "inetd",
  rate: "inetd",
  drain: "proxy",
  sticky: "proxy",
  proxy_protocol: "proxy",
} as const;

function checkModeKeys(reader: Reader, listen: ListenMap): void {
  const { mode = "share" } = listen;
  for (const [key, needed] of Object.entries(MODE_KEYS)) {
    // A word of this table is a key of the map.
    const value = listen[key as keyof typeof MODE_KEYS];
    if (value === undefined || value === false || mode === needed) continue;
    unfit(reader, ["listen", key], {
      message: `"listen.${key}" is for mode: ${needed}, and this is mode: ${mode}`,
      label: `needs mode: ${needed}`,
      help: key === "drain" ? DRAIN_HELP : `add mode: ${needed}, or delete it`,
    });
  }
}

const DRAIN_HELP =
  "delete it: without a proxy the program itself ends its connections, within stop: { timeout: 30s }";

function checkStart(reader: Reader, { start, mode, idle_stop }: ListenMap): void {
  if (mode === "inetd" && start === "always") {
    unfit(reader, ["listen", "start"], {
      message:
        '"listen.start" cannot be always with mode: inetd: its command runs for a connection',
      label: "it starts on demand",
      help: "delete it",
    });
  }
  if (idle_stop === undefined || idle_stop === "never") return;
  if (mode === "inetd" || start === "on-demand") return;
  unfit(reader, ["listen", "idle_stop"], {
    message:
      '"listen.idle_stop" is for start: on-demand: what starts with procs does not stop idle',
    label: "needs start: on-demand",
    help: "add start: on-demand, or delete it",
  });
}

function checkInetd(reader: Reader, listen: ListenMap): void {
  const { instances = 1, ready, alive } = reader.service;
  if (instances !== 1 && instances !== 0) {
    unfit(reader, ["instances"], {
      message: '"instances" is not for mode: inetd, which starts a process for each connection',
      label: "not needed",
      help: "delete it; how many run at once is max_connections in listen",
    });
  }
  if (listen.wait === true) {
    checkWait(reader, listen);
    return;
  }
  for (const [key, probe] of Object.entries({ ready, alive })) {
    if (probe === undefined || ("accepts" in probe && probe.accepts === true)) continue;
    unfit(reader, [key], {
      message: `"${key}" is not for mode: inetd: nothing of the command runs between connections`,
      label: "nobody to ask",
      help: "delete it",
    });
  }
}

function checkWait(reader: Reader, listen: ListenMap): void {
  for (const key of ["max_connections", "per_source", "rate"] as const) {
    if (listen[key] === undefined) continue;
    unfit(reader, ["listen", key], {
      message: `"listen.${key}" is not for wait: true, where the program itself accepts connections`,
      label: "procs accepts none",
      help: "delete it, or wait",
    });
  }
}

/** Points at the key, not at its value: it is the key that does not fit. */
function unfit(reader: Reader, path: readonly string[], saying: Omit<Saying, "code">): void {
  const parent = treeAt(reader.tree, path.slice(0, -1)) as MapTree | undefined;
  const entry = parent?.entries?.get(path.at(-1) ?? "");
  if (entry === undefined) fault(reader, path, { code: "P205", ...saying });
  else reader.problems.add(problemAt(entry.keyPlace, { code: "P205", ...saying }));
}
