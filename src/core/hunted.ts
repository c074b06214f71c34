import type { Event } from "./event.ts";
import type { Hunted, HuntedProcess, Instance } from "./observed.ts";

/** What the host found becomes known of the run; each report has all that was found so far. */
export function hunted(instance: Instance, event: Event & { readonly kind: "hunted" }): Instance {
  if (instance.phase.kind === "ended") return instance;
  const { processes, more, lasting } = event;
  return { ...instance, hunted: { processes, more, lasting } };
}

/** `; ended 2 processes that it had left …`; "" when there were none. */
export function huntedSuffix({ hunted }: Instance): string {
  return hunted === undefined || sizeOf(hunted) === 0 ? "" : `; ${huntedWords(hunted)}`;
}

/** `ended 2 processes that it had left outside its group: sleep (4711), node (4712)`. */
export function huntedWords(hunted: Named): string {
  const what = sizeOf(hunted) === 1 ? "1 process" : `${sizeOf(hunted)} processes`;
  return `ended ${what} that it had left outside its group: ${namesOf(hunted)}`;
}

/** `cannot be ended: dd (4711) still runs, and waits inside the kernel`; null: nothing is known to outlive us. */
export function lastingWords({ hunted }: Instance): string | null {
  if (hunted?.lasting !== true) return null;
  if (hunted.processes.length === 0) {
    return "cannot be ended: something of it still runs, and cannot be found";
  }
  const [verb, wait] = sizeOf(hunted) === 1 ? ["runs", "waits"] : ["run", "wait"];
  const isStuck = hunted.processes.every(({ stuck }) => stuck === true);
  const why = isStuck ? `, and ${wait} inside the kernel, where no signal reaches` : "";
  return `cannot be ended: ${namesOf(hunted)} still ${verb}${why}`;
}

/** For programs: what was found, and that it outlives us. */
export function huntedFields({ hunted }: Instance): {
  readonly hunted?: readonly HuntedProcess[];
  readonly hunted_more?: number;
  readonly lasting?: boolean;
} {
  if (hunted === undefined) return {};
  return {
    hunted: hunted.processes,
    ...(hunted.more > 0 ? { hunted_more: hunted.more } : {}),
    ...(hunted.lasting ? { lasting: true } : {}),
  };
}

type Named = Pick<Hunted, "processes" | "more">;

function sizeOf({ processes, more }: Named): number {
  return processes.length + more;
}

function namesOf({ processes, more }: Named): string {
  const names = processes.map(({ pid, name }) => `${name} (${pid})`);
  return [...names, ...(more === 0 ? [] : [`${more} more`])].join(", ");
}
