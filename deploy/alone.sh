#!/bin/sh
# alone.sh FILE COMMAND…: ends what a COMMAND before it, killed by itself, has left behind (it would keep the ports, and
# no other could ever start), then COMMAND takes this place. For programs that have children: nginx, RabbitMQ.
#
# Who starts it makes it the leader of a process group, whose number FILE keeps. While somebody is left in a group nobody
# new gets its number, so a group without its leader is that of the one before; of before the machine's start none is left.
set -eu
file=$1 boot=$(cat /proc/sys/kernel/random/boot_id)
shift

is_led() { grep -qs '^State:[[:space:]]*[^Z[:space:]]' "/proc/$group/status"; } # by more than a zombie
is_left() { ! is_led && pgrep -g "$group" -r D,I,R,S,T,t >/dev/null; }

if read -r group when 2>/dev/null <"$file" && [ "$when" = "$boot" ] && is_left; then
    echo "ends what process $group has left behind" >&2
    kill -s TERM -- "-$group" 2>/dev/null || true
    tries=50
    while [ "$tries" -gt 0 ] && is_left; do
        tries=$((tries - 1))
        sleep 0.2
    done
    if is_left; then kill -s KILL -- "-$group" 2>/dev/null || true; fi
fi
echo "$$ $boot" >"$file"
exec "$@"
