#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# make bench - measure this allocator and others on the same work: the stock tree's, this
# project's, and that of each kernel tree in PEERS. The last line is the table's path.
#
# PEERS="dir ..."  SCENARIOS="idle pinned ..."  ROUNDS=40 states of each kind
# LOADS="swap readers4 ..."  PAGES="1280 ..."  of the scenario busy, these only
# TREES="stock ours ..."  of all trees, these only; the names of PEERS are their folders'
# ARCH=um kernels that are programs of this machine, on one processor: idle and mixed, in
# the nanoseconds of a real processor
# ICOUNT=1 QEMU counts instructions in place of time: slower, on one processor at a time,
# and the same again on any machine

here=$(cd "$(dirname "$0")" && pwd -P)
guests=$here/../../selftests/cma/qemu
# shellcheck source=../../../../scripts/lib.sh
. "$here/../../../../scripts/lib.sh"
set -u -o pipefail

known="idle mixed loaded scattered pinned camera price lending busy threads gigantic large"
busy="swap swap-faults zram zram-faults readers1 readers2 readers4 disk-readers tmpfs sync"
busy+=" forks tree thp compact huge slow-disk"
ARCH=${ARCH:-x86_64} PEERS=${PEERS:-} ROUNDS=${ROUNDS:-40} ICOUNT=${ICOUNT:-}
[ "$ARCH" != um ] || known="idle mixed"
SCENARIOS=${SCENARIOS:-$known} LOADS=${LOADS:-$busy} TREES=${TREES:-}
PAGES=${PAGES:-1280 4096 12288 16384}

runs=()
for scenario in $SCENARIOS; do
	case " $known " in
	*" $scenario "*) ;;
	*) die "SCENARIOS: there is no \"$scenario\" for ARCH=$ARCH; there are: $known" ;;
	esac
	if [ "$scenario" = busy ]; then
		for load in $LOADS; do
			runs+=("busy-$load")
		done
	elif [ "$scenario" != large ]; then
		runs+=("$scenario")
		[ "$scenario" != lending ] || runs+=(lending-{50,0,35,70,100,user})
	fi
done
for load in $LOADS; do
	[[ " $busy " == *" $load "* ]] ||
		die "LOADS: there is no \"$load\"; there are: $busy"
done
[[ $PAGES =~ ^[0-9\ ]*$ ]] || die "PAGES=\"$PAGES\": expected numbers of pages"
[[ $ROUNDS =~ ^[1-9][0-9]{0,2}$ ]] || die "ROUNDS=\"$ROUNDS\": expected a number from 1 to 999"
case $ICOUNT in
'') ;;
1) export ACCEL=icount ;;
*) die "ICOUNT=\"$ICOUNT\": expected 1 or nothing" ;;
esac
[[ $ARCH$ICOUNT != um1 ]] || die "ICOUNT=1: ARCH=um runs without QEMU"
[ "$ARCH" != arm ] || die "ARCH=arm: not made for it; use x86_64, arm64 or um"

# The trees by name; where each lies, and what is in it.
names=(stock ours)
declare -A tree=() what=()
for peer in $PEERS; do
	version=$(kernel_version "$peer")
	[ -n "$version" ] || die "PEERS: $peer is not a kernel tree"
	[ -f "$peer/mm/cma.c" ] || die "PEERS: $peer has no mm/cma.c"
	peer=$(realpath "$peer")
	name=$(basename "$peer" | tr -c 'A-Za-z0-9.\n' _)
	case " ${names[*]} " in
	*" $name "*) die "PEERS: a second tree named $name: $peer" ;;
	esac
	names+=("$name")
	tree[$name]=$peer
	what[$name]="Linux $version"
done
for name in $TREES; do
	[[ " ${names[*]} " == *" $name "* ]] ||
		die "TREES: there is no \"$name\"; there are: ${names[*]}"
done

# commit DIR - of a git work tree, with a + if it was changed since; or nothing
commit() {
	local id
	[ -e "$1/.git" ] && id=$(git -C "$1" rev-parse --short=12 HEAD 2>/dev/null) || return 0
	[ -z "$(git -C "$1" status --porcelain -uno 2>/dev/null)" ] || id=$id+
	printf ', %s' "$id"
}

