import { expect, test } from "vitest";
import { Owner } from "../../src/supervisor/owner.ts";

test("the project is lost with its first owner, once, unless it let go", () => {
  let lost = 0;
  const owner = new Owner(() => {
    lost += 1;
  });
  const first = owner.take();
  expect(owner.take()).toBeNull();
  expect(lost).toBe(0);
  first?.();
  first?.();
  expect(lost).toBe(1);
  const third = owner.take();
  owner.release();
  third?.();
  expect(lost).toBe(1);
});
