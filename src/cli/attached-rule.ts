import { constants } from "node:os";
import type { EventItem } from "../control/protocol.ts";
import { EXIT } from "../errors.ts";

/** When an attached `up` ends by itself, and with whose exit code. */
export interface EndRule {
  /** `--abort-on-exit`: any service's end; `failure`: an end with an error; null: none. */
  readonly abortOn: "exit" | "failure" | null;
  /** `--exit-code-from`: this service's end, whose code is then the exit code. */
  readonly codeFrom: string | null;
  /** Their good end is what they are for. */
  readonly tasks: ReadonlySet<string>;
}

/** The exit code with which the event ends `up`, or null: it goes on. */
export function endingCode(rule: EndRule, event: EventItem): number | null {
  const { service } = event;
  if (event.type !== "state" || service === undefined) return null;
  if (event.state !== "done" && event.state !== "crashed" && event.state !== "failed") return null;
  const code = codeOf(event);
  if (rule.codeFrom !== null && service === rule.codeFrom) return code;
  switch (rule.abortOn) {
    case null:
      return null;
    case "failure":
      return event.state === "done" || code === 0 ? null : code;
    case "exit":
      return event.state === "done" && rule.tasks.has(service) ? null : code;
  }
}

/** As a shell counts: the program's own code, 128 and the signal's number, 1 where neither is known. */
function codeOf(event: EventItem): number {
  if (event.exit_code != null) return event.exit_code;
  if (event.signal == null) return event.state === "done" ? EXIT.ok : EXIT.failed;
  const signals: Readonly<Record<string, number | undefined>> = constants.signals;
  return 128 + (signals[event.signal] ?? 0);
}
