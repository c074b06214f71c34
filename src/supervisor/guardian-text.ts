import { LOCK_FD, LOCKED_EXIT, lockText, quoted } from "../host/lock.ts";
import type { ProjectPaths } from "../paths.ts";

/** What the supervisor ends with, as the guardian reads it. Everything else, and every signal, is a death. */
export const LEFT_EXIT = 0;
/** Another guardian has been started, which goes on. */
export const HANDED_EXIT = 71;
/** It was started with something that no further try makes good. */
export const REFUSED_EXIT = 78;

export interface GuardianFacts {
  readonly paths: ProjectPaths;
  /** What runs the supervisor, absolute program first. */
  readonly argv: readonly string[];
  /** How often the supervisor is asked whether it is well. */
  readonly askEverySeconds: number;
}

/** Faults in a row after which another try would be no use. */
const FAULTS_MAX = 5;
/** Rounds without an answer after which the supervisor counts as wedged. */
const SILENT_ROUNDS_MAX = 2;

/**
 * What the guardian does, as POSIX shell text. It takes the lock, then keeps a supervisor alive until one of them
 * leaves in order.
 *
 *   descriptor 7   the writing end of a pipe that only the guardian has: its end tells the supervisor
 *   descriptor 8   the reading end of it, for the supervisor
 *   descriptor 9   the lock
 *
 * TERM means that everything is to end. USR2, from the supervisor, means "I am well", and QUIT "leave without me".
 * To the supervisor: WINCH asks whether it is well, USR2 passes on a TERM. WINCH, as it harms nobody who is not ready for it.
 * The shell waits for the supervisor and for one sleep(1), and for nothing else: between two rounds it does not wake.
 */
export function guardianText(facts: GuardianFacts): string {
  return [
    "unset PROCS_GUARDIAN",
    WAIT_FOR_PREDECESSOR,
    lockText(facts.paths.lock),
    settings(facts),
    FUNCTIONS,
    OPEN_PIPE,
    TRAPS,
    `set -- ${facts.argv.map(quoted).join(" ")}`,
    LOOP,
  ].join("\n");
}

/** Who hands the lock over holds the other end of descriptor 6 until it has gone. */
const WAIT_FOR_PREDECESSOR = `if [ -n "\${PROCS_HANDED-}" ]; then
  unset PROCS_HANDED
  read -r nothing <&6
  exec 6<&-
fi`;

function settings({ paths, askEverySeconds }: GuardianFacts): string {
  return [
    `state=${quoted(paths.state)} runtime=${quoted(paths.runtime)} events=${quoted(paths.events)}`,
    `lock=${quoted(paths.lock)} rounds=${askEverySeconds}`,
    "node= nap= well=0 silent=0 leaving=0 deaths=0 faults=0",
    "export PROCS_GUARDED=$$",
  ].join("\n");
}

const FUNCTIONS = `say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) guardian: $1" >&2; }

# Whether a pid is a child of ours that lives. Never true of a stranger who has its number by now.
lives() {
  [ -n "$1" ] || return 1
  [ -d /proc/self ] || { kill -0 "$1" 2>/dev/null; return; }
  read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
  case $stat in
    *") Z "* | *") X "*) return 1 ;;
    *") "?" $$ "*) return 0 ;;
    *) return 1 ;;
  esac
}

# Bare of everything: it may outlive us by a round.
nap() { env -i PATH="$PATH" sleep "$rounds" </dev/null >/dev/null 2>&1 7>&- 8<&- ${LOCK_FD}>&- & nap=$!; }

pass_on() { [ "$well" = 0 ] || { lives "$node" && kill -USR2 "$node"; }; }

look() {
  [ -n "$nap" ] || return
  lives "$nap" && return
  nap
  lives "$node" || return
  if [ "$silent" -lt ${SILENT_ROUNDS_MAX} ]; then
    silent=$((silent + 1))
    kill -WINCH "$node"
  else
    say "the supervisor (pid $node) has not answered for $silent rounds of $rounds s: it is replaced"
    kill -KILL "$node"
  fi
}

leave() {
  trap '' CHLD
  lives "$nap" && kill "$nap"
  [ "$1" = ${LEFT_EXIT} ] && [ "/proc/$$/fd/${LOCK_FD}" -ef "$lock" ] && rm -f "$lock"
  exit "$1"
}

give_up() {
  words="the supervisor ended $faults times by a fault of its own ($how): services go on without one"
  say "$words"
  last=$(tail -n 9 "$events" 2>/dev/null | sed -n 's/.*"seq":\\([0-9]*\\),.*/\\1/p' | tail -n 1)
  [ -z "$(tail -c 1 "$events" 2>/dev/null)" ] || echo >>"$events"
  printf '{"v":1,"kind":"event","seq":%d,"time":"%s","type":"supervisor","message":"%s"}\\n' \\
    "$((\${last:-0} + 1))" "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)" "$words" >>"$events"
  leave "$1"
}

pause() { sleep "$1" 7>&- 8<&- ${LOCK_FD}>&-; }`;

/** Without a pipe, on a disk without room for a name, only the guardian's own death goes unnoticed. */
const OPEN_PIPE = `for folder in "$runtime" "$state"; do
  pipe=$folder/.guardian.$$
  rm -f "$pipe"
  if mkfifo -m 600 "$pipe" 2>/dev/null && command exec 7<>"$pipe" && command exec 8<"$pipe"; then
    export PROCS_PIPE=8
    rm -f "$pipe"
    break
  fi
done
[ -n "\${PROCS_PIPE-}" ] || exec 7</dev/null 8</dev/null`;

/** Traps that do nothing still end a \`wait\`. */
const TRAPS = `trap 'leaving=1; pass_on' TERM INT
trap '[ "$silent" = 0 ] || faults=0; silent=0 well=1 deaths=0; [ "$leaving" = 0 ] || pass_on' USR2
trap 'leave ${HANDED_EXIT}' QUIT
trap : HUP
trap look CHLD`;

const LOOP = `while :; do
  well=0 silent=0
  "$@" 7>&- 8<&8 ${LOCK_FD}>&${LOCK_FD} &
  node=$!
  [ -n "$nap" ] || ! command -v sleep >/dev/null || nap
  while :; do
    wait "$node"
    code=$?
    if lives "$node"; then look; continue; fi
    # A trap may have ended that wait; the next one has the true code, or knows of no such child any more.
    if [ "$code" -gt 128 ]; then
      wait "$node" 2>/dev/null
      again=$?
      [ "$again" = 127 ] || code=$again
    fi
    break
  done
  case $code in ${LEFT_EXIT} | ${HANDED_EXIT} | ${LOCKED_EXIT}) leave "$code" ;; esac
  how="code $code"
  [ "$code" -le 128 ] || how="signal $((code - 128))"
  case $code in ${REFUSED_EXIT}) say "the supervisor refused to start"; leave "$code" ;; esac
  # An abort or a bad access is the program's own fault; a kill is somebody else's.
  if [ "$code" -le 128 ] || { [ "$code" -ge 132 ] && [ "$code" -le 136 ]; } || [ "$code" = 139 ]; then
    faults=$((faults + 1)) count=$faults
    [ "$faults" -lt ${FAULTS_MAX} ] || give_up 70
  else
    deaths=$((deaths + 1)) count=$deaths
  fi
  say "the supervisor (pid $node) ended ($how): starting it anew"
  case $count in 1) ;; 2 | 3) pause 0.1 ;; 4) pause 0.3 ;; *) pause 1 ;; esac
done`;
