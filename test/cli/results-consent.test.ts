import { expect, test } from "vitest";
import { agreesToRemove } from "../../src/cli/results-consent.ts";
import type { PlanDoc, PlanService } from "../../src/core/plan-doc.ts";
import { UserError } from "../../src/errors.ts";

function plan(...services: readonly (readonly [string, PlanService["symbol"], number])[]): PlanDoc {
  return {
    id: "7f3a91c2",
    project: "shop",
    changed: true,
    summary: { add: 0, change: 0, remove: services.length, unchanged: 0 },
    steps: [],
    services: services.map(([service, symbol, from]) => ({
      service,
      symbol,
      action: "stop",
      words: "stop",
      downtime: "gap",
      reason: null,
      instances: { from, to: 0 },
      changes: [],
      notes: [],
    })),
  };
}

function person(answer: "yes" | "no" | "nobody") {
  const asked: string[] = [];
  const said: string[] = [];
  const confirm = async (question: string) => {
    asked.push(question);
    return answer;
  };
  return { asked, said, context: { confirm, say: (line: string) => void said.push(line) } };
}

const removesLegacy = plan(["legacy", "-", 1]);

test("nothing that runs is removed: nobody is asked", async () => {
  const { asked, context } = person("no");
  const harmless = plan(["old", "-", 0], ["api", "-/+", 2]);
  expect(await agreesToRemove(context, harmless, "reload")).toBe(true);
  expect(asked).toEqual([]);
});

test("what would be removed is named in the question, and the answer counts", async () => {
  const willing = person("yes");
  expect(await agreesToRemove(willing.context, removesLegacy, "up")).toBe(true);
  expect(willing.asked).toEqual(["Remove legacy?"]);
  const unwilling = person("no");
  expect(await agreesToRemove(unwilling.context, removesLegacy, "up")).toBe(false);
  expect(unwilling.said).toEqual(["Nothing was changed."]);
});

test("where nobody can be asked it is refused with exit 2 and both ways out", async () => {
  const refused = agreesToRemove(person("nobody").context, removesLegacy, "reload");
  const error: unknown = await refused.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({
    exitCode: 2,
    diagnostics: [
      {
        code: "P802",
        message: "reload would stop legacy, and nobody can be asked here (stdin is not a terminal)",
        help: ["procs reload -y, or --no-remove"],
      },
    ],
  });
});
