#!/bin/bash
# Puts into a crash image what tells the other nodes of a cluster that this one dumps.
# A problem in here is a warning: the image is built, and dumps, without us.
#
# shellcheck disable=SC2154 # initdir, moddir, kernel and systemdsystemunitdir are dracut's

_fence_kdump_sender() {
    echo "${FENCE_KDUMP_SENDER:-/usr/libexec/fence-kdump}"
}

# the helper has a limit for all that may hang; this one is for what nobody thought of, as a build
# that hangs is a node without a crash kernel
_fence_kdump_helper() {
    local _status
    timeout -k 5 "${FENCE_KDUMP_PATIENCE:-120}" \
        "${FENCE_KDUMP_IMAGE:-/usr/sbin/fence-kdump-image}" "$@" </dev/null
    _status=$?
    # 1: there is nobody to tell; 2: the reason is on stderr
    ((_status <= 2)) || echo "fence-kdump: the image helper failed (status $_status)" >&2
    return "$_status"
}

# what the helper asks for, a line each; the same file serves install and installkernel
_fence_kdump_requests() {
    echo "${DRACUT_TMPDIR:-${initdir%/*}}/fence-kdump.requests"
}

# what the helper knows of this image; in the image only once all of it is in
_fence_kdump_manifest() {
    echo "${DRACUT_TMPDIR:-${initdir%/*}}/fence-kdump.json"
}

# the names that the helper asks for under one heading
_fence_kdump_requested() {
    local _kind _name
    while read -r _kind _name; do
        [[ $_kind == "$1" ]] && echo "$_name"
    done <"$(_fence_kdump_requests)"
}

# run the helper: files into the image, requests into their file, warnings into the build's log
_fence_kdump_plan() {
    local _line _omits=
    [[ " $omit_dracutmodules " =~ \ watchdog(-modules)?\  ]] && _omits=1
    {
        # dracut's own module for watchdogs is left out by administrators who want no driver of one
        _fence_kdump_helper install --initdir "$initdir" --sender "$(_fence_kdump_sender)" \
            --kernel "$kernel" ${_omits:+--no-watchdog} \
            --manifest "$(_fence_kdump_manifest)" 2>&1 >"$(_fence_kdump_requests)" || return 1
    } | while read -r _line; do dwarn "$_line"; done
    return "${PIPESTATUS[0]}"
}

_fence_kdump_install_sender() {
    local _name
    # not where it is installed: what calls it there and waits finds what ends at once
    mkdir -p "$initdir/usr/lib/fence-kdump"
    cp -a --no-preserve=ownership "$(_fence_kdump_sender)/." "$initdir/usr/lib/fence-kdump/" ||
        return 1
    while read -r _name; do
        if [[ $_name == /* ]]; then
            inst "$_name" || dwarn "fence-kdump: no library $_name in the image"
        else
            inst_libdir_file "$_name" # some of these are part of libc on some systems
        fi
    done < <(_fence_kdump_requested library)
    while read -r _name; do
        inst_simple "$_name" || dinfo "fence-kdump: no $_name here"
    done < <(_fence_kdump_requested file)
    return 0
}

_fence_kdump_script() {
    local _name=${2:-/usr/sbin/fence-kdump-$1}
    inst_simple "$moddir/fence-kdump-$1.sh" "$_name" && chmod 755 "$initdir$_name"
}

# where scripts of kdump's call a sender: what ends at once, in place of ours, which may not
_fence_kdump_install_called() {
    local _name
    while read -r _name; do
        rm -f "$initdir$_name" # ours, brought along by what calls it
        _fence_kdump_script called "$_name" || return 1
    done < <(_fence_kdump_requested called)
    return 0
}

_fence_kdump_install() {
    local _part
    if ! [[ -x $(_fence_kdump_sender)/fence_kdump_send ]]; then
        dwarn "fence-kdump: no sender in $(_fence_kdump_sender)"
        return 1
    fi
    _fence_kdump_plan && [[ -s $initdir/etc/fence-kdump/args ]] || return 1
    # first: a KDUMP_PRESCRIPT that fails stops the dump
    _fence_kdump_install_called || return 1
    _fence_kdump_install_sender || return 1
    inst_multiple ip modprobe sleep || return 1
    for _part in watchdogs links sender; do
        _fence_kdump_script "$_part" || return 1
        dracut_module_included systemd || continue
        _part=fence-kdump-$_part.service
        inst_simple "$moddir/$_part" "$systemdsystemunitdir/$_part" || return 1
        $SYSTEMCTL -q --root "$initdir" add-wants sysinit.target "$_part" || return 1
    done
    if ! dracut_module_included systemd; then
        inst_multiple setsid || return 1
        _fence_kdump_script keep || return 1
        inst_hook cmdline 01 "$moddir/fence-kdump-start.sh" || return 1
        inst_hook cleanup 01 "$moddir/fence-kdump-stop.sh" || return 1
    fi
    # last: an image with a manifest counts as one with all that is in the manifest
    mkdir -p "$initdir/usr/lib/dracut"
    mv "$(_fence_kdump_manifest)" "$initdir/usr/lib/dracut/"
}

# called by dracut
check() {
    local _said
    [[ $mount_needs ]] && return 1
    # kdump's own modules come before this one
    [[ $IN_KDUMP == 1 ]] || dracut_module_included kdumpbase || dracut_module_included kdump ||
        return 255
    _said=$(_fence_kdump_helper show 2>&1 >/dev/null) && return 0
    _said=${_said##*$'\n'}
    dwarn "${_said:-fence-kdump: nobody to tell of a crash}; see ${FENCE_KDUMP_IMAGE:-fence-kdump-image} show"
    return 255
}

# called by dracut
depends() {
    echo base
    return 0
}

# called by dracut
installkernel() {
    local _module _line
    [[ -s $(_fence_kdump_requests) ]] || return 0
    while read -r _module; do
        # these, whatever hostonly thinks: it takes no NIC's driver into a crash image
        hostonly='' instmods -s "$_module"
    done < <(_fence_kdump_requested module)
    [[ -e $initdir/usr/lib/dracut/fence-kdump.json ]] || return 0
    while read -r _line; do
        dwarn "$_line"
    done < <(_fence_kdump_helper prove --initdir "$initdir" --kernel "$kernel" 2>&1)
    return 0
}

# called by dracut
install() {
    # a subshell: not even an exit in one of dracut's functions stops the build
    (_fence_kdump_install) ||
        dwarn "fence-kdump: this crash image tells nobody, or not all, of a crash"
    return 0
}
