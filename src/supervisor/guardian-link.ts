import { fstatSync } from "node:fs";
import { failpoint } from "../host/failpoint.ts";
import type { ProjectPaths } from "../paths.ts";
import type { GuardianCommand } from "./guardian.ts";
import { putInCharge } from "./guardian-charge.ts";
import { endNaps } from "./guardian-naps.ts";
import { HANDED_EXIT } from "./guardian-text.ts";
import { type Heir, type Keeper, parentKeeper, startHeir } from "./keepers.ts";

/** What the sockets are called, and the descriptors that this process has them at. */
export type HeldSockets = ReadonlyMap<string, number>;

export interface GuardianLinkOptions {
  readonly paths: ProjectPaths;
  /** The guardian to put in the place of one that died. */
  readonly own: () => GuardianCommand;
  readonly key: string;
  /** The path of the lock where descriptor 9 holds it; null: this process holds it another way. */
  readonly held: string | null;
  /** What the guardian that started this process held, and passed on. */
  readonly sockets: HeldSockets;
  readonly log: (message: string) => void;
  /** The guardian was told to end everything. */
  readonly onTerminate: () => void;
}

const TRY_AGAIN_MS = 2_000;
const DIED_MS = 50;

/**
 * The supervisor's side of its guardian: answers it, passes on its orders, replaces it when it dies, and puts another
 * one in its place whenever the sockets to be held are others. A supervisor that lives is not restarted for that.
 *
 * Never are there two guardians that would start supervisors, and none only where the guardian was killed together with
 * the supervisor. A guardian starts one after the death of a supervisor alone, and which guardian that is was written
 * down by this supervisor while it lived (guardian-charge.ts); so both read the same. In the order of what happens:
 *
 *     the supervisor dies ...                      old guardian              its heir
 *     before an heir is there                      starts the next one       -
 *     while the heir waits                         starts the next one       hears its pipe end, is not named: leaves
 *     after the heir was named                     sees it: leaves           is named: starts the next one
 *     after the old one was told to leave          leaves, or has left       the same
 *
 *     the old guardian dies while the heir waits, or at any other time: the supervisor goes on naming an heir
 *     the heir dies: the supervisor hears of it as of a child, and names another one
 *     both guardians die: the same
 *     the supervisor and the guardian in charge die: nobody is left, and the next command starts both
 *     the supervisor and the other guardian die: the one in charge starts the next one
 */
export class GuardianLink {
  readonly #options: GuardianLinkOptions;
  #keeper: Keeper | null;
  /** What the guardian in charge has, in the kernel's numbers: descriptors are used again. */
  #held: Numbers;
  /** What it is to have. */
  #wanted: HeldSockets;
  #work: Promise<void> | null = null;
  #isLeaving = false;

