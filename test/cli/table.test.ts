import { describe, expect, test } from "vitest";
import { type Column, renderTable } from "../../src/cli/table.ts";

const COLUMNS: readonly Column[] = [
  { key: "a", title: "A" },
  { key: "b", title: "B", align: "right", drop: 1 },
  { key: "c", title: "C", cutTo: 4, drop: 2 },
];
const ROWS = [
  { cells: { a: { text: "x" }, b: { text: "100" }, c: { text: "a long text" } } },
  { cells: { a: { text: "日本" }, c: { text: "" } }, below: ["more"] },
];

const render = (width: number) =>
  renderTable({
    columns: COLUMNS,
    rows: ROWS,
    width,
    heading: (text) => text,
    ellipsis: "…",
  });

describe("a table", () => {
  test("aligns wide characters, numbers to the right, nothing after the last column", () => {
    expect(render(80)).toEqual([
      "A       B  C",
      "x     100  a long text",
      "日本    -",
      "      more",
    ]);
  });

  test("first cuts what may be cut", () => {
    expect(render(16)[1]).toBe("x     100  a lo…");
  });

  test("then drops columns in their order", () => {
    expect(render(14)).toEqual(["A     C", "x     a long …", "日本", "      more"]);
    expect(render(6)).toEqual(["A", "x", "日本", "      more"]);
  });
});
