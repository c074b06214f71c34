import type { Displaced, Instance, ObservedService, Revision } from "../core/observed.ts";
import type { ServiceSpec } from "../core/spec.ts";
import type { SpecReader, SpecRef, SpecWriter } from "./specs-table.ts";

/** What is known of a service, in the form in which it is written down. */
export function storedService(service: ObservedService, table: SpecWriter): StoredService {
  const revision = (one: Revision): Stored<Revision> => ({ ...one, spec: table.ref(one.spec) });
  const { good, wanted, rollout, rejected } = service;
  return {
    ...service,
    instances: service.instances.map((one) => storedInstance(one, table)),
    good: good && revision(good),
    wanted: wanted && revision(wanted),
    rollout: rollout && { ...rollout, to: revision(rollout.to) },
    rejected: rejected && { ...rejected, revision: revision(rejected.revision) },
  };
}

/** The inverse of `storedService`. */
export function readService(stored: StoredService, specs: SpecReader): ObservedService {
  const revision = (one: Stored<Revision>): Revision => ({ ...one, spec: specs.spec(one.spec) });
  const { good, wanted, rollout, rejected } = stored;
  return {
    ...stored,
    // Absent: written before services could start on demand.
    demand: stored.demand ?? null,
    instances: stored.instances.map((one) => readInstance(one, specs)),
    good: good && revision(good),
    wanted: wanted && revision(wanted),
    rollout: rollout && { ...rollout, to: revision(rollout.to) },
    rejected: rejected && { ...rejected, revision: revision(rejected.revision) },
  };
}

type Stored<T> = { readonly [K in keyof T]: T[K] extends ServiceSpec ? SpecRef : T[K] };

/** An ObservedService with references in the place of specs. */
export interface StoredService
  extends Omit<
    ObservedService,
    "instances" | "good" | "wanted" | "rollout" | "rejected" | "demand"
  > {
  readonly demand?: ObservedService["demand"];
  readonly instances: readonly StoredInstance[];
  readonly good: Stored<Revision> | null;
  readonly wanted: Stored<Revision> | null;
  readonly rollout:
    | (Omit<NonNullable<ObservedService["rollout"]>, "to"> & { readonly to: Stored<Revision> })
    | null;
  readonly rejected:
    | (Omit<NonNullable<ObservedService["rejected"]>, "revision"> & {
        readonly revision: Stored<Revision>;
      })
    | null;
}

/** An instance with references in the place of specs. */
interface StoredInstance extends Omit<Stored<Instance>, "displaced"> {
  readonly displaced?:
    | (Omit<Displaced, "ended"> & { readonly ended: readonly StoredInstance[] })
    | null;
}

function storedInstance(instance: Instance, table: SpecWriter): StoredInstance {
  const { displaced, ...rest } = instance;
  const stored = { ...rest, applied: table.ref(instance.applied) };
  if (displaced === undefined || displaced === null) {
    return displaced === null ? { ...stored, displaced } : stored;
  }
  const ended = displaced.ended.map((one) => storedInstance(one, table));
  return { ...stored, displaced: { ...displaced, ended } };
}

function readInstance(stored: StoredInstance, specs: SpecReader): Instance {
  const { displaced, ...rest } = stored;
  const instance = { ...rest, applied: specs.spec(stored.applied) };
  if (displaced === undefined || displaced === null) {
    return displaced === null ? { ...instance, displaced } : instance;
  }
  const ended = displaced.ended.map((one) => readInstance(one, specs));
  return { ...instance, displaced: { ...displaced, ended } };
}
