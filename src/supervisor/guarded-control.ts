import type { Operation } from "../control/protocol.ts";
import type { Control } from "../control/routes.ts";
import type { Inheritance } from "./inheritance.ts";

/** Control of a project, which says nothing of services and changes none while runs of it are not known. */
export function guardControl(control: Control, inheritance: Inheritance): Control {
  const known = <T>(answer: () => T): T => {
    inheritance.refuse();
    return answer();
  };
  return {
    version: () => control.version(),
    snapshot: async (services) => known(() => control.snapshot(services)),
    project: () => known(() => control.project()),
    why: (service) => known(() => control.why(service)),
    past: (since) => control.past(since),
    follow: (onEvent, onEnd) => control.follow(onEvent, onEnd),
    plan: async (request) => known(() => control.plan(request)),
    async operate(operation: Operation, onItem) {
      await inheritance.settle(operation);
      return control.operate(operation, onItem);
    },
    own: () => control.own(),
    disown: () => control.disown(),
    clear: async (targets) => known(() => control.clear(targets)),
    proxied: (service, proxy, onTable) => known(() => control.proxied(service, proxy, onTable)),
    drained: (report) => control.drained(report),
    handOver: (request) => control.handOver(request),
    leave: () => control.leave(),
  };
}
