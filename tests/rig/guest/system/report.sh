#!/bin/sh
# What an administrator would ask after a boot; the answers go to the serial console.

say() { echo "SYSTEM: $*" >/dev/console; }

say "refresh $(systemctl show --value -p Result fence-kdump-refresh.service)" \
    "$(systemctl show --value -p ExecMainStatus fence-kdump-refresh.service)"
say "watched $(systemctl is-active fence-kdump-refresh.path)"
monitor=$(fence_kdump -o monitor 2>&1)
say "monitor $?$monitor"
say "image $(fence-kdump-image check | head -n 1)"
say "failed $(systemctl --failed --plain --no-legend | cut -d ' ' -f 1 | xargs)"
say "booted"
