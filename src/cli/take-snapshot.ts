import type { Snapshot } from "../control/snapshot.ts";
import type { Context } from "./context.ts";

/** How the chosen services are now; with nothing running, how the file would have them: stopped. */
export async function takeSnapshot(context: Context, words: readonly string[]): Promise<Snapshot> {
  const engine = await context.engine();
  const snapshot = (await engine.snapshot()) ?? (await fromFile(context));
  if (words.length === 0) return snapshot;
  const { select } = await import("./select.ts");
  const known = snapshot.services.map((service) => ({ name: service.name, labels: {} }));
  const chosen = new Set(select(words, known).services);
  return { ...snapshot, services: snapshot.services.filter((one) => chosen.has(one.name)) };
}

async function fromFile(context: Context): Promise<Snapshot> {
  const [{ idleSnapshot }, project] = await Promise.all([
    import("./idle-snapshot.ts"),
    context.loadProject(),
  ]);
  return idleSnapshot(project, context.globals.profiles);
}
