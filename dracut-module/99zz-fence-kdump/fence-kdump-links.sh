#!/bin/sh
# Sets up the links to the other nodes in the crash kernel. $PLAN has the steps. It was written when the
# image was built; fence_kdump_image/way/replay.py explains its words. Each NIC has its own process, so
# that a dead NIC delays no other.

PLAN=/etc/fence-kdump/links
NICS=/sys/class/net

# Words of the plan are not expanded: "b*" may be a name. Only the functions that list NICs expand.
set -f

# say TEXT: print a line on the console and in the kernel's log, which is saved with the dump. The log
# is opened for each line, because the kernel limits the rate of an open file.
say() {
    echo "fence-kdump: $*"
    [ ! -c /dev/kmsg ] || { echo "<4>fence-kdump: $*" >/dev/kmsg; } 2>/dev/null
}

# by_path NAME: sets $path to the program of that name on PATH. Where BusyBox is the shell, it takes a
# program of its own for a name without a path, whatever is on PATH.
by_path() {
    path=$1 IFS=:
    for folder in $PATH; do
        if [ -x "$folder/$1" ]; then
            path=$folder/$1
            break
        fi
    done
    unset IFS
}

# a function that found no program would call itself
by_path ip
ip=$path
[ "$ip" = ip ] || ip() { "$ip" "$@"; }
by_path modprobe
modprobe=$path
[ "$modprobe" = modprobe ] || modprobe() { "$modprobe" "$@"; }
by_path sleep
sleep=$path
[ "$sleep" = sleep ] || sleep() { "$sleep" "$@"; }

# step WORD...: do one line of the plan; a failure prints one line
step() {
    case $1 in
        modprobe) ;;
        no-ra)
            no_ra "$2"
            return
            ;;
        *) set -- ip "$@" ;;
    esac
    # shellcheck disable=SC2086 # several lines become one
    error=$("$@" 2>&1) || {
        say "failed: $*:" $error
        return 1
    }
}

# no_ra DEVICE: accept no address or route from a router; DEVICE is a name or ifINDEX
no_ra() (
    set +f
    [ -d /proc/sys/net/ipv6 ] || return 0
    for try in 1 2 3; do # it may be renamed at the same time
        for path in "$NICS"/*; do
            name=${path##*/}
            { read -r index <"$path/ifindex"; } 2>/dev/null || continue
            [ "$name" = "$1" ] || [ "if$index" = "$1" ] || continue
            {
                echo 0 >"/proc/sys/net/ipv6/conf/$name/accept_ra"
            } 2>/dev/null && {
                echo 0 >"/proc/sys/net/ipv6/conf/$name/autoconf"
            } 2>/dev/null && return 0
        done
    done
    say "failed: accept_ra of $1 cannot be turned off (try $try)"
    return 1
)

# section N: print the lines after the Nth "nic"; 0: those before the first
section() {
    at=0
    while read -r line; do
        case $line in
            "nic "*) at=$((at + 1)) ;;
            *) [ "$at" -ne "$1" ] || echo "$line" ;;
        esac
    done <"$PLAN"
}

# pin INDEX NAME: set $handle, by which ip finds the NIC even if udev renames it. ifINDEX would work as
# well, but the kernel runs modprobe twice for each use, because no device has this name.
pin() {
    handle=fence-kdump$1
    if ip link property add dev "$2" altname "$handle" >/dev/null 2>&1; then
        { read -r now <"$NICS/$2/ifindex"; } 2>/dev/null && [ "$now" = "$1" ] && return
        ip link property del dev "$handle" altname "$handle" >/dev/null 2>&1 # another NIC has it
    fi
    handle=if$1
}

