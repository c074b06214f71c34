/**
 * Every kind of edit of a procs.yaml, and where it is held what it does: `plan` is a block of the plans in fixtures/
 * or a test beside them, `real` a test of test/scenarios/ with processes, or a row of its tables. A test looks for
 * each of these names. A kind whose key procs refuses so far names that key instead.
 */
export interface EditRow {
  readonly row: number;
  readonly edit: string;
  readonly held: { readonly plan: string; readonly real: string } | { readonly notYet: string };
}

export const EDIT_ROWS: readonly EditRow[] = [
  row(1, "command", "1 command, of two instances", "process: command"),
  row(2, "a variable", "2 variables", "process: env value"),
  row(
    3,
    "the content of an env file",
    "3 the content of an env file is as good as an edit of procs.yaml",
    "the content of an env file replaces those that use the value, and no others",
  ),
  row(4, "more instances", "4 more instances", "topology: instances"),
  row(
    5,
    "fewer instances",
    "5 fewer instances",
    "fewer instances leave the lowest, more start the lowest that is free",
  ),
  row(
    6,
    "an edit after a scale by hand",
    "6 scaled by hand, and edited in the file",
    "stopped and scaled by hand stay so across a reload",
  ),
  row(7, "cwd", "7 folder", "process: cwd"),
  row(8, "user, group, umask, limits, nice, shell", "8 user, group, umask", "process: umask"),
  row(9, "probes", "9 probes", "live: readiness"),
  row(10, "restart policy", "10 restart policy", "live: restart policy"),
  row(11, "stop settings", "11 stop settings", "live: stop"),
  row(12, "watch", "12 watch", "live: watch"),
  row(13, "log settings", "13 log settings", "live: log"),
  row(14, "depends_on", "14 a new dependency starts", "topology: depends_on"),
  row(
    15,
    "a dependency that is replaced",
    "15 a replaced dependency takes along those with restart: true",
    "a dependency that is replaced takes along those that say restart: true, and no others",
  ),
  row(
    16,
    "a service removed",
    "16 removed services stop after their dependents",
    "several edits at once: the strongest decides, and the others come with it",
  ),
  row(
    17,
    "a service renamed",
    "17 renamed, with was",
    "a service that is called something else now keeps its process",
  ),
  row(
    18,
    "enabled, profiles",
    "18 disabled",
    "what is disabled, or whose profile is not selected, stops, and comes back when that ends",
  ),
  row(19, "port", "19 port", "process: port"),
  row(
    20,
    "listen",
    "20 another port",
    "a service moves to another port: until it is there it serves at the old one, and then that is closed",
  ),
  { row: 21, edit: "limits of memory and processor", held: { notYet: "limits.memory" } },
  row(
    22,
    "schedule",
    "22 schedule of a task, and its command",
    "another schedule arms the timer anew, and starts or stops nothing",
  ),
  row(
    23,
    "kind",
    "23 a service becomes a task",
    "a service that becomes a task stops, and runs once",
  ),
  row(
    24,
    "a secret",
    "24 secrets",
    "another secret replaces, and its value is shown nowhere and kept nowhere but for the program",
  ),
  row(25, "description, labels", "25 description and labels", "cosmetic: labels"),
  row(26, "how it is written", "26 the same, written otherwise", "keys in another order"),
  row(
    28,
    "a file that does not validate",
    "a file that does not validate gives no project to plan with",
    "a file that does not validate changes nothing, and what runs is still looked after",
  ),
  row(29, "rollout settings", "29 rollout settings", "live: rollout"),
  row(
    30,
    "several at once",
    "30 all at once",
    "several edits at once: the strongest decides, and the others come with it",
  ),
];

function row(number: number, edit: string, plan: string, real: string): EditRow {
  return { row: number, edit, held: { plan, real } };
}
