import { expect, test } from "vitest";
import type { InstanceId } from "../../src/core/observed.ts";
import type { Host } from "../../src/core/ports.ts";
import { Outbox } from "../../src/supervisor/outbox.ts";
import { service } from "../rig/specs.ts";
import { until } from "../rig/until.ts";

const spec = service("api");
const id: InstanceId = { service: "api", slot: 1, run: 1 };

/** Says what it is asked for, in order. */
function recorder() {
  const done: string[] = [];
  const say = (what: string) => () => void done.push(what);
  const host: Host = {
    ...{ start: say("start"), stop: say("stop"), kill: say("kill"), signal: say("signal") },
    ...{ probe: say("probe"), update: say("update"), rename: say("rename"), watch: say("watch") },
    ...{ bind: say("bind"), unbind: say("unbind"), wakeOn: say("wakeOn"), count: say("count") },
    ...{ run: say("run"), schedule: say("schedule") },
  };
  return { done, outbox: new Outbox(host, say("record")) };
}

test("what was decided in one turn is written down once, and done after that, in its order", async () => {
  const { done, outbox } = recorder();
  outbox.host.rename(id, id);
  outbox.host.start(id, spec);
  outbox.host.probe(id, "ready", spec);
  outbox.host.stop(id, spec.stop);
  expect(done).toEqual([]);
  await until("all is done", () => done.length === 5);
  expect(done).toEqual(["record", "rename", "start", "probe", "stop"]);
});

test("a probe alone is not worth a write", () => {
  const { done, outbox } = recorder();
  outbox.host.probe(id, "ready", spec);
  outbox.host.signal(id, "SIGHUP");
  expect(done).toEqual(["probe", "signal"]);
});

test("what is to be on the disk now takes what waits along, and nothing is done twice", async () => {
  const { done, outbox } = recorder();
  outbox.host.start(id, spec);
  outbox.save();
  expect(done).toEqual(["record", "start"]);
  outbox.host.kill(id);
  await until("the kill was done", () => done.includes("kill"));
  expect(done).toEqual(["record", "start", "record", "kill"]);
});
