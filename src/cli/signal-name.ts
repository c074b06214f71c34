import { constants } from "node:os";
import type { Signal } from "../core/spec.ts";
import { EXIT, userError } from "../errors.ts";
import { suggest } from "./suggest.ts";

/** `SIGTERM` of `term`, `TERM`, `15`. Throws UserError (exit 2) for what is no signal. */
export function signalName(text: string): Signal {
  const signals = Object.keys(constants.signals);
  const upper = text.toUpperCase();
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  const byNumber = Object.entries(constants.signals).find(([, value]) => String(value) === text);
  const found = byNumber?.[0] ?? signals.find((signal) => signal === name);
  if (found !== undefined && isSignal(found)) return found;
  // Without the prefix that all share: it would make any three letters similar.
  const shorts = signals.map((signal) => signal.slice(3));
  const near = suggest(name.slice(3), shorts);
  throw userError(EXIT.usage, "P803", `"${text}" is no signal`, {
    help: [near === null ? "for example SIGUSR2, HUP or 15" : `a similar one exists: SIG${near}`],
  });
}

function isSignal(name: string): name is Signal {
  return name.startsWith("SIG");
}
