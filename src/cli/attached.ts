import type { EventItem, Operation, ResultItem } from "../control/protocol.ts";
import type { Project } from "../core/spec.ts";
import type { Engine } from "../engines/engine.ts";
import { EXIT } from "../errors.ts";
import type { LogTarget } from "../logs/catalogue.ts";
import { act, by } from "./acting.ts";
import { type Keyboard, openKeyboard } from "./attached-keyboard.ts";
import { type Link, lostSupervisor, openLink } from "./attached-link.ts";
import { type AttachedLogs, followOn, lastWords, showTail } from "./attached-logs.ts";
import { overCode } from "./attached-over.ts";
import { type EndRule, endingCode } from "./attached-rule.ts";
import { createScreen, type Screen } from "./attached-screen.ts";
import { echoFilter, type Stopping, stopEverything } from "./attached-stop.ts";
import { detachedWords, headingLines, verdictLines } from "./attached-words.ts";
import type { Context, StopWord } from "./context.ts";
import { createReport, type Report } from "./progress-report.ts";
import { upResult } from "./results-json.ts";

export interface Attachment {
  readonly project: Project;
  readonly operation: Operation;
  /** The services that this `up` is about, in file order. */
  readonly names: readonly string[];
  /** This `up` starts the project, so its end is the project's. */
  readonly own: boolean;
  /** Whose output is shown; null: everybody's. */
  readonly targets: readonly LogTarget[] | null;
  /** Lines of the past to begin with. */
  readonly tail: number;
  readonly rule: EndRule;
}

/** Makes it so, then shows what happens until it is told to stop. Gives the exit code. */
export async function runAttached(context: Context, attachment: Attachment): Promise<number> {
  const session = new Session(context, await context.engine(), attachment);
  const release = context.onSignal((word) => session.onSignal(word));
  try {
    return await session.run();
  } finally {
    release();
    await session.close();
  }
}

/** From the first connection to the last line. Ends once, with the exit code that `#end` is given. */
class Session {
  readonly #context: Context;
  readonly #engine: Engine;
  readonly #attachment: Attachment;
  readonly #screen: Screen;
  readonly #report: Report;
  /** Closes the connection, the logs and the waiting for verdicts. */
  readonly #closing = new AbortController();
  /** Gives up waiting for verdicts. */
  readonly #applying = new AbortController();
  readonly #ended: Promise<number>;
  #launching: Promise<unknown> = Promise.resolve();
  #end: (exitCode: number) => void = () => {};
  #fail: (error: unknown) => void = () => {};
  #keyboard: Keyboard | null = null;
  #stopping: Stopping | null = null;
  /** Settles when the last line that is to be shown has been. */
  #following: Promise<void> = Promise.resolve();
  readonly #isEcho = echoFilter();
  /** This `up` started the project, so its end is the project's. */
  #own: boolean;
  /** The block of verdicts is on the screen: what is said meanwhile goes above it. */
  #isReporting = true;

