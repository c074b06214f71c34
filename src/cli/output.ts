import { isatty } from "node:tty";
import { type Paint, paintFor, wantsColor } from "./paint.ts";

/**
 * pretty: a person at a terminal. plain: a pipe, a file or CI; tab-separated, no header, no hints,
 * nothing repainted. json: versioned JSON and nothing else.
 */
export type Mode = "pretty" | "plain" | "json";

/** One stream of the command: `out` carries the answer, `err` the talk. */
export interface Output {
  readonly mode: Mode;
  readonly paint: Paint;
  /** Width of the terminal; Infinity where nothing needs to fit. Follows a resize. */
  readonly columns: number;
  readonly ascii: boolean;
  /** May repaint: a pretty terminal, and the user did not ask for an accessible screen. */
  readonly canRepaint: boolean;
  write(text: string): void;
  /** Writes what a program wrote, byte for byte: `logs --raw`. */
  bytes(bytes: Uint8Array): void;
  /** Writes the text and a line feed. */
  line(text?: string): void;
  /** One JSON document on a line of its own. */
  json(value: unknown): void;
  /** Resolves once a slow reader has taken what was written: await it in loops that write much. */
  drained(): Promise<void>;
  /** Resolves once everything has left this process: before it ends. */
  flushed(): Promise<void>;
}

export interface OutputSettings {
  readonly json: boolean;
  readonly plain: boolean;
  readonly color: "auto" | "always" | "never" | null;
  readonly ascii: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The streams of this process. Nothing is opened before the first write. */
export function processOutput(which: "stdout" | "stderr", settings: OutputSettings): Output {
  const isTty = isatty(which === "stdout" ? 1 : 2);
  let stream: NodeJS.WriteStream | null = null;
  const open = (): NodeJS.WriteStream => {
    if (stream !== null) return stream;
    stream = process[which];
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // Nobody reads the answer any more (`procs logs -f | head`): a quiet, good end.
      if (which === "stdout" && error.code === "EPIPE") process.exit(0);
    });
    return stream;
  };
  return createOutput({
    settings,
    isTty,
    width: () => open().columns,
    write: (text) => open().write(text),
    writeBytes: (bytes) => open().write(bytes),
    drained: () => (stream?.writableNeedDrain ? afterWrites(stream) : Promise.resolve()),
    flushed: () => (stream?.writableLength ? afterWrites(stream) : Promise.resolve()),
  });
}

export interface OutputDevice {
  readonly settings: OutputSettings;
  readonly isTty: boolean;
  readonly width: () => number | undefined;
  readonly write: (text: string) => void;
  /** Absent: bytes are written as text. */
  readonly writeBytes?: (bytes: Uint8Array) => void;
  readonly drained: () => Promise<void>;
  readonly flushed: () => Promise<void>;
}

/** An output over anything that takes text; tests collect it in an array. */
export function createOutput(device: OutputDevice): Output {
  const { settings, isTty } = device;
  const mode = modeFor(settings, isTty);
  return {
    mode,
    paint: paintFor(
      mode !== "json" && wantsColor({ flag: settings.color, env: settings.env, isTty }),
    ),
    get columns() {
      return mode === "pretty" ? device.width() || 80 : Number.POSITIVE_INFINITY;
    },
    ascii: settings.ascii || !isUtf8(settings.env),
    canRepaint: mode === "pretty" && !isAccessible(settings.env),
    write: (text) => device.write(text),
    bytes: (bytes) => {
      if (device.writeBytes !== undefined) device.writeBytes(bytes);
      else device.write(Buffer.from(bytes).toString("utf8"));
    },
    line: (text = "") => device.write(`${text}\n`),
    json: (value) => device.write(`${JSON.stringify(value)}\n`),
    drained: device.drained,
    flushed: device.flushed,
  };
}

function modeFor(settings: OutputSettings, isTty: boolean): Mode {
  if (settings.json) return "json";
  const isSmart = isTty && settings.env.TERM !== "dumb" && !isCi(settings.env);
  return isSmart && !settings.plain ? "pretty" : "plain";
}

type Env = Readonly<Record<string, string | undefined>>;

export function isCi(env: Env): boolean {
  return env.CI !== undefined && env.CI !== "" && env.CI !== "0" && env.CI !== "false";
}

/** PROCS_ACCESSIBLE=1: no repaint, no box characters, no symbol without its word. */
export function isAccessible(env: Env): boolean {
  return env.PROCS_ACCESSIBLE !== undefined && !["", "0"].includes(env.PROCS_ACCESSIBLE);
}

/** An unset locale says nothing about the terminal, and UTF-8 is what terminals speak today. */
function isUtf8(env: Env): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
  return locale === "" || /utf-?8/i.test(locale);
}

/** An empty write calls back after all that was written before it; an error ends the waiting too. */
function afterWrites(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    // Taken back again: a slow reader is waited for often, and each wait would leave a listener.
    const finish = () => {
      stream.off("error", finish);
      resolve();
    };
    stream.once("error", finish);
    stream.write("", finish);
  });
}
