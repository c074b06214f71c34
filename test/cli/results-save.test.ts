import { describe, expect, test } from "vitest";
import { withInstances } from "../../src/cli/results-save.ts";

describe("saving a count changes nothing else in the file", () => {
  test("a count that is there is replaced, comments stay", () => {
    const text = "services:\n  api:   # the api\n    instances: 2   # two\n    command: 'x'\n";
    expect(withInstances(text, "api", 4)).toEqual({
      text: "services:\n  api:   # the api\n    instances: 4   # two\n    command: 'x'\n",
      line: 3,
    });
  });

  test("a count that is missing becomes the first line of the service", () => {
    const text = "services:\n  web:\n    command: y\n  api:\n    # how\n    command: x\n";
    expect(withInstances(text, "api", 3)?.text).toBe(
      "services:\n  web:\n    command: y\n  api:\n    # how\n    instances: 3\n    command: x\n",
    );
  });

  test("a service on one line", () => {
    expect(withInstances("services: { api: { command: x } }\n", "api", 3)?.text).toBe(
      "services: { api: { instances: 3, command: x } }\n",
    );
  });

  test("CRLF line ends and a word as count", () => {
    expect(withInstances("services:\r\n  api:\r\n    instances: cpus\r\n", "api", 3)?.text).toBe(
      "services:\r\n  api:\r\n    instances: 3\r\n",
    );
    expect(withInstances("services:\r\n  api:\r\n    command: x\r\n", "api", 3)?.text).toBe(
      "services:\r\n  api:\r\n    instances: 3\r\n    command: x\r\n",
    );
  });

  test("an anchor on the service stays", () => {
    const text = "services:\n  api: &base\n    command: x\n  b: *base\n";
    expect(withInstances(text, "api", 2)?.text).toBe(
      "services:\n  api: &base\n    instances: 2\n    command: x\n  b: *base\n",
    );
  });

  test("a service that is not written out here is refused", () => {
    expect(withInstances("services:\n  api: &a\n    command: x\n  b: *a\n", "b", 2)).toBeNull();
    expect(withInstances("services:\n  api:\n    command: x\n", "web", 2)).toBeNull();
    expect(withInstances("services: [", "web", 2)).toBeNull();
  });
});
