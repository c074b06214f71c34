import { expect, test } from "vitest";
import type { PlanRequest } from "../../src/control/protocol.ts";
import { intentOf, NOTHING, withIntent } from "../../src/core/desired.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { appliedBasis, type Basis, nextBasis } from "../../src/supervisor/desire.ts";
import { applying, planning, projectOf } from "../rig/projects.ts";
import { service } from "../rig/specs.ts";

const nothing: Basis = { desired: NOTHING, project: null, ambient: null };
const file = (...specs: readonly ServiceSpec[]) => projectOf({ folder: "/shop" }, ...specs);
const ask = (specs: readonly ServiceSpec[], change: Partial<PlanRequest> = {}) =>
  planning(file(...specs), { ambient: { PATH: "/bin" }, ...change });
const names = (basis: Basis) => [...basis.desired.services.keys()];
const needs = (...on: readonly string[]) => ({
  depends_on: Object.fromEntries(
    on.map((name) => [name, { condition: "ready", restart: false, required: true } as const]),
  ),
});
const [a, b, c] = [service("a"), service("b"), service("c")];

test("the first up takes the environment, and later ones keep it", () => {
  const first = nextBasis(nothing, ask([a]));
  const second = nextBasis(first, ask([a], { ambient: { PATH: "/other", X: "1" } }));
  expect(second.ambient).toEqual({ PATH: "/bin" });
  expect(second.desired.services.get("a")?.inherited).toEqual({ PATH: "/bin" });
  const anew = nextBasis(second, ask([a], { ambient: { X: "1" }, refresh_env: true }));
  expect(anew.desired.services.get("a")?.inherited).toEqual({ X: "1" });
});

test("what is kept of the project holds no inherited value", () => {
  const { project } = nextBasis(nothing, ask([a], { ambient: { TOKEN: "t" } }));
  expect(JSON.stringify(project)).not.toContain("TOKEN");
});

test("nothing itself is changed", () => {
  const first = nextBasis(nothing, ask([a, b]));
  nextBasis(first, ask([c]));
  expect(names(first)).toEqual(["a", "b"]);
});

test("services that left the file leave, unless asked to stay or renamed", () => {
  const first = nextBasis(nothing, ask([a, b]));
  expect(names(nextBasis(first, ask([a])))).toEqual(["a"]);
  expect(names(nextBasis(first, ask([a], { no_remove: true })))).toEqual(["a", "b"]);
  const renamed = service("new", { was: "b" });
  expect(names(nextBasis(first, ask([a, renamed], { no_remove: true })))).toEqual(["a", "new"]);
});

test("only: the others keep what they have, in, out and changed", () => {
  const first = nextBasis(nothing, ask([a, b]));
  const edited = [service("a", { command: "x" }), c];
  const next = nextBasis(first, ask(edited, { only: ["a"] }));
  expect(names(next)).toEqual(["a", "b"]);
  expect(next.desired.services.get("a")?.command).toBe("x");
  expect(names(nextBasis(first, ask(edited, { only: ["b"] })))).toEqual(["a"]);
});

test("a selection has what it needs, also what an edit made it need", () => {
  const first = nextBasis(nothing, ask([a, service("b", needs("a")), c], { select: ["b"] }));
  expect([...(first.desired.selected ?? [])]).toEqual(["a", "b"]);
  const edited = nextBasis(first, ask([a, service("b", needs("a", "c")), c]));
  expect([...(edited.desired.selected ?? [])]).toEqual(["a", "b", "c"]);
  expect(nextBasis(first, ask([a, b, c], { select: [] })).desired.selected).toBeNull();
});

test("a project of which all was selected stays so when one is named", () => {
  const first = nextBasis(nothing, ask([a, b]));
  expect(nextBasis(first, ask([a, b], { select: ["a"] })).desired.selected).toBeNull();
});

test("what was asked by hand is kept, for as long as the service is there", () => {
  const first = nextBasis(nothing, ask([a, b]));
  const desired = withIntent(withIntent(first.desired, "a", { scale: 3 }), "b", { stopped: true });
  const kept = nextBasis({ ...first, desired }, ask([a]));
  expect([...kept.desired.intents.keys()]).toEqual(["a"]);
  expect(intentOf(kept.desired, "a").scale).toBe(3);
  const reset = nextBasis({ ...first, desired }, ask([a, b], { reset_scale: true }));
  expect(intentOf(reset.desired, "a").scale).toBeNull();
  expect(intentOf(reset.desired, "b").stopped).toBe(true);
});

test("up with a name starts what was stopped by hand; reload does not", () => {
  const first = nextBasis(nothing, ask([a, b]));
  const basis = { ...first, desired: withIntent(first.desired, "a", { stopped: true }) };
  const stopped = (change: object) =>
    intentOf(appliedBasis(basis, applying(file(a, b), change)).desired, "a").stopped;
  expect(stopped({ select: ["a"] })).toBe(false);
  expect(stopped({ select: [] })).toBe(true);
  expect(stopped({ select: ["a"], command: "reload" })).toBe(true);
});

test("force makes a new generation of what runs, not of what was stopped", () => {
  const first = nextBasis(nothing, ask([a, b]));
  const basis = { ...first, desired: withIntent(first.desired, "b", { stopped: true }) };
  const { desired } = appliedBasis(basis, applying(file(a, b), { force: true }));
  expect(intentOf(desired, "a")).toMatchObject({ generation: 1, reason: "restart asked" });
  expect(intentOf(desired, "b")).toMatchObject({ generation: 0, stopped: true });
});

test("a name that is no service is refused, wherever it stands", () => {
  expect(() => nextBasis(nothing, ask([a], { select: ["nope"] }))).toThrow('called "nope"');
  const scale = { scale: { nope: 2 } };
  expect(() => appliedBasis(nothing, applying(file(a), scale))).toThrow('called "nope"');
  const proto = { select: ["constructor"] };
  expect(() => nextBasis(nothing, ask([a], proto))).toThrow('called "constructor"');
});