unset CONFIG STOCK DEBUG KERNEL APPEND MEM QEMU_ARGS DISKS SCRIPT FILES VM_LOG DTB_OVERLAY
cc=gcc
if [ "$ARCH" = arm64 ] && [ "$(uname -m)" != aarch64 ]; then
	cc=aarch64-linux-gnu-gcc
	need $cc:gcc-aarch64-linux-gnu \
		/usr/aarch64-linux-gnu/lib/libc.a:libc6-dev-arm64-cross
elif [ "$ARCH" = x86_64 ] && [ "$(uname -m)" != x86_64 ]; then
	cc=x86_64-linux-gnu-gcc
	need $cc:gcc-x86-64-linux-gnu /usr/x86_64-linux-gnu/lib/libc.a:libc6-dev-amd64-cross
fi
need rsync:rsync awk:mawk gcc:gcc git:git flock:util-linux
lock bench
out=$build/bench
mkdir -p "$out" || unwritable "$out"
rm -f "$out"/*.csv "$out"/*.svg "$out"/*.txt "$out"/*.rst "$out"/*.log

tree[stock]=$("$project/scripts/base.sh" | tail -n 1) || exit 1
tree[ours]=$("$project/scripts/tree.sh" | tail -n 1) || exit 1
what[stock]="Linux $(kernel_version "${tree[stock]}")"
what[ours]="${what[stock]} with this project$(commit "$project")"
for name in "${names[@]:2}"; do
	what[$name]+=$(commit "${tree[$name]}")
done
# shellcheck disable=SC2206 # words
[ -z "$TREES" ] || names=($TREES)

# plant NAME - a copy of the tree, by links where that works, with the driver in it
plant() {
	local from=${tree[$1]} to=$out/tree-$1 new have
	new=$(mktemp "$out/Makefile.XXXXXX") || unwritable "$out"
	mkdir -p "$to/mm" || unwritable "$to"
	rsync -a --delete --link-dest="$from" --exclude=/.git --exclude=/mm/Makefile \
		--exclude=/mm/cma_bench.c "$from/" "$to/" >&2 || unwritable "$to"
	{
		cat "$from/mm/Makefile"
		# shellcheck disable=SC2016 # is for make
		echo 'obj-$(CONFIG_CMA) += cma_bench.o'
		for have in folio frozen_compound; do
			grep -q "cma_alloc_$have(" "$from/include/linux/cma.h" &&
				echo "CFLAGS_cma_bench.o += -DHAVE_$have"
		done
		[ -e "$from/mm/page_alloc.h" ] &&
			echo "CFLAGS_cma_bench.o += -DHAVE_page_alloc_h"
		grep -q "TRACE_EVENT(cma_range_chosen," "$from/include/trace/events/cma.h" &&
			echo "CFLAGS_cma_bench.o += -DHAVE_range_chosen"
	} >"$new"
	cmp -s "$new" "$to/mm/Makefile" || cp "$new" "$to/mm/Makefile" || unwritable "$to"
	cmp -s "$here/cma_bench.c" "$to/mm/cma_bench.c" ||
		cp "$here/cma_bench.c" "$to/mm/cma_bench.c" || unwritable "$to"
	rm -f "$new"
}

"$cc" -O2 -Wall -static -o "$out/measure" "$here/measure.c" ||
	die "measure.c was not compiled, see above"

# What is about disks is not for a kernel that has none.
config=$here/busy.config
[ "$ARCH" != um ] || config=
declare -A image=()
failed=()
for name in "${names[@]}"; do
	space "$build" 3000 "a copy of a kernel tree and its build"
	say "kernel of $name: ${what[$name]}"
	plant "$name"
	# A tree that is older or newer may not have every option.
	image[$name]=$(CONFIG=$config KERNEL_TREE=$out/tree-$name \
		KERNEL_NAME=bench-$name KERNEL_LOOSE=1 "$guests/kernel.sh" | tail -n 1) ||
		die "$name (${tree[$name]}) could not be built"
done

# The disks of busy, camera, price and lending; one is slow, at 16 MiB/s.
disks=
if [[ " $SCENARIOS " =~ " busy "|" camera "|" price "|" lending " ]]; then
	need mkfs.ext4:e2fsprogs truncate:coreutils
	rm -rf "$out"/cma-*.img "$out/files"
	mkdir "$out/files" || unwritable "$out/files"
	head -c 200M /dev/zero | tr '\0' Z >"$out/files/file" || unwritable "$out/files"
	truncate -s 640M "$out"/cma-{files,swap,slow}.img || unwritable "$out"
	disks="cma-files:$out/cma-files.img cma-swap:$out/cma-swap.img"
	disks+=" cma-slow:$out/cma-slow.img,throttling.bps-total=16777216"
	# Nothing is to be left for the guest's kernel to write by and by.
	ext4=(mkfs.ext4 -q -F -E "lazy_itable_init=0,lazy_journal_init=0")
	{ "${ext4[@]}" -d "$out/files" "$out/cma-files.img" &&
		"${ext4[@]}" "$out/cma-slow.img"; } || die "mkfs.ext4 failed, see above"
	rm -rf "$out/files"
fi

columns=scenario,pages,areas,threads,round,index,ok,possible,alloc_ns,release_ns,moved
echo "tree,$columns" >"$out/samples.csv"
# run SCENARIO NAME - boot that kernel, and add its samples
run() {
	local mem areas extra='' with=''
	case $1 in
	idle) mem=1G areas=1,64M ;;
	mixed) mem=1G areas=1,128M ;;
	camera) mem=256M areas=1,64M with=$disks ;;
	price) mem=192M areas=1,64M with=$disks ;;
	lending) mem=512M areas=1,256M with=$disks ;;
	threads) mem=1G areas=4,64M ;;
	gigantic) mem=4G areas=1,1G,1G ;;
	busy-* | lending-*) mem=256M areas=1,64M with=$disks ;;
	*) mem=256M areas=1,64M ;;
	esac
	# The time stamp counter of an emulated PC is one for all processors.
	[ "$ARCH" != x86_64 ] || extra="tsc=reliable clocksource=tsc"
	case $1 in
	busy-*) echo "/root/measure busy ${1#busy-} $(((ROUNDS + 1) / 2)) $PAGES" ;;
	*) echo "/root/measure $1 $ROUNDS" ;;
	esac >"$out/script"
	if ! KERNEL=${image[$2]} MEM=$mem APPEND="cma_bench=$areas $extra" FILES=$out/measure \
	   DISKS=$with SCRIPT=$out/script VM_LOG=$out/$2-$1.log \
	   VM_TIMEOUT=${VM_TIMEOUT:-$((1200 + ROUNDS * 60))} "$guests/vm.sh" >"$out/one.csv"; then
		grep -v , "$out/one.csv" >&2
		failed+=("$1 did not run on $2 (${what[$2]}); its console is in $out/$2-$1.log")
		say "${failed[-1]}"
		return
	fi
	grep '^#' "$out/one.csv" >&2
	sed -n "s/^[a-z0-9-]*,f\?[0-9]*,.*/$2,&/p" "$out/one.csv" >>"$out/samples.csv"
}

