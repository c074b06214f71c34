import { LOCK_FD, LOCKED_EXIT, lockText, quoted } from "../host/lock.ts";
import type { ProjectPaths } from "../paths.ts";
import { chargeFile } from "./guardian-charge.ts";

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

/** What PROCS_HANDED is for an heir: a guardian that waits beside another one (see guardian-link.ts). */
export const HEIR = "heir";
/** What is said to an heir on descriptor 6: begin now, and care for a supervisor that is not your child. */
export const BEGIN_WORD = "go";
/** What it says there when signals do not end it any more. */
const READY_WORD = "ready";
/** The end of descriptor 6 tells an heir, and later the guardian that it has become, of the supervisor's death. */
export const HEIR_FD = 6;

/** In the environment of a guardian's sleep(1) and cat(1): its pid, and the project's id. */
export const NAP_MARK = "PROCS_NAP";

/** Faults in a row after which another try would be no use. */
const FAULTS_MAX = 5;
/** Rounds without an answer after which the supervisor counts as wedged. */
const SILENT_ROUNDS_MAX = 2;

/**
 * What the guardian does, as POSIX shell text. It takes the lock, then keeps a supervisor alive until one of them
 * leaves in order.
 *
 *   descriptor 6   of an heir: the end of a pipe whose other end only the supervisor has
 *   descriptor 7   the writing end of a pipe that only the guardian has: its end tells the supervisor
 *   descriptor 8   the reading end of it, for the supervisor
 *   descriptor 9   the lock
 *   from 10 on     listening sockets, of which PROCS_SOCKETS says which is which: they are held for the next supervisor
 *                  and passed on to it. A shell can name no descriptor above 9, but it passes them on.
 *
 * TERM means that everything is to end. USR2, from the supervisor, means "I am well", and QUIT "leave without me".
 * To the supervisor: WINCH asks whether it is well, USR2 passes on a TERM. WINCH, as it harms nobody who is not ready for it.
 * The shell waits for the supervisor and for one sleep(1), and for nothing else: between two rounds it does not wake.
 *
 * A guardian cannot be given further sockets, so another one takes its place: see guardian-link.ts for who of the two
 * starts supervisors, whoever dies when. The supervisor that lives meanwhile is no child of the new one but its ward:
 * its death is told by descriptor 6, on which a cat(1) waits, and its number counts only together with its start time.
 */
export function guardianText(facts: GuardianFacts): string {
  return [
    "unset PROCS_GUARDIAN",
    `charge=${quoted(chargeFile(facts.paths))}`,
    WAIT_FOR_PREDECESSOR,
    lockText(facts.paths.lock),
    settings(facts),
    FUNCTIONS,
    AWAIT_END,
    OPEN_PIPE,
    TRAPS,
    `set -- ${facts.argv.map(quoted).join(" ")}`,
    LOOP,
  ].join("\n");
}

/**
 * Who hands the lock over holds the other end of descriptor 6 until it has gone. An heir begins when it is told to; when
 * the supervisor dies before that, the file says whether the heir is in charge already, and the supervisor is its to start.
 */
const WAIT_FOR_PREDECESSOR = `ward= born= word= name=
if [ -n "\${PROCS_HANDED-}" ]; then
  read -r word <&${HEIR_FD}
  if [ "$PROCS_HANDED" = ${HEIR} ]; then
    if [ "$word" = ${BEGIN_WORD} ]; then
      set -- $PROCS_WARD
      ward=$1 born=\${2-}
    else
      read -r name 2>/dev/null <"$charge"
      [ "$name" = $$ ] || exit ${HANDED_EXIT}
    fi
  fi
  [ -n "$ward" ] || exec ${HEIR_FD}<&-
  unset PROCS_HANDED PROCS_WARD
fi`;

function settings({ paths, askEverySeconds }: GuardianFacts): string {
  return [
    `state=${quoted(paths.state)} runtime=${quoted(paths.runtime)} events=${quoted(paths.events)}`,
    `lock=${quoted(paths.lock)} id=${paths.id} rounds=${askEverySeconds}`,
    "node=$ward nap= eye= well=0 silent=0 leaving=0 deaths=0 faults=0",
    '[ -z "$ward" ] || well=1',
    "export PROCS_GUARDED=$$ PROCS_CHARGE=1",
    TAKE_CHARGE,
  ].join("\n");
}

