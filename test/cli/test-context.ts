import type { Context, Env, Globals } from "../../src/cli/context.ts";
import { createOutput } from "../../src/cli/output.ts";
import type { Project } from "../../src/core/spec.ts";
import type { Engine } from "../../src/engines/engine.ts";

/** A context over arrays: what a command wrote is read back as text. */
export interface TestContext extends Context {
  outText(): string;
  errText(): string;
}

export interface TestSettings {
  readonly json?: boolean;
  readonly tty?: boolean;
  readonly globals?: Partial<Globals>;
  readonly env?: Env;
  readonly project?: Project;
  readonly engine?: Engine;
  readonly columns?: number;
}

const GLOBALS: Globals = {
  files: [],
  project: null,
  directory: null,
  profiles: [],
  json: false,
  fields: null,
  plain: false,
  color: null,
  ascii: false,
  quiet: false,
  verbose: false,
  yes: false,
};

export function testContext(settings: TestSettings = {}): TestContext {
  const globals = { ...GLOBALS, json: settings.json ?? false, ...settings.globals };
  const env = settings.env ?? {};
  const written = { out: "", err: "" };
  const output = (which: "out" | "err") =>
    createOutput({
      settings: { ...globals, env },
      isTty: settings.tty ?? false,
      width: () => settings.columns ?? 80,
      write: (text) => {
        written[which] += text;
      },
      drained: () => Promise.resolve(),
      flushed: () => Promise.resolve(),
    });
  const err = output("err");
  const missing = (what: string) => () => Promise.reject(new Error(`this test has no ${what}`));
  return {
    globals,
    out: output("out"),
    err,
    env,
    cwd: "/nowhere",
    now: () => Date.parse("2026-03-01T12:04:31.000Z"),
    say: (line) => {
      if (!globals.quiet && err.mode !== "json") err.line(line);
    },
    detail: () => undefined,
    hint: (line) => {
      if (err.mode === "pretty") err.line(line);
    },
    signal: new AbortController().signal,
    onSignal: () => () => undefined,
    place: missing("place"),
    loadProject: settings.project
      ? (
          (project) => () =>
            Promise.resolve(project)
        )(settings.project)
      : missing("project"),
    engine: settings.engine
      ? (
          (engine) => () =>
            Promise.resolve(engine)
        )(settings.engine)
      : missing("engine"),
    planRequest: (project, change) => ({
      project,
      select: null,
      profiles: null,
      ambient: {},
      refresh_env: false,
      no_remove: false,
      reset_scale: false,
      only: null,
      ...change,
    }),
    prompt: () => Promise.resolve(null),
    confirm: () => Promise.resolve("nobody"),
    outText: () => written.out,
    errText: () => written.err,
  };
}
