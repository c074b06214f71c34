import { failpoint } from "../host/failpoint.ts";
import { watchFifo } from "../host/fifos.ts";
import { type GuardianCommand, startSuccessor } from "./guardian.ts";
import { HANDED_EXIT } from "./guardian-text.ts";

export interface GuardianLinkOptions {
  /** The guardian to put in the place of one that died. */
  readonly own: () => GuardianCommand;
  readonly key: string;
  /** The path of the lock where descriptor 9 holds it; null: this process holds it another way. */
  readonly held: string | null;
  readonly log: (message: string) => void;
  /** The guardian was told to end everything. */
  readonly onTerminate: () => void;
}

const TRY_AGAIN_MS = 2_000;
/** How long the guardian may take to leave when it is asked to. */
const LEAVE_MS_MAX = 2_000;

/** The supervisor's side of its guardian: answers it, passes on its orders, and replaces it when it dies. */
export class GuardianLink {
  readonly #options: GuardianLinkOptions;
  /** Null: started by hand. */
  readonly pid: number | null;
  #successor: GuardianCommand | null = null;

  constructor(options: GuardianLinkOptions, env: NodeJS.ProcessEnv) {
    this.#options = options;
    this.pid = Number(env.PROCS_GUARDED) === process.ppid ? process.ppid : null;
    if (this.pid === null) return;
    process.on("SIGWINCH", () => this.isWell());
    process.on("SIGUSR2", options.onTerminate);
    const pipe = Number(env.PROCS_PIPE);
    if (pipe > 2) watchFifo(pipe, { end: () => this.#replace() });
  }

  /** Tells the guardian. Not when it has gone: its number may be somebody else's by now. */
  isWell(): void {
    this.#signal("SIGUSR2");
  }

  /** Leaves for another guardian, and with it another supervisor, of `command` or of this version. */
  handOver(command: GuardianCommand | null): void {
    this.#successor = command;
    this.#signal("SIGQUIT");
    // One that is stopped hears nothing.
    setTimeout(() => this.#signal("SIGKILL"), LEAVE_MS_MAX);
  }

  /**
   * A second guardian must never come to be beside a first one, so this is only done once that has gone. Everything is
   * recorded before it is done: leaving here is no worse than being killed.
   */
  #replace(): void {
    const { own, key, held, log } = this.#options;
    const isAsked = this.#successor !== null;
    if (!isAsked) log("the guardian was killed: starting another one, and a supervisor with it");
    failpoint("guardian.before");
    if (startSuccessor(this.#successor ?? own(), key, held)) {
      failpoint("guardian.after");
      process.exit(HANDED_EXIT);
    }
    log("another guardian could not be started; trying again");
    setTimeout(() => this.#replace(), TRY_AGAIN_MS);
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.pid === null || process.ppid !== this.pid) return;
    process.kill(this.pid, signal);
  }
}