# replay N INDEX: do section N; "@" means the NIC with this index, which is $handle for ip
replay() {
    section "$1" | {
        failed=0 lines=
        while read -r line; do
            case $line in
                no-ra*@*) line="${line%%@*}if$2${line#*@}" ;;
                *@*) line="${line%%@*}$handle${line#*@}" ;;
            esac
            case $line in
                modprobe* | no-ra*)
                    batch "$lines" || failed=1
                    lines=
                    # shellcheck disable=SC2086 # words
                    step $line || failed=1
                    ;;
                *) lines="$lines${lines:+
}$line" ;;
            esac
        done
        batch "$lines" || failed=1
        return "$failed"
    }
}

# batch LINES: do the lines with one ip, because starting it takes longer than its work. From the first
# line that fails, do them one by one. If the line before takes a link down, do that again: newer kernels
# may take a vlan up some time after its NIC, and no bond takes a link that is up.
batch() {
    [ -n "$1" ] || return 0
    error=$(echo "$1" | ip -batch - 2>&1) && return
    from=${error##*Command failed -:}
    case $from in
        '' | *[!0-9]*) from=1 ;;
    esac
    echo "$1" | {
        failed=0 at=0 before=
        while read -r line; do
            at=$((at + 1))
            # shellcheck disable=SC2086 # words
            case $at:$before in
                "$from":*" down") step $before ;;
            esac
            before=$line
            [ "$at" -ge "$from" ] || continue
            # shellcheck disable=SC2086 # words
            step $line || failed=1
        done
        return "$failed"
    }
}

# find_nic MAC DRIVER: set $index and $name of the NIC with this MAC and driver, and $found, the number
find_nic() {
    found=0
    set +f
    for here in "$NICS"/*; do
        [ -e "$here/device" ] || continue
        [ ! -e "$here/master" ] || continue
        { read -r mac <"$here/address"; } 2>/dev/null || continue
        [ "$mac" = "$1" ] || continue
        driver=$(cd -P "$here/device/driver" 2>/dev/null && echo "${PWD##*/}")
        [ "$driver" = "$2" ] || continue
        { read -r index <"$here/ifindex"; } 2>/dev/null || continue
        name=${here##*/}
        found=$((found + 1))
    done
    set -f
}

# nic N MAC DRIVER WAIT MODULE...: load a NIC's modules, wait for it, and do its section
nic() {
    number=$1 wanted=$2 by=$3 wait=$4
    shift 4
    [ $# = 0 ] || step modprobe -a "$@" # all at once, because starting modprobe takes longer than its work
    # waited is in tenths of a second
    waited=0 pause=0.1
    while :; do
        find_nic "$wanted" "$by"
        if [ "$found" -gt 1 ]; then
            say "failed: $found NICs have the MAC address $wanted and the driver $by, so none is used"
            return
        fi
        if [ "$found" = 1 ]; then
            [ "$wait" != udev ] || [ -e "/run/udev/data/n$index" ] || [ "$waited" -ge 600 ] && break
        fi
        if [ "$pause" = 0.1 ] && [ "$waited" -ge 300 ]; then
            say "still waiting for a NIC $wanted (driver $by)"
            pause=1 # the dump needs the CPU
        fi
        sleep "$pause"
        case $pause in
            1) waited=$((waited + 10)) ;;
            *) waited=$((waited + 1)) ;;
        esac
    done
    pin "$index" "$name"
    if replay "$number" "$index"; then
        say "links up: $name ($wanted)"
    else
        say "links incomplete: $name ($wanted)"
    fi
}

[ -e /proc/vmcore ] || exit 0
[ -s "$PLAN" ] || exit 0
# if the console cannot be opened, the nodes must be notified all the same
if [ -c /dev/console ] && (: >/dev/console) 2>/dev/null; then
    exec >/dev/console 2>&1
fi
# Its children end with it: systemd ends the control group, and the stop hook the process group. A trap
# is not enough, because a shell loses a signal that arrives while it forks.
replay 0 ""
number=0
while read -r word rest; do
    [ "$word" = nic ] || continue
    number=$((number + 1))
    # shellcheck disable=SC2086 # words
    nic "$number" $rest &
done <"$PLAN"
wait
