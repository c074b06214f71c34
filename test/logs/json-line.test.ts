import { expect, test } from "vitest";
import { describeJsonLine } from "../../src/logs/json-line.ts";

test("a JSON log line reads as its message and its values", () => {
  const line = '{"level":30,"time":1,"pid":7,"hostname":"h","msg":"GET /","ms":8,"user":"ana k"}';
  expect(describeJsonLine(line)).toBe('GET / ms=8 user="ana k"');
  expect(describeJsonLine('{"severity":"ERROR","message":"no","err":{"code":"E1"}}')).toBe(
    'no level=error err={"code":"E1"}',
  );
});

test("any other line stays as it is", () => {
  expect(describeJsonLine('{"a":1}')).toBeNull();
  expect(describeJsonLine("{ not json }")).toBeNull();
  expect(describeJsonLine("text")).toBeNull();
  expect(describeJsonLine("{}")).toBeNull();
});
