#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# make vm - boot a kernel in QEMU, for a person or for a script.
#
# What kernel.sh takes, or KERNEL=image to boot that one; further
# APPEND="for the kernel's command line", where kunit.enable=1 has KUnit run
# MEM=1G  CPUS=2  QEMU_ARGS="..."  FILES="host files" go to /root
# NODES=2 NUMA nodes, of MEM in all
# DISKS="serial:image[,throttling.bps-total=n] ..."  nothing that a guest writes there is kept
# ARCH=um is a program of this machine, on one processor, without nodes, disks and QEMU
# ACCEL=kvm, or icount where time is the number of instructions that were run
# DTB_OVERLAY=file.dtso is laid over the board's own device tree
# SCRIPT=file runs in the guest; what it prints is printed, its status is the status:
#   124 when it took longer than VM_TIMEOUT seconds (600), 125 when the guest ended
#   without a status. VM_LOG=file keeps the console, all kernel messages included.
#   VM_WATCH=1: 123 when the kernel complained about itself on the console.

here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=arch.sh
. "$here/arch.sh"

complaints='WARNING:|BUG:|Oops|KASAN|[kK]ernel panic|UBSAN|possible .* deadlock'
complaints=$complaints'|unreferenced object|Unable to handle|rcu: INFO|general protection'
complaints=$complaints'|INFO: task .* blocked|[bB]ad page'

# A static busybox of the guest's architecture, by path.
static_busybox() {
	local dir=$build/cache own
	own=$(command -v busybox)
	if [ "$host" = "$ARCH" ] && [ -n "$own" ] && ! readelf -l "$own" | grep -q INTERP; then
		printf '%s\n' "$own"
		return
	fi
	if [ ! -x "$dir/busybox-$ARCH" ]; then
		fetch_busybox || return
	fi
	printf '%s\n' "$dir/busybox-$ARCH"
}

