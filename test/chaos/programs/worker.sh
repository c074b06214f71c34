#!/bin/sh
# A service that numbers its lines. What it tells of itself goes to a file of its own, past procs:
#   start <pid> <uptime> <version>       it has begun
#   child <pid> <uptime> <parent>        it has started a process of its own
#   end <pid> <uptime> <why>             it ends by itself, or because it was told to
# and to another one, because it grows, how many lines of each stream are written, and may not be lost any more:
#   said <pid> <uptime> <out> <err>
# Settings by environment: CHAOS_RECORDS, CHAOS_SAID, CHAOS_VERSION, CHAOS_PAUSE (s), CHAOS_BURST (lines), CHAOS_LIFE
# (bursts, 0: for ever), CHAOS_CODE, CHAOS_MANNER (plain, polite, deaf), CHAOS_CHILDREN.
name=$PROCS_SERVICE.$PROCS_INSTANCE
records=$CHAOS_RECORDS/$name
read -r born _ </proc/uptime
me=$$@$born
echo "start $$ $born $CHAOS_VERSION" >>"$records"

case $CHAOS_MANNER in
  deaf) trap '' TERM ;;
  polite) trap 'echo "end $$ $born told" >>"$records"; exit 0' TERM ;;
esac
# What the shell itself says ("Terminated") is none of our lines.
exec 3>&2 2>/dev/null
child=0
while [ "$child" -lt "${CHAOS_CHILDREN:-0}" ]; do
  child=$((child + 1))
  # The second one leaves session and group, as daemons do.
  if [ "$child" -eq 2 ]; then escape=setsid; else escape=; fi
  $escape sh -c 'echo "child $$ $1 $2" >>"$0"; while :; do sleep 1; done' "$records" "$born" "$$" &
done

out=0
err=0
bursts=0
echo "up $me"
while :; do
  end=$((out + CHAOS_BURST))
  while [ "$out" -lt "$end" ]; do
    # A full disk refuses a line: it is said again until it is taken.
    echo "line $name $me $((out + 1)) ;" && out=$((out + 1)) || sleep 0.2
  done
  echo "line $name $me $((err + 1)) ;" >&3 && err=$((err + 1))
  echo "said $$ $born $out $err" >>"$CHAOS_SAID/$name"
  bursts=$((bursts + 1))
  if [ "$bursts" -eq "$CHAOS_LIFE" ]; then
    echo "end $$ $born self" >>"$records"
    exit "$CHAOS_CODE"
  fi
  sleep "$CHAOS_PAUSE"
done
