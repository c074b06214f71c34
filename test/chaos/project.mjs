import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAMS = join(import.meta.dirname, "programs");

/**
 * The services, by what is done to them. `calm` ones are never touched: each is started once a life of the
 * project. `overlap`: how many more than wanted may live at a time.
 */
export const SERVICES = [
  { name: "calm-a", role: "calm" },
  { name: "calm-b", role: "calm", manner: "polite", keys: { ready: { log: "/^up /" } } },
  {
    name: "calm-c",
    role: "calm",
    children: 1,
    keys: { alive: { exec: "true", interval: "500ms" } },
  },
  { name: "calm-node", role: "calm", program: "node", burst: 20, pause: 0.05 },
  { name: "first", role: "calm", life: 2, code: 0, keys: { kind: "task" } },
  { name: "after", role: "calm", keys: { depends_on: { first: "done" } } },
  { name: "edited", role: "edited", keys: { ready: { log: "/^up /" } } },
  { name: "deaf", role: "edited", manner: "deaf", keys: { stop: { timeout: "300ms" } } },
  {
    name: "roller",
    role: "edited",
    overlap: 1,
    instances: 2,
    keys: { reload: "rolling", ready: { log: "/^up /" } },
  },
  { name: "job", role: "edited", life: 3, code: 3, keys: { kind: "task" } },
  { name: "scaled", role: "scaled" },
  { name: "stopper", role: "stopped", manner: "polite" },
  { name: "victim", role: "victim" },
  { name: "family", role: "victim", children: 2 },
  { name: "looper", role: "looper", life: 2, code: 1 },
];

/** Of this kind, by name. */
export function namesOf(...roles) {
  return SERVICES.filter(({ role }) => roles.includes(role)).map(({ name }) => name);
}

/** What the file says of a service, and what was asked by hand. */
export function wantedAtFirst() {
  return new Map(
    SERVICES.map(({ name, instances }) => [
      name,
      { version: 1, count: instances ?? 1, isStopped: false },
    ]),
  );
}

/** A folder with the project, its records and a place for the state, and how to find what procs keeps there. */
export function createProject() {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "procs-chaos-")));
  const folder = join(root, "project");
  const records = join(root, "records");
  const said = join(root, "said");
  const state = join(root, "state");
  for (const path of [folder, records, said, state]) mkdirSync(path);
  return {
    root,
    folder,
    records,
    said,
    state,
    journal: join(root, "journal"),
    env: {
      PATH: process.env.PATH,
      HOME: root,
      PROCS_STATE_DIR: state,
      PROCS_WATCHDOG: "2",
      ...settings(),
    },
    /** The folder of state.json; null before the first supervisor. */
    kept: () => onlyFolderIn(join(state, "state")),
    /** Where the supervisor listens; null: nobody has said so. */
    socket() {
      try {
        return readFileSync(join(this.kept(), "address"), "utf8").trim();
      } catch {
        return null;
      }
    },
  };
}

/** `wanted` as procs.yaml: its versions only, since counts and stops are asked by hand. */
export function writeFile(project, wanted, log) {
  const services = SERVICES.map((service) => {
    const { version } = wanted.get(service.name);
    return [service.name, definition(service, version, project, log)];
  });
  const top = log === null ? {} : { log: { max_total: "10GB" } };
  // JSON is YAML.
  const text = JSON.stringify({ ...top, services: Object.fromEntries(services) }, null, 1);
  writeFileSync(join(project.folder, "procs.yaml"), `${text}\n`);
}

function definition(service, version, { records, said }, log) {
  const { program = "sh", pause = 0.1, burst = 4, life = 0, code = 0, manner = "plain" } = service;
  const { children = 0, instances, keys = {} } = service;
  return {
    command:
      program === "sh"
        ? ["/bin/sh", join(PROGRAMS, "worker.sh")]
        : [process.execPath, join(PROGRAMS, "worker.mjs")],
    env: {
      CHAOS_RECORDS: records,
      CHAOS_SAID: said,
      CHAOS_VERSION: version,
      CHAOS_PAUSE: pause,
      CHAOS_BURST: burst,
      CHAOS_LIFE: life,
      CHAOS_CODE: code,
      CHAOS_MANNER: manner,
      CHAOS_CHILDREN: children,
    },
    ...(instances === undefined ? {} : { instances }),
    ...(keys.kind === "task" ? {} : { restart: RESTART }),
    ...(log === null ? {} : { log }),
    stop: { timeout: "3s" },
    ...keys,
  };
}

/** It may crash for ever. */
const RESTART = { policy: "always", backoff: "100ms..200ms", max: 10_000, window: "60s" };

/** Settings of procs that a test of this very suite may hand through. */
function settings() {
  const { PROCS_FAILPOINTS } = process.env;
  return PROCS_FAILPOINTS === undefined ? {} : { PROCS_FAILPOINTS };
}

function onlyFolderIn(path) {
  try {
    const [name] = readdirSync(path);
    return name === undefined ? null : join(path, name);
  } catch {
    return null;
  }
}