# Apt with lists of its own, so that neither root nor a foreign architecture in dpkg
# is needed.
fetch_busybox() (
	lock "busybox-$ARCH"
	[ ! -x "$dir/busybox-$ARCH" ] || exit 0
	say "fetching Debian's busybox-static for $debian"
	apt=$dir/apt-$debian
	rm -rf "$apt"
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/deb" || exit
	: >"$apt/status"
	opts=(-qq -o "APT::Architecture=$debian" -o "APT::Architectures=$debian"
		-o "Dir::State=$apt/state" -o "Dir::Cache=$apt/cache"
		-o "Dir::State::status=$apt/status" -o "APT::Sandbox::User=$(id -un)"
		-o Acquire::Languages=none)
	cd "$apt/deb" &&
	apt-get "${opts[@]}" update &&
	apt-get "${opts[@]}" download busybox-static &&
	dpkg-deb -x ./*.deb . &&
	cp -L "$(find . -path '*bin/busybox' | head -n 1)" "$dir/busybox-$ARCH.new" &&
	mv "$dir/busybox-$ARCH.new" "$dir/busybox-$ARCH" || exit
	rm -rf "$apt"
)

# initramfs - into $tmp/initrd
initramfs() {
	local root=$tmp/root file
	mkdir -p "$root/bin" "$root/root" "$root/vm"
	cp "$(static_busybox)" "$root/bin/busybox" ||
		die "no static busybox for $ARCH: see what apt-get says above"
	cp "$here/init.sh" "$root/init"
	for file in $FILES; do
		cp -a "$file" "$root/root/" || die "FILES: could not copy $file"
	done
	if [ -n "$SCRIPT" ]; then
		cp "$SCRIPT" "$root/vm/script" || die "SCRIPT=$SCRIPT cannot be read"
		echo "$nonce" >"$root/vm/nonce"
	fi
	(cd "$root" && find . | cpio -o -H newc -R 0:0 --quiet) >"$tmp/initrd" ||
		die "could not write $tmp/initrd"
}

# disks - those of DISKS, for QEMU
disks() {
	local disk serial bus=device
	[[ ${machine[*]} != *q35* ]] || bus=pci
	for disk in ${DISKS:-}; do
		serial=${disk%%:*}
		command+=(-drive "if=none,id=$serial,format=raw,snapshot=on,file=${disk#*:}"
			-device "virtio-blk-$bus,drive=$serial,serial=$serial")
	done
}

# The board's device tree as QEMU makes it for these arguments, and the overlay on it.
device_tree() {
	need dtc:device-tree-compiler fdtoverlay:device-tree-compiler
	"${command[@]}" -display none -machine "dumpdtb=$tmp/board.dtb" >/dev/null 2>"$tmp/err" ||
		die "QEMU did not give its device tree: $(tail -n 1 "$tmp/err")"
	dtc -q -@ -I dts -O dtb -o "$tmp/overlay.dtbo" "$DTB_OVERLAY" ||
		die "DTB_OVERLAY=$DTB_OVERLAY: dtc refused it, see above"
	fdtoverlay -i "$tmp/board.dtb" -o "$tmp/vm.dtb" "$tmp/overlay.dtbo" ||
		die "DTB_OVERLAY=$DTB_OVERLAY does not fit the board's tree"
	command+=(-dtb "$tmp/vm.dtb")
}

# What the guest's time stamp counter counts in a millisecond: as the host's, or nanoseconds.
# It has no other clock to compare with but a timer whose interrupts come late.
tsc_khz() {
	local file=$build/cache/tsc_khz
	if [ "$host" != x86_64 ] || [ "$ACCEL" = icount ]; then
		echo 1000000
		return
	fi
	if [ ! -s "$file" ]; then
		gcc -O2 -o "$tmp/tsc_khz" "$here/tsc_khz.c" && "$tmp/tsc_khz" >"$tmp/khz" &&
			mv "$tmp/khz" "$file" || return
	fi
	cat "$file"
}

# Lines of the console to the log; of the script to the log and to us.
console() {
	sed -u 's/\r$//' <"$tmp/console" >>"$log"
}
script() {
	local line
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		*"$nonce exit "*)
			echo "${line##* }" >"$tmp/status"
			line=${line%%"$nonce"*}
			[ -n "$line" ] || continue
			;;
		esac
		printf '%s\n' "$line" >>"$log"
		printf '%s\n' "$line"
	done <"$tmp/script"
}

# shellcheck disable=SC2317 # called by traps
cleanup() {
	trap - EXIT INT TERM HUP
	if [ -n "$vm" ]; then
		kill "$vm" 2>/dev/null
		wait "$vm" 2>/dev/null
	fi
	rm -rf "$tmp"
}

MEM=${MEM:-1G} CPUS=${CPUS:-2} NODES=${NODES:-1} ACCEL=${ACCEL:-tcg} VM_TIMEOUT=${VM_TIMEOUT:-600}
[[ $MEM =~ ^[1-9][0-9]*[MG]$ ]] || die "MEM=\"$MEM\": expected a size such as 512M or 1G"
[[ $CPUS =~ ^[1-9][0-9]*$ ]] || die "CPUS=\"$CPUS\": expected a number of processors"
[[ $NODES =~ ^[1-9]$ ]] || die "NODES=\"$NODES\": expected a number of nodes from 1 to 9"
[[ $VM_TIMEOUT =~ ^[1-9][0-9]*$ ]] || die "VM_TIMEOUT=\"$VM_TIMEOUT\": expected seconds"
[ -z "$SCRIPT" ] || [ -f "$SCRIPT" ] || die "SCRIPT=$SCRIPT is not a file"
for file in $FILES; do
	[ -e "$file" ] || die "FILES: there is no $file"
done
case $ACCEL in
tcg) machine+=(-accel "tcg,thread=multi") ;;
icount) machine+=(-accel "tcg,thread=single" -icount "shift=1,sleep=off") ;;
kvm) machine+=(-accel kvm -cpu host) ;;
*) die "ACCEL=\"$ACCEL\" is not known; use one of: tcg icount kvm" ;;
esac
if [ -n "$DTB_OVERLAY" ]; then
	[ "$ARCH" != x86_64 ] ||
		die "DTB_OVERLAY: an x86_64 board has no device tree; use ARCH=arm64"
	[ -f "$DTB_OVERLAY" ] || die "DTB_OVERLAY=$DTB_OVERLAY is not a file"
fi

if [ "$ARCH" = um ]; then
	[ "$host" = x86_64 ] || die "ARCH=um: not made for this machine; it needs x86_64"
	[ -z "${DISKS:-}$QEMU_ARGS" ] || die "ARCH=um: DISKS and QEMU_ARGS are for QEMU"
	[ "$NODES" = 1 ] || die "NODES=\"$NODES\": ARCH=um has one node"
	[ -n "$SCRIPT" ] || die "ARCH=um: it runs a SCRIPT only"
fi

need ${qemu:+"$qemu"} cpio:cpio readelf:binutils
[ "$ARCH-$host" != x86_64-x86_64 ] || need gcc:gcc /usr/include/time.h:libc6-dev
if [ -z "$KERNEL" ]; then
	KERNEL=$("$here/kernel.sh" | tail -n 1)
	[ -n "$KERNEL" ] || exit 1
fi
[ -f "$KERNEL" ] || die "KERNEL=$KERNEL is not a file"

mkdir -p "$build/cache" || die "cannot write in $build"
tmp=$(mktemp -d "$build/cache/vm.XXXXXX") || die "cannot write in $build/cache"
vm=
trap cleanup EXIT
trap 'cleanup; exit 130' INT
trap 'cleanup; exit 143' TERM HUP
nonce="cma-vm $(od -An -N8 -tx8 /dev/urandom | tr -d ' ')"
initramfs

# The microvm board has no table of nodes, so that the kernel itself divides the memory.
nodes=()
if [ "$NODES" -gt 1 ] && [ "$ARCH" = x86_64 ]; then
	boot+=" numa=fake=${NODES}U"
elif [ "$NODES" -gt 1 ]; then
	size=${MEM%?}
	[ "${MEM: -1}" = M ] || size=$((size * 1024))
	size=$((size / NODES))M
	for ((node = 0; node < NODES; node++)); do
		nodes+=(-object "memory-backend-ram,id=node$node,size=$size,reserve=off"
			-numa "node,nodeid=$node,memdev=node$node")
	done
fi

# shellcheck disable=SC2206 # QEMU_ARGS is words
command=("${qemu%%:*}" "${machine[@]}" -m "$MEM" -smp "$CPUS" -nodefaults -no-reboot
	"${nodes[@]}" $QEMU_ARGS)
disks
[ -z "$DTB_OVERLAY" ] || device_tree
kernel_args="console=$console earlycon${earlycon:+=}$earlycon panic=-1 kunit.enable=0 $boot"
# A host with much to do hands on the timer's interrupts late, and the kernel, which
# tries whether they come, would give up.
if [ "$ARCH" = x86_64 ]; then
	khz=$(tsc_khz) || die "tsc_khz.c was not compiled, see above"
	kernel_args+=" no_timer_check tsc_early_khz=$khz"
fi
command+=(-display none -kernel "$KERNEL" -initrd "$tmp/initrd"
	-append "$kernel_args ${APPEND:-}")

if [ -z "$SCRIPT" ]; then
	say "exit, or ctrl-a x, ends the machine"
	"${command[@]}" -serial mon:stdio
	exit
fi

log=${VM_LOG:-$tmp/log}
: >"$log" || die "VM_LOG=$VM_LOG cannot be written"
mkfifo "$tmp/console" "$tmp/script"
console &
readers=$!
script &
readers="$readers $!"
# Held open here, so that the readers end when QEMU has ended, and not before.
exec 7<>"$tmp/console" 8<>"$tmp/script"
if [ "$ARCH" = um ]; then
	# shellcheck disable=SC2206 # APPEND is words
	# It unmaps what the C library has registered with the host's kernel for each thread.
	command=(env GLIBC_TUNABLES=glibc.pthread.rseq=0 "$KERNEL" "mem=$MEM"
		"initrd=$tmp/initrd" "umid=vm" "uml_dir=$tmp"
		con=null "con0=null,fd:7" ssl=null "ssl0=null,fd:8" console=tty0
		panic=-1 kunit.enable=0 ${APPEND:-})
else
	command+=(-chardev "file,id=console,path=$tmp/console" -serial chardev:console
		-chardev "file,id=script,path=$tmp/script"
		-device virtio-serial-device -device "virtconsole,chardev=script")
fi
timeout -k 5 "$VM_TIMEOUT" "${command[@]}" </dev/null >>"$tmp/err" 2>&1 &
vm=$!
wait "$vm"
status=$?
vm=
exec 7>&- 8>&-
# shellcheck disable=SC2086 # two words
wait $readers

if [ "$status" = 124 ]; then
	say "stopped after VM_TIMEOUT=$VM_TIMEOUT seconds; the console's last lines:"
	tail -n 15 "$log" >&2
elif [ -s "$tmp/status" ]; then
	status=$(cat "$tmp/status")
else
	say "the machine ended without a status; its last lines:"
	tail -n 5 "$tmp/err" >&2
	tail -n 25 "$log" >&2
	status=125
fi
if [ "${VM_WATCH:-}" = 1 ] && grep -E "$complaints" "$log" >"$tmp/complaints"; then
	say "the kernel complained: $(head -n 1 "$tmp/complaints")"
	sed -n 2,20p "$tmp/complaints" >&2
	status=123
fi
exit "$status"
