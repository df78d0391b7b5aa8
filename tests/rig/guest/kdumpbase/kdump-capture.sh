#!/bin/sh
# Saves /proc/vmcore as /etc/kdump.conf says and powers off. Words on the kernel's command line
# make it misbehave, for a test:
#   rig.kill_sender=SIGNAL kills the sender before the dump
#   rig.switch_root        does not power off after the dump: the boot goes on
#   rig.stock_sender=NODE  starts the C sender where kdump has it: just before makedumpfile
#   rig.dump_after=SECONDS begins to dump only when the crash kernel has been up for so long
#   rig.no_dump            powers off in place of the dump, three messages after the first one
#   rig.measure            tells what the sender costs, after the dump
#   rig.reboot             boots again after the dump, as a node does that is no test's
# "emergency" as the only argument: no dump is possible, power off soon.

say() { echo "RIG: $*" >/dev/console; }

# The value of a word on the kernel's command line; fails when the word is not there.
word() {
    read -r words </proc/cmdline
    for _word in $words; do
        case $_word in
            "$1" | "$1"=*) echo "${_word#*=}" && return 0 ;;
        esac
    done
    return 1
}

conf() { sed -n "s/^$1 //p" /etc/kdump.conf; }

power_off() {
    say "power off"
    sync
    echo o >/proc/sysrq-trigger
    sleep 60
}

save() {
    if server=$(conf netcat) && [ -n "$server" ]; then
        # shellcheck disable=SC2086 # host and port
        makedumpfile --message-level 4 -F -l -d 31 /proc/vmcore | kdump-netcat $server
        return
    fi
    grep -q ' /kdumproot ' /proc/mounts || return
    directory=/kdumproot$(conf path)
    mkdir -p "$directory" &&
        makedumpfile --message-level 4 -l -d 31 /proc/vmcore "$directory/vmcore.part" &&
        sync &&
        mv "$directory/vmcore.part" "$directory/vmcore" &&
        { dmesg -T 2>/dev/null || dmesg; } >"$directory/kexec-dmesg.log" && # BusyBox has no -T
        sync
}

measure() {
    for process in /proc/[0-9]*; do
        case $(cat "$process/comm") in
            fence_kdump*)
                say "measure $(cat "$process/comm") $(sed -n '/^\(Pss\|Rss\|Anonymous\):/p' \
                    "$process/smaps_rollup" | tr -s ' \n' ' ')"
                ;;
        esac
    done
    say "measure tmp kB: $(du -sk /tmp | sed 's/[[:space:]].*//')"
}

say "capture begins"
if [ "$1" = emergency ]; then
    say "emergency: no dump target"
    sleep 8
    power_off
fi
if ! [ -e /proc/vmcore ]; then
    say "no vmcore: this system is alive"
    sleep 12
    power_off
fi
if word rig.no_dump >/dev/null; then
    # a dump would have left them the time
    while [ -z "$(dmesg | sed -n '/fence_kdump_send: .*: message sent/p')" ]; do
        sleep 1
    done
    sleep 3
    power_off
fi
if node=$(word rig.stock_sender); then
    setsid /usr/libexec/fence-agents/fence_kdump_send "$node" </dev/null >/dev/null 2>&1 &
fi
if signal=$(word rig.kill_sender); then
    pkill -"$signal" fence_kdump && say "sender killed"
fi
if after=$(word rig.dump_after); then
    while read -r up _ </proc/uptime && [ "${up%%.*}" -lt "$after" ]; do
        sleep 1
    done
fi
if save; then
    say "vmcore saved"
else
    say "dump failed"
fi
if word rig.measure >/dev/null; then
    measure
fi
if word rig.switch_root >/dev/null; then
    umount /kdumproot
    exit 0
fi
sleep 3
umount /kdumproot 2>/dev/null
if word rig.reboot >/dev/null; then
    say "reboot"
    sync
    echo b >/proc/sysrq-trigger
    sleep 60
fi
power_off
