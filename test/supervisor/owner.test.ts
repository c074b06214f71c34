import { expect, test } from "vitest";
import { Owner } from "../../src/supervisor/owner.ts";

function create() {
  const seen: (string | boolean)[] = [];
  const owner = new Owner({
    onLost: () => seen.push("lost"),
    onChange: (isOwned) => seen.push(isOwned),
  });
  return { owner, seen };
}

test("the project is lost with its first owner, once, unless it let go", () => {
  const { owner, seen } = create();
  const first = owner.take();
  expect(owner.take()).toBeNull();
  expect(seen).toEqual([true]);
  first?.();
  first?.();
  expect(seen).toEqual([true, "lost"]);
  const third = owner.take();
  owner.release();
  third?.();
  expect(seen).toEqual([true, "lost", true, false]);
});

test("an owner that comes back in time keeps the project", () => {
  const { owner, seen } = create();
  owner.expect();
  const again = owner.take();
  owner.release();
  again?.();
  expect(seen).toEqual([true, false]);
});