  constructor(context: Context, engine: Engine, attachment: Attachment) {
    this.#context = context;
    this.#engine = engine;
    this.#attachment = attachment;
    this.#own = attachment.own;
    this.#screen = createScreen(context, {
      runs: engine.paths.runs,
      instances: instancesOf(attachment),
      targets: attachment.targets,
      say: (text) => this.#say(text),
    });
    this.#report = createReport(context, {
      verb: "up",
      names: attachment.names,
      indent: 2,
      streams: true,
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
  }

  async run(): Promise<number> {
    const { operation } = this.#attachment;
    if (this.#own) {
      this.#launching = this.#launch();
      await Promise.race([this.#launching, this.#ended]);
    }
    const link = this.#link();
    void this.#watch(link);
    if ((await link.ready) && this.#stopping === null) void this.#apply(operation);
    return this.#ended;
  }

  async close(): Promise<void> {
    this.#keyboard?.close();
    this.#closing.abort();
    this.#applying.abort();
    await lastWords(this.#following);
  }

  onSignal(word: StopWord): void {
    // The terminal sends Ctrl-C to a typed command as well, and it is meant for that.
    if (word === "SIGINT" && (this.#keyboard?.isBusy === true || this.#isEcho())) return;
    const exitCode = word === "SIGTERM" ? EXIT.terminated : EXIT.ok;
    if (this.#stopping !== null) {
      if (word === "SIGINT") this.#stopping.kill();
    } else if (word === "SIGHUP") {
      // The terminal is closed. An owner's connection is the project's life, so this ends both.
      this.#end(EXIT.terminated);
    } else if (this.#own) this.#stop(exitCode);
    else this.#detach(exitCode);
  }

  /** The supervisor is there and knows its owner before the first process starts. */
  async #launch(): Promise<void> {
    const nothing = { op: "wait", by: by(), services: [], for: "ready", timeout_ms: 0 } as const;
    await this.#engine.operate(nothing, { launch: true });
  }

  #link(): Link {
    return openLink({
      engine: this.#engine,
      own: this.#own,
      onJoined: () => {
        this.#own = false;
      },
      onEvent: (event) => this.#onEvent(event),
      onLost: () => {
        if (this.#stopping !== null) return;
        this.#screen.note("the supervisor is gone; waiting for it to return");
      },
      onBack: () => this.#screen.note("the supervisor is back"),
      signal: this.#closing.signal,
    });
  }

  async #watch(link: Link): Promise<void> {
    try {
      const end = await link.end;
      if (end === "closed" || this.#stopping !== null) return;
      if (end === "gone") throw lostSupervisor();
      // A typed `down` still has its last words to say.
      await this.#keyboard?.idle();
      this.#screen.note("the project was stopped");
      this.#end(EXIT.ok);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #apply(operation: Operation): Promise<void> {
    try {
      const positions = await showTail(this.#logs());
      const { project, names } = this.#attachment;
      for (const line of headingLines(project, names, this.#context)) this.#context.say(line);
      this.#keyboard = openKeyboard(this.#context, {
        screen: this.#screen,
        services: this.#attachment.project.services,
        onTyped: () => this.#isReporting && this.#report.typed(),
        say: (text) => this.#say(text),
        onQuit: () => this.#stop(EXIT.ok),
        onDetach: () => this.#detach(EXIT.ok),
      });
      const { result } = await act(this.#context, operation, {
        verb: "up",
        names: this.#attachment.names,
        indent: 2,
        report: this.#report,
        signal: this.#applying.signal,
        quietly: true,
      });
      if (this.#stopping !== null) return;
      this.#isReporting = false;
      if (result !== null) this.#showVerdict(result);
      void this.#endIfOver();
      this.#following = followOn(this.#logs(), positions);
      await this.#following;
    } catch (error) {
      if (this.#stopping === null) this.#giveUp(error);
    }
  }

  #onEvent(event: EventItem): void {
    // The verdicts tell what happened until then; and of its own stopping this `up` speaks itself.
    const isTold = this.#isReporting || (this.#stopping !== null && event.type !== "state");
    const isOwn = event.type === "reload" && event.by?.pid === process.pid;
    if (!isTold && (!isOwn || this.#context.globals.json)) this.#screen.event(event);
    if (this.#stopping !== null) return;
    const code = endingCode(this.#attachment.rule, event);
    const isAnEnd = event.state === "done" || event.state === "failed";
    if (code === null && isAnEnd && !this.#isReporting) void this.#endIfOver();
    if (code === null) return;
    this.#screen.note(`${event.service} ended, so all stop (exit ${code})`);
    this.#stop(code);
  }

  /** Tasks that are done and services that gave up do not come back by themselves. */
  async #endIfOver(): Promise<void> {
    const snapshot = await this.#engine.snapshot().catch(() => null);
    if (snapshot === null) return;
    const code = overCode(snapshot.services, this.#attachment.project);
    if (code === null || this.#stopping !== null || this.#keyboard?.isBusy === true) return;
    this.#screen.note("nothing is left to run, so this ends");
    if (this.#own) this.#stop(code, null);
    else this.#end(code);
  }

  /** Until the verdicts are there, what procs says must not be painted over. */
  #say(text: string): void {
    if (this.#isReporting) this.#report.insert(text);
    else this.#context.err.write(text);
  }

  #logs(): AttachedLogs {
    return {
      runs: this.#engine.paths.runs,
      targets: this.#attachment.targets,
      tail: this.#attachment.tail,
      screen: this.#screen,
      signal: this.#closing.signal,
    };
  }

  #showVerdict(result: ResultItem): void {
    if (this.#context.globals.json) this.#context.out.json(upResult(result));
    const isTerminal = this.#context.err.mode === "pretty";
    const lines = verdictLines(result, { isTerminal, own: this.#own });
    for (const line of lines) this.#context.say(line);
  }

  #stop(exitCode: number, why: string | null = "stopping everything; Ctrl-C again kills"): void {
    if (this.#stopping !== null) return;
    this.#applying.abort();
    this.#report.abandon();
    this.#isReporting = false;
    this.#screen.release();
    if (why !== null) this.#screen.note(why);
    this.#stopping = stopEverything({
      engine: this.#engine,
      screen: this.#screen,
      exitCode,
      launching: this.#launching,
    });
    this.#stopping.done.then(this.#end, this.#fail);
  }

  #detach(exitCode: number): void {
    const leave = async () => {
      if (this.#own) await this.#engine.detach();
      const snapshot = await this.#engine.snapshot();
      this.#context.say(detachedWords(snapshot?.services ?? []));
      return exitCode;
    };
    leave().then(this.#end, this.#fail);
  }

  /** What could not be applied was not started either: an owner leaves nothing behind. */
  #giveUp(error: unknown): void {
    const over = () => this.#fail(error);
    if (this.#own) {
      const down = { op: "down", by: by(), grace_ms: null } as const;
      this.#engine.operate(down, { launch: false }).then(over, over);
    } else over();
  }
}

function instancesOf(attachment: Attachment) {
  return attachment.project.services
    .filter((spec) => attachment.names.includes(spec.name))
    .flatMap((spec) =>
      Array.from({ length: Math.min(spec.instances, 100) }, (_, index) => ({
        service: spec.name,
        slot: index + 1,
      })),
    );
}
