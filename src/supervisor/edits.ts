import { basename } from "node:path";
import { RequestError } from "../control/failure.ts";
import type { By, Operation } from "../control/protocol.ts";
import type { PlanDoc, PlanService } from "../core/plan-doc.ts";
import type { Project } from "../core/spec.ts";
import type { Diagnostic } from "../errors.ts";
import { apply } from "./apply.ts";
import { ConfigWatch } from "./config-watch.ts";
import { type Drift, type Reading, requestFor } from "./drift.ts";
import type { Session } from "./session.ts";

const CHANGES_SHOWN = 3;

/** Sees edits of the file while the project runs: tells about them, or with `reload: auto` applies them. */
export class Edits {
  readonly #session: Session;
  readonly #drift: Drift;
  readonly #watch: ConfigWatch;
  readonly #onFault: (error: unknown) => void;
  /** What was last said of the file, so that saving it unchanged says nothing. */
  #said = "";
  /** The state of the files that was last looked at. */
  #seen = "";
  #isReading = false;

  constructor(session: Session, drift: Drift, onFault: (error: unknown) => void) {
    this.#session = session;
    this.#drift = drift;
    this.#onFault = onFault;
    this.#watch = new ConfigWatch({ onChange: () => void this.#look() });
  }

  /** The project was applied: its files are the ones to watch, and the news about them are old. */
  applied(): void {
    const { project } = this.#session.basis;
    if (project === null) return;
    if (!this.#isReading) {
      this.#said = "";
      this.#seen = this.#drift.stamp();
      this.#session.stamp = this.#seen;
    }
    this.#drift.applied(project);
    this.#watch.watch(project.inputs);
  }

  /** The project was taken over: what was saved while no supervisor lived is looked at now. */
  resumed(): void {
    const { basis, stamp } = this.#session;
    if (basis.project === null) return;
    this.#seen = stamp;
    this.#watch.watch(basis.project.inputs);
    if (this.#drift.stamp() === stamp) this.#drift.applied(basis.project);
    else void this.#look();
  }

  close(): void {
    this.#watch.close();
  }

  async #look(): Promise<void> {
    if (this.#isReading || this.#session.core.desired.draining) return;
    this.#isReading = true;
    try {
      for (let stamp = this.#drift.stamp(); stamp !== this.#seen; stamp = this.#drift.stamp()) {
        this.#seen = stamp;
        const reading = await this.#drift.read();
        if (reading !== null) await this.#tell(reading);
        // Only now: a supervisor that dies before has not dealt with it.
        this.#session.stamp = stamp;
      }
    } catch (error) {
      this.#onFault(error);
    } finally {
      this.#isReading = false;
    }
  }

  async #tell(reading: Reading): Promise<void> {
    const { project } = this.#session.basis;
    const file = basename(project?.file ?? "procs.yaml");
    if (reading.kind === "invalid") return this.#say(invalidWords(file, reading.diagnostics));
    const plan = await this.#drift.plan();
    if (plan === null) return;
    const isAuto = project?.reload === "auto" && reading.project.reload === "auto";
    if (!plan.changed) return;
    if (!isAuto) {
      return this.#say(`${file} changed: ${changeWords(plan)}. R + Enter applies, plan shows`);
    }
    this.#say(`${file} changed: ${changeWords(plan)}`);
    await this.#apply(reading.project);
  }

  /** Waits for no verdict: the next save may be what puts this one right. What becomes of it is told by events. */
  async #apply(project: Project): Promise<void> {
    const request: Operation & { op: "apply" } = {
      ...requestFor(project),
      op: "apply",
      command: "reload",
      by: BY_FILE,
      expect: null,
      scale: {},
      force: false,
      wait: false,
      timeout_ms: 0,
    };
    try {
      await apply(this.#session, request, () => undefined);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.#say(`${basename(project.file)} is not applied: ${error.message}; what runs goes on`);
    }
  }

  #say(message: string): void {
    if (message === this.#said) return;
    this.#said = message;
    this.#session.events.add({ type: "config", message, by: BY_FILE });
  }
}

const BY_FILE: By = { user: "procs", via: "file", pid: process.pid };

/** `procs.yaml:4:5 unknown key "instnaces" in service "api"; what runs goes on`. */
function invalidWords(file: string, diagnostics: readonly Diagnostic[]): string {
  const [first] = diagnostics;
  const start = first?.range?.start;
  const place = start === undefined ? "" : `:${start.line}:${start.column}`;
  const more =
    diagnostics.length > 1 ? ` (and ${diagnostics.length - 1} more: procs validate)` : "";
  const what = first?.message ?? "it cannot be read";
  return `${first?.file ?? file}${place} ${what}${more}; what runs goes on`;
}

/** `~ api (env.PORT), - legacy`. */
function changeWords(plan: PlanDoc): string {
  const changed = plan.services.filter((service) => service.symbol !== "=");
  const shown = changed.slice(0, CHANGES_SHOWN).map(serviceWords);
  const rest = changed.length - shown.length;
  return [...shown, ...(rest > 0 ? [`and ${rest} more`] : [])].join(", ");
}

function serviceWords({ service, symbol, changes }: PlanService): string {
  const paths = changes.map((change) => change.path);
  const shown = paths.slice(0, CHANGES_SHOWN).join(", ");
  const more = paths.length > CHANGES_SHOWN ? ", …" : "";
  const inside = symbol === "+" || symbol === "-" || shown === "" ? "" : ` (${shown}${more})`;
  return `${symbol} ${service}${inside}`;
}
