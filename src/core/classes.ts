import { unreachable } from "../assert.ts";
import type { KeyClass } from "./plan-doc.ts";
import type { ListenSettings, ServiceSpec } from "./spec.ts";

/**
 * What an edit of each key does. Total on purpose: a key of ServiceSpec without a class does not
 * compile, and docs/config.md is generated from this table. A whole edit has its strongest class.
 */
export const KEY_CLASS: Readonly<Record<keyof ServiceSpec, KeyClass>> = {
  // A rename is told apart by `was`; the name itself is a label of the books.
  name: "cosmetic",
  kind: "process",
  description: "cosmetic",
  command: "process",
  shell: "process",
  cwd: "process",
  env: "process",
  inherited: "process",
  inherit_env: "process",
  user: "process",
  group: "process",
  umask: "process",
  nice: "process",
  limits: "process",
  instances: "topology",
  port: "process",
  // Some of its parts are applied live: see PART_CLASS, and `listenSeen` for what depends on the mode.
  listen: "process",
  helps: "process",
  depends_on: "topology",
  ready: "live",
  alive: "live",
  restart: "live",
  stop: "live",
  reload: "live",
  rollout: "live",
  log: "live",
  watch: "live",
  schedule: "schedule",
  profiles: "topology",
  enabled: "topology",
  was: "topology",
  labels: "cosmetic",
  success_codes: "live",
};

/** Parts of a key whose class is another one than the key's, by path. */
export const PART_CLASS: Readonly<Record<string, KeyClass>> = {
  "listen.start": "live",
  "listen.idle_stop": "live",
  "listen.backlog": "live",
  "listen.drain": "live",
  "listen.sticky": "live",
  "stop.message": "process",
};

/** What of its sockets a program is given at its start; all else is between procs and who connects. */
export function listenSeen(listen: ListenSettings): Partial<ListenSettings> {
  const { addresses, mode, proxy_protocol, wait, idle_stop } = listen;
  switch (mode) {
    case "share":
      return { mode, addresses };
    case "proxy":
      return { mode, proxy_protocol };
    case "inetd": {
      const { max_connections, per_source, rate } = listen;
      return { mode, addresses, wait, idle_stop, max_connections, per_source, rate };
    }
    default:
      return unreachable(mode);
  }
}

/**
 * Keys of a service in procs.yaml that no ServiceSpec has: folded into others while the file is read,
 * or described by the schema and not there yet.
 */
export const FILE_KEY_CLASS: Readonly<Record<string, KeyClass>> = {
  env_file: "process",
  tty: "process",
  hooks: "live",
};

/** The class of a key of a service as procs.yaml spells it; null: there is no such key. */
export function classOfKey(key: string): KeyClass | null {
  if (isSpecKey(key)) return KEY_CLASS[key];
  return Object.hasOwn(FILE_KEY_CLASS, key) ? (FILE_KEY_CLASS[key] ?? null) : null;
}

/** Whether a word is a key of ServiceSpec. */
export function isSpecKey(key: string): key is keyof ServiceSpec {
  return Object.hasOwn(KEY_CLASS, key);
}