/** Also where it cannot be written: what counts is whether it says something else one day. */
const TAKE_CHARGE = `take_charge() {
  name= known=
  read -r name 2>/dev/null <"$charge"
  [ "$name" = $$ ] || (umask 077 && echo $$ >"$charge") 2>/dev/null
  read -r known 2>/dev/null <"$charge"
}
take_charge`;

/** Begins a program that may outlive us by a round, with the sockets in its hands: bare of all else, and with a mark to be found by. */
const BARE = `env -i PATH="$PATH" ${NAP_MARK}="$$ $id"`;
const HELD_BACK = `7>&- 8<&- ${LOCK_FD}>&-`;

const FUNCTIONS = `say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) guardian: $1" >&2; }

# Whether a pid is a child of ours that lives, or our ward. Never true of a stranger who has its number by now.
lives() {
  [ -n "$1" ] || return 1
  [ -d /proc/self ] || { kill -0 "$1" 2>/dev/null; return $?; }
  read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
  case $stat in *") Z "* | *") X "*) return 1 ;; esac
  if [ "$1" = "$ward" ]; then
    set -- \${stat##*) }
    [ "\${20}" = "$born" ]
    # Without a word, bash returns what was before the trap in which it is.
    return $?
  fi
  case $stat in *") "?" $$ "*) return 0 ;; *) return 1 ;; esac
}

nap() { ${BARE} sleep "$rounds" </dev/null >/dev/null 2>&1 ${HEIR_FD}<&- ${HELD_BACK} & nap=$!; }

# Ends when the ward does.
watch() { ${BARE} cat <&${HEIR_FD} >/dev/null 2>&1 ${HEIR_FD}<&- ${HELD_BACK} & eye=$!; }

# Somebody else is in charge by now, and there.
is_over() {
  name=
  read -r name 2>/dev/null <"$charge"
  [ -n "$name" ] && [ "$name" != "$known" ] || return 1
  kill -0 "$name" 2>/dev/null || { take_charge; return 1; }
}

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
  trap - CHLD
  for each in "$nap" \${ward:+"$eye"}; do
    # A milder signal is lost on what has not become its program yet.
    lives "$each" && kill -KILL "$each" && wait "$each" 2>/dev/null
  done
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

pause() { ${BARE} sleep "$1" ${HELD_BACK}; }`;

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
trap look CHLD
# From here on it can be told things; in a shell of its own, which the ward's death may take along.
[ -z "$ward" ] || (echo ${READY_WORD} >&${HEIR_FD}) 2>/dev/null`;

/** Reads how its child ended, or finds that its ward has. */
const AWAIT_END = `await_end() {
  while :; do
    if [ -n "$ward" ]; then
      lives "$node" || break
      lives "$eye" || watch
    fi
    wait "$eye"
    code=$?
    lives "$node" || break
    look
    # Its ward lets go of the pipe a moment before it has ended.
    [ -z "$ward" ] || lives "$eye" || pause 0.02
  done
  if [ -n "$ward" ]; then
    code=137 how=unseen ward=
    exec ${HEIR_FD}<&-
    return
  fi
  # A trap may have ended that wait; the next one has the true code, or knows of no such child any more.
  [ "$code" -gt 128 ] || return
  wait "$node" 2>/dev/null
  again=$?
  [ "$again" = 127 ] || code=$again
}`;

const LOOP = `while :; do
  how=
  if [ -z "$ward" ]; then
    well=0 silent=0
    "$@" 7>&- 8<&8 ${LOCK_FD}>&${LOCK_FD} &
    node=$! eye=$!
  fi
  [ -n "$nap" ] || ! command -v sleep >/dev/null || nap
  await_end
  case $code in ${LEFT_EXIT} | ${HANDED_EXIT} | ${LOCKED_EXIT}) leave "$code" ;; esac
  ! is_over || leave ${HANDED_EXIT}
  [ "$code" -le 128 ] || how=\${how:-"signal $((code - 128))"}
  how=\${how:-"code $code"}
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
