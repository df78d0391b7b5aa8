#!/bin/bash
# A stand-in for kdump's own dracut module, which Debian does not have: saves /proc/vmcore where
# /etc/kdump.conf says, and powers off. Knows of kdump.conf:
#   ext4 LABEL=...       dump to that file system, mounted at /kdumproot through /etc/fstab
#   netcat HOST PORT     dump over the network
#   cmdline WORDS        words for dracut's command line, as SUSE's KDUMP_NETCONFIG makes them
#   path DIRECTORY       on the file system
# A node with NetworkManager's profiles gets NetworkManager, and its NICs are NetworkManager's.
# RIG_EXTRA_BINS in the environment are programs to be put into the image.

# shellcheck disable=SC2154 # moddir, initdir and systemdsystemunitdir come from dracut

# The values of one keyword of kdump.conf.
kdump_conf() {
    sed -n "s/^$1 //p" "${dracutsysrootdir-}/etc/kdump.conf"
}

# This node's profiles of NetworkManager.
profiles() {
    find "${dracutsysrootdir-}/etc/NetworkManager/system-connections" -name '*.nmconnection'
}

# called by dracut
check() {
    # only when asked for by name, as kdump does
    return 255
}

# called by dracut
depends() {
    echo base udev-rules
    [[ -z $(profiles) ]] || echo network-manager
    [[ -z $(kdump_conf netcat) ]] || echo bash
}

# called by dracut
installkernel() {
    hostonly='' instmods virtio_pci virtio_rng virtio_blk virtio_scsi sd_mod ext4
    [[ -z $(kdump_conf netcat) ]] || hostonly='' instmods virtio_net
}

# called by dracut
install() {
    local _target

    inst_multiple makedumpfile mount umount mkdir mv sync sleep sed grep cat du pkill setsid ls dmesg
    # shellcheck disable=SC2086 # a list of programs
    [[ -z $RIG_EXTRA_BINS ]] || inst_multiple $RIG_EXTRA_BINS
    inst_simple /etc/kdump.conf
    inst_script "$moddir/kdump-capture.sh" /usr/bin/kdump-capture

    _target=$(kdump_conf ext4)
    mkdir -p "$initdir/kdumproot"
    [[ -z $(kdump_conf netcat) ]] || inst_script "$moddir/kdump-netcat.bash" /usr/bin/kdump-netcat
    [[ -z $(profiles) ]] || install_network_manager
    if [[ $(kdump_conf cmdline) ]]; then
        mkdir -p "$initdir/etc/cmdline.d"
        kdump_conf cmdline >"$initdir/etc/cmdline.d/99kdump-net.conf"
    fi

    if dracut_module_included systemd; then
        # a dump target is waited for like any file system, and its absence is an emergency
        [[ -z $_target ]] ||
            echo "$_target /kdumproot ext4 rw" >>"$initdir/etc/fstab"
        inst_simple "$moddir/kdump-capture.service" "$systemdsystemunitdir/kdump-capture.service"
        $SYSTEMCTL -q --root "$initdir" add-wants initrd.target kdump-capture.service
        inst_multiple ip
        inst_simple "$moddir/rig-routes.service" "$systemdsystemunitdir/rig-routes.service"
        $SYSTEMCTL -q --root "$initdir" add-wants sysinit.target rig-routes.service
        rm -f "$initdir$systemdsystemunitdir/emergency.service"
        inst_simple "$moddir/kdump-emergency.service" "$systemdsystemunitdir/emergency.service"
    else
        inst_hook cmdline 99 "$moddir/kdump-no-root.sh"
        inst_hook pre-mount 99 "$moddir/kdump-pre-mount.sh"
    fi
    dracut_need_initqueue
}

# What kdump does with NetworkManager: this node's profiles, and no other NIC.
install_network_manager() {
    local _profile _macs=""
    local _etc="$initdir/etc/NetworkManager"

    mkdir -p "$_etc/system-connections" "$_etc/conf.d" "$initdir/etc/cmdline.d"
    for _profile in $(profiles); do
        inst_simple "$_profile"
        chmod 600 "$initdir$_profile"
        _macs+="except:mac:$(sed -n 's/^mac-address=//p' "$_profile");"
    done
    printf '[device-others]\nmatch-device=%s\nmanaged=false\n' "$_macs" \
        >"$_etc/conf.d/10-kdump-netif_allowlist.conf"
    echo rd.neednet >"$initdir/etc/cmdline.d/50neednet.conf"
    echo "kdump_remote_ip=$(kdump_conf netcat | cut -d' ' -f1)" >"$initdir/etc/cmdline.d/60kdumpip.conf"
}
