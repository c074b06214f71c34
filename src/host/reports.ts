import { closeSync, existsSync } from "node:fs";
import type { InstanceId } from "../core/observed.ts";
import type { Check, ServiceSpec } from "../core/spec.ts";
import { followRun } from "../logs/follow-run.ts";
import type { RunFiles } from "../logs/layout.ts";
import type { Account } from "./account.ts";
import { type ExchangeFolder, findExchange, makeExchange, watchForLine } from "./exchange.ts";
import { openReader } from "./fifos.ts";
import type { Ledger } from "./ledger.ts";
import { MESSAGE_FILE, makeMessageFile, messageEnvironment } from "./message.ts";
import { type Bridge, HEARD_FILE, notifyEnvironment, openNotifySocket } from "./notify.ts";
import {
  copyPreload,
  leaveShare,
  needsPreload,
  preloadEnvironment,
  preloadFolder,
  shareFile,
  useShare,
} from "./preload.ts";

/** Of a matching line, as shown to people. */
const LINE_MAX = 200;

/** Readiness that a program reports by itself: a log line, a datagram, a message. */
export interface Reporter {
  /** What the program must find in its environment to do so. */
  readonly env: Readonly<Record<string, string>>;
  /** How it was told to say that it is ready, for the ledger. */
  readonly exchange: Ledger["exchange"];
  /** From now on, and again whenever the spec changes, tell of what `spec.ready` waits for. */
  listen(spec: ServiceSpec): void;
  /** The program was ready already, as far as this spec asks. */
  assume(spec: ServiceSpec): void;
  /** The run has gone. */
  close(): void;
  /** Looks away from a run that goes on: what it says meanwhile is kept for the next supervisor. */
  leave(): void;
}

export interface ReporterOptions {
  readonly id: InstanceId;
  readonly spec: ServiceSpec;
  readonly account: Account | null;
  readonly runtime: string;
  /** Its fifo is there already. */
  readonly tree: string;
  /** They move when the run is renamed. */
  readonly files: () => RunFiles;
  readonly report: (ok: boolean, detail: string) => void;
}

/** Opens what the check of `spec.ready` needs before the program can be started. Rejects when it cannot. */
export async function openReporter(options: ReporterOptions): Promise<Reporter> {
  const reporter = new RunReporter(options);
  await reporter.open(options);
  return reporter;
}

/** For a run that an earlier supervisor started: hears also what it said while nobody was there. */
export function reopenReporter(
  options: Pick<ReporterOptions, "runtime" | "files" | "report">,
  exchange: Ledger["exchange"],
): Reporter {
  const reporter = new RunReporter(options);
  reporter.reopen(exchange);
  return reporter;
}

class RunReporter implements Reporter {
  env: Readonly<Record<string, string>> = {};
  exchange: Ledger["exchange"] = null;
  readonly #options: Pick<ReporterOptions, "runtime" | "files" | "report">;
  #folder: ExchangeFolder | null = null;
  #bridge: Bridge | null = null;
  /** Where it counts its connections. */
  #share: string | null = null;
  #heard: { close(): void } | null = null;
  #hasSaid = false;
  #check: Check | null = null;
  #follower: { close(): void } | null = null;
  #isClosed = false;

  constructor(options: Pick<ReporterOptions, "runtime" | "files" | "report">) {
    this.#options = options;
  }

  async open({ id, spec, account, runtime, tree }: ReporterOptions): Promise<void> {
    const own = needsPreload(spec) ? preloadFolder(account) : null;
    const needsCopy = needsPreload(spec) && own === null;
    const kind = exchangeKind(spec.ready?.check.kind) ?? (needsCopy ? "preload" : null);
    if (kind !== null) {
      const folder = makeExchange(runtime, id, account);
      try {
        if (kind === "message") makeMessageFile(folder.path, account);
        if (kind === "notify") this.#bridge = await openBridge(folder.path, tree, account);
        if (needsCopy && account !== null) copyPreload(folder.path, account);
      } catch (error) {
        folder.remove();
        throw error;
      }
      this.#attend(kind, folder);
    }
    const folder = own ?? (needsCopy ? this.exchange?.folder : null) ?? null;
    if (folder === null) return;
    const share = shareFile(spec, { runtime, account });
    if (share !== null) useShare(share);
    this.#share = share;
    this.env = { ...this.env, ...preloadEnvironment(spec, { folder, share }) };
  }

  reopen(exchange: Ledger["exchange"]): void {
    const kind = exchangeKind(exchange?.kind);
    if (exchange === null || kind === null) return;
    const folder = findExchange(this.#options.runtime, exchange.folder);
    if (folder === null) return;
    if (existsSync(folder.path)) this.#attend(kind, folder);
    else this.exchange = exchange;
  }

  #attend(kind: ExchangeKind, folder: ExchangeFolder): void {
    const { path } = folder;
    this.#folder = folder;
    this.exchange = { kind, folder: path };
    if (kind === "preload") return;
    this.env = kind === "notify" ? notifyEnvironment(path) : messageEnvironment(path);
    const [name, line] = kind === "notify" ? [HEARD_FILE, "READY=1"] : [MESSAGE_FILE, "ready"];
    this.#heard = watchForLine(path, { name, line, onLine: () => this.#said() });
  }

  listen(spec: ServiceSpec): void {
    const check = spec.ready?.check ?? null;
    if (JSON.stringify(check) === JSON.stringify(this.#check)) return;
    this.#check = check;
    this.#follower?.close();
    this.#follower = null;
    if (check?.kind === "log") this.#follow(new RegExp(check.pattern, check.flags));
    if (check?.kind !== "notify" && check?.kind !== "message") return;
    if (this.exchange?.kind !== check.kind) {
      this.#report(false, `was started without ready: ${check.kind}, so it cannot say`);
    } else if (this.#heard === null) {
      this.#report(
        false,
        "cannot say it any more: its part of the runtime folder was cleaned away",
      );
    } else if (this.#hasSaid) this.#said();
  }

  assume(spec: ServiceSpec): void {
    this.#check = spec.ready?.check ?? null;
  }

  close(): void {
    this.#rest();
    this.#bridge?.close();
    this.#folder?.remove();
    if (this.#share !== null) leaveShare(this.#share);
    this.#share = null;
  }

  leave(): void {
    this.#rest();
    this.#bridge?.leave();
  }

  #rest(): void {
    this.#isClosed = true;
    this.#follower?.close();
    this.#heard?.close();
  }

  #said(): void {
    this.#hasSaid = true;
    const kind = this.#check?.kind;
    if (kind === undefined || kind !== this.exchange?.kind) return;
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

/** What an exchange folder is there for. The preload is in one only where the program cannot read ours. */
type ExchangeKind = "notify" | "message" | "preload";

function exchangeKind(kind: string | undefined): ExchangeKind | null {
  return kind === "notify" || kind === "message" || kind === "preload" ? kind : null;
}

async function openBridge(folder: string, tree: string, account: Account | null): Promise<Bridge> {
  const reader = openReader(tree);
  try {
    return await openNotifySocket(folder, reader, account?.uid ?? null);
  } finally {
    closeSync(reader);
  }
}