# One after the other, alternating, so that what else the machine does meets all alike.
for scenario in "${runs[@]}"; do
	for name in "${names[@]}"; do
		# What all trees have is 50.
		[[ $scenario == lending-@(0|35|70|100|user) &&
			! -e $out/tree-$name/mm/cma_lend.c ]] && continue
		start=$SECONDS
		run "$scenario" "$name"
		say "$scenario on $name: $((SECONDS - start)) s"
	done
done
rm -f "$out/one.csv" "$out/script"

for name in "${names[@]}"; do
	printf '%s\t%s\n' "$name" "${what[$name]}"
done >"$out/trees.txt"
: >"$out/table.rst"
# What is wanted is about emulated machines of two processors.
[ "$ARCH" != um ] || export BARS=0
[ ${#runs[@]} = 0 ] || "$here/report.sh" "$out" "${names[@]}" || exit 1
# It boots and no more: no samples.
if [[ " $SCENARIOS " == *" large "* && $ARCH = x86_64 ]]; then
	images=()
	for name in "${names[@]}"; do
		images+=("$name" "${image[$name]}")
	done
	"$here/large.sh" "$out" "${images[@]}" && cat "$out/large.rst" >>"$out/table.rst" || exit 1
fi
cat "$out/table.rst"
[ ${#failed[@]} = 0 ] || die "$out/table.rst is not whole: ${failed[0]}"
echo "$out/table.rst"
