import type { InstanceId } from "../core/observed.ts";
import type { Check, ServiceSpec } from "../core/spec.ts";
import { followRun } from "../logs/follow-run.ts";
import type { RunFiles } from "../logs/layout.ts";
import type { Account } from "./account.ts";
import { type ExchangeFolder, makeExchange } from "./exchange.ts";
import { openMessageFile } from "./message.ts";
import { openNotifySocket } from "./notify.ts";

/** Of a matching line, as shown to people. */
const LINE_MAX = 200;

/** Readiness that a program reports by itself: a log line, a datagram, a message. */
export interface Reporter {
  /** What the program must find in its environment to do so. */
  readonly env: Readonly<Record<string, string>>;
  /** From now on, and again whenever the spec changes, tell of what `spec.ready` waits for. */
  listen(spec: ServiceSpec): void;
  close(): void;
}

export interface ReporterOptions {
  readonly id: InstanceId;
  readonly spec: ServiceSpec;
  readonly account: Account | null;
  readonly runtime: string;
  /** They move when the run is renamed. */
  readonly files: () => RunFiles;
  readonly report: (ok: boolean, detail: string) => void;
}

/** Opens what the check of `spec.ready` needs before the program can be started. Rejects when it cannot. */
export async function openReporter(options: ReporterOptions): Promise<Reporter> {
  const reporter = new RunReporter(options);
  await reporter.open();
  return reporter;
}

class RunReporter implements Reporter {
  env: Readonly<Record<string, string>> = {};
  readonly #options: ReporterOptions;
  #folder: ExchangeFolder | null = null;
  #channel: { close(): void } | null = null;
  /** The check that the program can answer: given to it when it started. */
  #opened: Check["kind"] | null = null;
  #hasSaid = false;
  #check: Check | null = null;
  #follower: { close(): void } | null = null;
  #isClosed = false;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { id, spec, account, runtime } = this.#options;
    const kind = spec.ready?.check.kind;
    if (kind !== "notify" && kind !== "message") return;
    const folder = makeExchange(runtime, id, account);
    this.#folder = folder;
    this.#opened = kind;
    if (kind === "message") {
      const file = openMessageFile(folder.path, account, () => this.#said());
      this.#channel = file;
      this.env = file.env;
      return;
    }
    const path = `${folder.path}/notify`;
    const onLine = (line: string) => {
      if (line === "READY=1") this.#said();
    };
    try {
      this.#channel = await openNotifySocket(path, account?.uid ?? null, onLine);
    } catch (error) {
      folder.remove();
      throw error;
    }
    this.env = { NOTIFY_SOCKET: path };
  }

  listen(spec: ServiceSpec): void {
    const check = spec.ready?.check ?? null;
    if (JSON.stringify(check) === JSON.stringify(this.#check)) return;
    this.#check = check;
    this.#follower?.close();
    this.#follower = null;
    if (check?.kind === "log") this.#follow(new RegExp(check.pattern, check.flags));
    if (check?.kind !== "notify" && check?.kind !== "message") return;
    if (this.#opened !== check.kind) {
      this.#report(false, `was started without ready: ${check.kind}, so it cannot say`);
    } else if (this.#hasSaid) this.#said();
  }

  close(): void {
    this.#isClosed = true;
    this.#follower?.close();
    this.#channel?.close();
    this.#folder?.remove();
  }

  #said(): void {
    this.#hasSaid = true;
    const kind = this.#check?.kind;
    if (kind !== this.#opened) return;
    this.#report(true, kind === "notify" ? "READY=1" : `process.send("ready")`);
  }

  /** From the first line of the run on: the line may have come before we could look. */
  #follow(pattern: RegExp): void {
    const follower = followRun(this.#options.files(), (line) => {
      // A pattern with the flag g or y remembers where it was.
      pattern.lastIndex = 0;
      if (!pattern.test(line)) return;
      follower.close();
      this.#report(true, `log: ${line.slice(0, LINE_MAX)}`);
    });
    this.#follower = follower;
  }

  #report(ok: boolean, detail: string): void {
    if (!this.#isClosed) this.#options.report(ok, detail);
  }
}
