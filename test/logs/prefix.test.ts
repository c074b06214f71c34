import { expect, test } from "vitest";
import { colourOf, Prefixes, type PrefixOptions } from "../../src/logs/prefix.ts";

function prefixes(instances: readonly string[], change: Partial<PrefixOptions> = {}): Prefixes {
  const made = new Prefixes({ color: false, ascii: false, others: [], ...change });
  for (const instance of instances) {
    const [service = "", slot] = instance.split(".");
    made.add(service, Number(slot));
  }
  return made;
}

test("names stand in a column, with a number where there are several", () => {
  const made = prefixes(["api.1", "api.2", "web.1", "worker.1"]);
  expect([made.of("api", 1), made.of("web", 1), made.of("worker", 1)]).toEqual([
    "api.1  │ ",
    "web    │ ",
    "worker │ ",
  ]);
});

test("one instance alone has no prefix", () => {
  expect(prefixes(["web.1"]).of("web", 1)).toBe("");
  expect(prefixes(["web.1", "web.2"]).of("web", 1)).toBe("web.1 │ ");
});

test("a later instance makes the column new", () => {
  const made = prefixes(["web.1"]);
  expect(made.of("web", 1)).toBe("");
  made.add("mailer", 1);
  expect(made.of("web", 1)).toBe("web    │ ");
  expect(made.of("web", 2)).toBe("web.2  │ ");
  expect(made.of("web", 1)).toBe("web.1  │ ");
});

test("a long name is cut in the middle, so that its number stays", () => {
  const made = prefixes(["a-very-long-service-name.1", "a-very-long-service-name.2"]);
  expect(made.of("a-very-long-service-name", 2)).toBe("a-very-l…-name.2 │ ");
});

test("ASCII alone is enough", () => {
  const made = prefixes(["api.1", "a-very-long-service-name.1"], { ascii: true });
  expect(made.of("api", 1)).toBe("api              | ");
  expect(made.of("a-very-long-service-name", 1)).toBe("a-very-l~ce-name | ");
});

test("procs itself has a place in the column", () => {
  const made = prefixes(["web.1"], { others: ["procs"] });
  expect(made.of("web", 1)).toBe("web   │ ");
  expect(made.ofOther("procs")).toBe("procs │ ");
});

test("a service has its colour for ever, only where there is colour", () => {
  expect(colourOf("api")).toBe(colourOf("api"));
  const names = Array.from({ length: 40 }, (_, at) => `service-${at}`);
  expect(new Set(names.map(colourOf)).size).toBe(6);
  const made = prefixes(["api.1", "web.1"], { color: true });
  expect(made.of("api", 1)).toMatch(/^\x1b\[\d\dm/);
  expect(prefixes(["api.1", "web.1"]).of("api", 1)).not.toContain("\x1b");
});

test("colours are these, so that nobody's change by accident", () => {
  expect(["api", "web", "worker", "db", "redis"].map(colourOf)).toMatchInlineSnapshot(`
    [
      "cyanBright",
      "yellow",
      "cyanBright",
      "yellow",
      "blue",
    ]
  `);
});