  constructor(options: GuardianLinkOptions, env: NodeJS.ProcessEnv) {
    this.#options = options;
    this.#held = numbersOf(options.sockets);
    this.#wanted = options.sockets;
    this.#keeper = parentKeeper(env);
    if (this.#keeper === null) return;
    process.on("SIGWINCH", () => this.isWell());
    process.on("SIGUSR2", options.onTerminate);
    this.#mind(this.#keeper);
  }

  /** Null: started by hand. */
  get pid(): number | null {
    return this.#keeper?.pid ?? null;
  }

  /** Tells the guardian. Not when it has gone: its number may be somebody else's by now. */
  isWell(): void {
    this.#keeper?.tell();
  }

  /** Resolves when the guardian has copies of exactly these, and nobody else of procs has any. */
  hold(sockets: HeldSockets): Promise<void> {
    this.#wanted = sockets;
    if (this.#keeper === null) return Promise.resolve();
    // The next supervisor sees to what this one had not done.
    if (this.#isLeaving) return new Promise(() => undefined);
    if (this.#work === null && this.#isSettled()) return Promise.resolve();
    return this.#settle();
  }

  /** Leaves for another guardian, and with it another supervisor, of `command` or of this version. */
  handOver(command: GuardianCommand | null): void {
    void this.#handOver(inPlace(command, this.#options.own()));
  }

  /** Before this process leaves for good: the guardian goes first, and lets go of the sockets. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    await this.#work;
    const keeper = this.#keeper;
    // A parent that holds nothing reads off the exit code that all is over.
    if (keeper === null || (!keeper.isChild && this.#held.size === 0)) return;
    await keeper.end();
    endNaps(this.#options.paths.id);
  }

  /** A second guardian is in charge only once the first one is not, and it begins at once. */
  async #handOver(command: GuardianCommand): Promise<void> {
    this.#isLeaving = true;
    await this.#work;
    for (;;) {
      const heir = await this.#appoint(command, "at our end");
      if (heir !== null) break;
      await pause(TRY_AGAIN_MS);
    }
    failpoint("guardian.after");
    process.exit(HANDED_EXIT);
  }

  #mind(keeper: Keeper): void {
    void keeper.ended.then(() => {
      if (this.#keeper === keeper && !this.#isLeaving && this.#work === null) void this.#settle();
    });
  }

  #settle(): Promise<void> {
    this.#work ??= this.#renewAll().finally(() => {
      this.#work = null;
      // It may have died while nobody looked.
      if (!this.#isLeaving && this.#keeper?.isThere() === false) void this.#settle();
    });
    return this.#work;
  }

  async #renewAll(): Promise<void> {
    // What is asked in one turn is one change.
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.#isLeaving && !this.#isSettled()) {
      if (!(await this.#renew())) await pause(TRY_AGAIN_MS);
    }
  }

  #isSettled(): boolean {
    return this.#keeper?.isThere() === true && isSame(this.#held, numbersOf(this.#wanted));
  }

  /** False: it could not be done now. */
  async #renew(): Promise<boolean> {
    const { log, own, paths } = this.#options;
    if (this.#keeper?.isThere() === false) {
      log("the guardian was killed: starting another one");
      endNaps(paths.id);
    }
    const heir = await this.#appoint(own(), "now");
    if (heir === null) return false;
    failpoint("guardian.after");
    this.#mind(heir);
    if (!heir.isThere()) await pause(DIED_MS);
    return true;
  }

  /** From here on another guardian is in charge, and the one before it has gone. Null: it could not be started. */
  async #appoint(command: GuardianCommand, begins: "now" | "at our end"): Promise<Heir | null> {
    const { paths, key, held, log } = this.#options;
    const before = this.#keeper;
    failpoint("guardian.before");
    // One that cannot read who is in charge must have gone before another one is.
    if (before?.canRead === false) await before.end();
    const sockets = this.#wanted;
    const numbers = numbersOf(sockets);
    const heir = startHeir(command, { key, held, sockets });
    if (heir === null) {
      log("another guardian could not be started; trying again");
      return null;
    }
    try {
      putInCharge(paths, heir.pid);
    } catch (error) {
      heir.kill();
      log(`who the guardian is could not be written down; trying again: ${error}`);
      return null;
    }
    if (begins === "now") heir.begin();
    this.#keeper = heir;
    this.#held = numbers;
    await before?.end();
    return heir;
  }
}

/** The inode of each. */
type Numbers = ReadonlyMap<string, number>;

function numbersOf(sockets: HeldSockets): Numbers {
  return new Map([...sockets].map(([name, fd]) => [name, fstatSync(fd).ino]));
}

function isSame(one: Numbers, other: Numbers): boolean {
  return one.size === other.size && [...one].every(([name, ino]) => other.get(name) === ino);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Where the project lives and what its services get was settled when it was started, not by who upgrades it. */
function inPlace(successor: GuardianCommand | null, own: GuardianCommand): GuardianCommand {
  if (successor === null) return own;
  const { PROCS_GUARDIAN = "" } = successor.env;
  return { ...successor, env: { ...successor.env, ...own.env, PROCS_GUARDIAN } };
}
