#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# The guest's first program. /vm/script, when there, is run with its output on another
# channel than the kernel's messages, so that none of these can fall into it.

/bin/busybox mkdir -p /proc /sys /dev /tmp /root /bin /sbin /usr/bin /usr/sbin /etc /mnt
/bin/busybox --install -s /bin
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TERM="${TERM:-linux}"

mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm /dev/hugepages
mount -t devpts none /dev/pts 2>/dev/null
mount -t tmpfs none /dev/shm
mount -t tmpfs none /tmp
mount -t hugetlbfs none /dev/hugepages 2>/dev/null
mount -t debugfs none /sys/kernel/debug
mount -t tracefs none /sys/kernel/tracing 2>/dev/null
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/mounts /etc/mtab
echo 'root:x:0:0:root:/root:/bin/sh' >/etc/passwd
echo 'root:x:0:' >/etc/group
hostname cma
# Not every board can power off, but with -no-reboot this ends them all.
echo "alias poweroff='reboot -f' halt='reboot -f' reboot='reboot -f'" >/etc/profile
cd /root || reboot -f

if [ ! -e /vm/script ]; then
	setsid cttyhack sh -l
	reboot -f
fi

# Open it for as long as it is needed: the settings are gone with the last user.
# A kernel that is a program of the host has no such device, and would start again.
channel=/dev/hvc0
end="reboot -f"
[ -e "$channel" ] || { channel=/dev/ttyS0; end="poweroff -f"; }
exec 3>"$channel"
stty -F "$channel" raw -echo
setsid sh /vm/script </dev/null >&3 2>&1 3>&-
echo "$(cat /vm/nonce) exit $?" >&3
exec 3>&-
$end
