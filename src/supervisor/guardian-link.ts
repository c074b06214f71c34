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

const LOOK_EVERY_MS = 20;
const TRY_AGAIN_MS = 2_000;
/** How long the guardian may take to leave when it is asked to. */
const LEAVE_MS_MAX = 2_000;

/** The supervisor's side of its guardian: answers it, passes on its orders, and replaces it when it dies. */
export class GuardianLink {
  readonly #options: GuardianLinkOptions;
  /** Null: started by hand. */
  readonly pid: number | null;
  #successor: GuardianCommand | null = null;
  /** There was no room for a pipe: that the guardian has gone can only be looked for. */
  readonly #isBlind: boolean;

  constructor(options: GuardianLinkOptions, env: NodeJS.ProcessEnv) {
    this.#options = options;
    const guardian = Number(env.PROCS_GUARDED);
    this.pid = guardian > 1 ? guardian : null;
    const pipe = Number(env.PROCS_PIPE);
    this.#isBlind = !(pipe > 2);
    if (this.pid === null) return;
    process.on("SIGWINCH", () => this.isWell());
    process.on("SIGUSR2", options.onTerminate);
    // It may have been killed before we got here: the pipe's end is there all the same.
    if (!this.#isBlind) watchFifo(pipe, { end: () => this.#replace() });
    else if (process.ppid !== this.pid) setImmediate(() => this.#replace());
  }

  /** Tells the guardian. Not when it has gone: its number may be somebody else's by now. */
  isWell(): void {
    this.#signal("SIGUSR2");
  }

  /** Leaves for another guardian, and with it another supervisor, of `command` or of this version. */
  handOver(command: GuardianCommand | null): void {
    this.#successor = command ?? this.#options.own();
    if (this.pid === null) {
      this.#replace();
      return;
    }
    this.#signal("SIGQUIT");
    // One that is stopped hears nothing.
    setTimeout(() => this.#signal("SIGKILL"), LEAVE_MS_MAX);
    if (this.#isBlind) {
      setInterval(() => {
        if (process.ppid !== this.pid) this.#replace();
      }, LOOK_EVERY_MS);
    }
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
    if (startSuccessor(inPlace(this.#successor, own()), key, held)) {
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

/** Where the project lives and what its services get was settled when it was started, not by who upgrades it. */
function inPlace(successor: GuardianCommand | null, own: GuardianCommand): GuardianCommand {
  if (successor === null) return own;
  const { PROCS_GUARDIAN = "" } = successor.env;
  return { ...successor, env: { ...successor.env, ...own.env, PROCS_GUARDIAN } };
}
