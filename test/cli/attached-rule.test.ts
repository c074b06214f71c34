import { describe, expect, test } from "vitest";
import { type EndRule, endingCode } from "../../src/cli/attached-rule.ts";
import type { EventItem, State } from "../../src/control/protocol.ts";

const none: EndRule = { abortOn: null, codeFrom: null, tasks: new Set(["migrate"]) };

function ended(service: string, state: State, code: number | null, signal: string | null = null) {
  return {
    v: 1,
    kind: "event",
    seq: 1,
    time: "2026-03-01T12:00:00.000Z",
    type: "state",
    message: "",
    service,
    state,
    exit_code: code,
    signal,
  } satisfies EventItem;
}

const crash = ended("api", "crashed", 3);
const kill = ended("api", "crashed", null, "SIGKILL");
const clean = ended("api", "crashed", 0);
const done = ended("migrate", "done", 0);
const failed = ended("migrate", "failed", 2);

describe("an attached up ends by itself", () => {
  test.each<[string, Partial<EndRule>, EventItem, number | null]>([
    ["never, unless told so", {}, crash, null],
    ["with any end and that service's code", { abortOn: "exit" }, crash, 3],
    ["also with a good end", { abortOn: "exit" }, clean, 0],
    ["with a signal as a shell counts it", { abortOn: "exit" }, kill, 137],
    ["not with a task that did its work", { abortOn: "exit" }, done, null],
    ["with a task that failed", { abortOn: "exit" }, failed, 2],
    ["with a failure", { abortOn: "failure" }, crash, 3],
    ["not with a good end where failures are asked for", { abortOn: "failure" }, clean, null],
    ["with the service whose code is asked for", { codeFrom: "migrate" }, done, 0],
    ["not with another one", { codeFrom: "migrate" }, crash, null],
    ["not with a stop by hand", { abortOn: "exit" }, ended("api", "stopped", 0), null],
    ["not with news of another kind", { abortOn: "exit" }, { ...crash, type: "watch" }, null],
  ])("%s", (_what, rule, event, code) => {
    expect(endingCode({ ...none, ...rule }, event)).toBe(code);
  });
});
