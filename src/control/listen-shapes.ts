import type { ListenAddress, ListenSettings, StopSettings } from "../core/spec.ts";
import {
  amount,
  type Check,
  count,
  flag,
  list,
  nullable,
  object,
  oneOf,
  optional,
  signalName,
  tagged,
  text,
} from "./check.ts";
import { within } from "./sound.ts";

/** The longest that procs.yaml can say too; beyond it there are no dates. */
export const DURATION_MS_MAX = 1_000 * 24 * 3_600_000;
export const duration = within(amount, 0, DURATION_MS_MAX);
const port = within(count, 1, 65_535);

const listenAddress = tagged<ListenAddress>("kind", {
  tcp: object({ host: nullable(text), port }),
  unix: object({ path: text, mode: within(count, 0, 0o777) }),
});

/** The sockets of a service. */
export const listen = object<ListenSettings>({
  addresses: list(listenAddress),
  mode: oneOf("share", "proxy", "inetd"),
  start: oneOf("always", "on-demand"),
  idle_stop: nullable(duration),
  backlog: count,
  drain: duration,
  sticky: flag,
  proxy_protocol: flag,
  wait: flag,
  max_connections: count,
  per_source: nullable(count),
  rate: nullable(object({ count, pause: duration })),
});

const stopFields = object({
  signal: signalName,
  timeout: duration,
  message: optional(nullable(text), null),
});

/** How a service is told to end. */
export const stop: Check<StopSettings> = (value, path) => {
  const { message, ...settings } = stopFields(value, path);
  return message === null ? settings : { ...settings, message };
};
