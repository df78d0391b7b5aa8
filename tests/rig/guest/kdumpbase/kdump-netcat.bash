#!/bin/bash
# kdump-netcat HOST PORT: sends standard input there. Waits until the network takes it.
for ((tries = 0; tries < 60; tries++)); do
    if exec 3>"/dev/tcp/$1/$2"; then
        exec cat >&3
    fi
    sleep 0.5
done 2>/dev/null
exit 1
