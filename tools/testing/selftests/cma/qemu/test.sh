#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# make test - everything that a change must pass.
#
# DEBUG=1: KUnit and the kselftests in an x86_64 kernel with checkers, instead.
# LONG=1: what takes longer, too. Results and logs go to build/test.

here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=../../../../../scripts/lib.sh
. "$here/../../../../../scripts/lib.sh"
set -o pipefail

case ${DEBUG:-}${LONG:-} in
*[!1]*) die "DEBUG=\"$DEBUG\" LONG=\"$LONG\": each is 1 or empty" ;;
esac
unset ARCH STOCK CONFIG APPEND MEM CPUS NODES QEMU_ARGS DISKS SCRIPT FILES VM_LOG KERNEL \
	DTB_OVERLAY SHARE UML
export DEBUG LONG
# Of the faults that tests are to find, one in so many, and none for which one more kernel
# is built.
[ -n "$LONG" ] || export SHARE=16 UML=none

need gcc:gcc make:make rsync:rsync awk:mawk python3:python3-minimal \
	aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu \
	/usr/aarch64-linux-gnu/lib/libc.a:libc6-dev-arm64-cross
[ -z "$LONG" ] || need arm-linux-gnueabihf-gcc:gcc-arm-linux-gnueabihf \
	/usr/arm-linux-gnueabihf/lib/libc.a:libc6-dev-armhf-cross
space "$build" 4096 "make test"
lock test
out=$build/test${DEBUG:+-debug}
rm -rf "$out"
mkdir -p "$out" || die "cannot write in $out"

# A signal to this process alone does not reach those who work for it. All of them run
# in the background, because a trap waits for what is in the foreground.
descendants() {
	local pid
	local -a pids
	read -ra pids < <(cat "/proc/$1/task"/*/children 2>/dev/null | tr '\n' ' ')
	for pid in "${pids[@]}"; do
		descendants "$pid"
		echo "$pid"
	done
}
# shellcheck disable=SC2046 # numbers
trap 'kill $(descendants $$) 2>/dev/null; exit 143' INT TERM HUP

# report STEP SECONDS - one line about the results of a step
report() {
	awk -F '\t' -v step="$1" -v secs="$2" '
		{ n[$1]++ }
		$1 == "fail" { printf "  failed: %s%s\n", $2, $3 == "" ? "" : " (" $3 ")" }
		END { printf "%-24s %4d passed, %d failed, %d skipped (%d s)\n", step ":",
			n["pass"], n["fail"], n["skip"], secs }' "$out/$1.results" |
		tac >&2
}

# step NAME COMMAND... - its output is in NAME.log and NAME.err, its results in NAME.results
step() {
	local name=$1 start=$SECONDS status
	shift
	"$@" >"$out/$name.log" 2>"$out/$name.err"
	status=$?
	awk -v suite="$name" -v log_path="$out/$name.log" -f "$here/tap.awk" \
		"$out/$name.log" >"$out/$name.results"
	if [ $status != 0 ] && ! grep -q '^fail' "$out/$name.results"; then
		printf 'fail\t%s\tstatus %s: %s\t%s\n' "$name" $status \
			"$(tail -n 1 "$out/$name.err" | tr '\t' ' ')" "$out/$name.err" \
			>>"$out/$name.results"
	fi
	report "$name" $((SECONDS - start))
}

# took WHAT SECONDS - a line about a step that has no results
took() {
	printf '%-24s done (%d s)\n' "$1:" "$2" >&2
}

# kernel ARCH [NAME] - its image's path, in a file
kernel() {
	local name=${2:-$1} start=$SECONDS
	say "kernel for $name${DEBUG:+ with checkers}"
	if ARCH=$1 "$here/kernel.sh" >"$out/kernel-$name.path"; then
		took "$name-kernel" $((SECONDS - start))
		return
	fi
	printf 'fail\tkernel for %s\t%s\n' "$name" "its build failed, see above" \
		>"$out/kernel-$name.results"
	return 1
}

# Test programs, static; those of the stock tree from unmodified sources by their own
# makefiles, in a copy of their folder, because one of these writes beside its sources.
stock_mm="hugepage-mmap hugepage-shm map_hugetlb hugepage-mremap hugepage-vmemmap
	hugetlb-madvise hugetlb_dio hugetlb_fault_after_madv hugetlb_madv_vs_map thuge-gen"
programs() {
	local arch=$1 bin=$out/bin-$1 src=$out/src-$1 cross='' name
	local tests=tools/testing/selftests
	case $arch-$(uname -m) in
	arm64-aarch64) ;;
	arm64-*) cross=aarch64-linux-gnu- ;;
	arm-*) cross=arm-linux-gnueabihf- ;;
	esac
	mkdir -p "$bin" "$src/$tests"
	make -s -C "$tree" O="$build/headers-$arch" ARCH="$arch" headers || return
	cp -r "$tree/$tests"/{lib.mk,kselftest{,_harness}.h,dmabuf-heaps,mm,x86,cma} \
		"$src/$tests" &&
	ln -s "$tree/mm" "$src/mm" &&
	ln -s "$tree/tools/include" "$src/tools/include" || return
	for name in cma dmabuf-heaps; do
		make -C "$src/$tests/$name" OUTPUT="$bin" ARCH="$arch" CROSS_COMPILE="$cross" \
			KHDR_INCLUDES="-isystem $build/headers-$arch/usr/include" all || return
	done
	# Those of huge pages have nothing to do where there are none.
	# shellcheck disable=SC2086,SC2046 # words
	[ "$arch" = arm ] ||
		make -C "$src/$tests/mm" OUTPUT="$bin" ARCH="$arch" CROSS_COMPILE="$cross" \
			KHDR_INCLUDES="-isystem $build/headers-$arch/usr/include" \
			USERLDFLAGS=-static $(printf "$bin/%s " $stock_mm) || return
	cp "$tree/$tests/cma"/{contract,cmatop,cma_selftest}.sh "$bin" &&
	"${cross}gcc" -O2 -Wall -Wextra -Werror -static -o "$bin/cmatop" \
		"$tree"/tools/mm/cmatop*.c || return
	rm -rf "$src"
}

# What guests run: "run NAME COMMAND" puts marks around a program's output.
guest() {
	cat <<-'GUEST'
	run() {
		run_name=$1
		shift
		echo "### begin $run_name"
		"$@" 2>&1
		echo "### end $run_name $?"
	}
	kunit() {
		for suite in /sys/kernel/debug/kunit/*; do
			run "KUnit" cat "$suite/results"
		done
	}
	used() {
		[ "$(cat "/sys/kernel/debug/cma/$1/used")" = "$2" ]
	}
	huge() {
		echo "$2" >"/sys/kernel/mm/hugepages/hugepages-$1kB/nr_hugepages"
	}
	GUEST
	[ -z "$LONG" ] || echo 'export CMA_TEST_LONG=1'
	printf '%s\n' "$@"
}

# A host with much to do lets its guests wait, which is no fault of theirs.
calm="rcupdate.rcu_cpu_stall_timeout=300"

# machine NAME ARCH MEM APPEND COMMANDS... - boot, and take the results; the kernel is that
# of ARCH, or the one called $kernel_name
machine() {
	local name=$1 arch=$2 mem=$3 append=$4 files
	shift 4
	guest "$@" >"$out/$name.sh"
	files=$(find "$out/bin-$arch" -maxdepth 1 -type f \( -perm -u+x -o -name '*.sh' \) |
		tr '\n' ' ')
	ARCH=$arch KERNEL=$(tail -n 1 "$out/kernel-${kernel_name:-$arch}.path") MEM=$mem \
		APPEND="$append $calm" \
		SCRIPT=$out/$name.sh FILES=$files VM_LOG=$out/$name.console VM_WATCH=1 \
		VM_TIMEOUT=1500 "$here/vm.sh"
}

# Everything of one architecture, once its kernel is there.
cmatop_test='run cmatop.sh ./cmatop.sh'
main_tests=('run contract.sh ./contract.sh'
	'run alloc ./alloc -T tail_of_unit -t unknown_area -v unit_is_page')
borrow_test='run borrow ./borrow'
seeing_test='run seeing ./seeing'
headroom_test='run headroom ./headroom'
balance_test='run balance ./balance'
lend_test='run lend ./lend'
stress_test='run stress ./stress'
# With cma_zone=movable, programs have their memory from areas first.
if [ -n "$LONG" ]; then
	own_zone_tests=("${main_tests[@]}" "$borrow_test" "$seeing_test" "$lend_test"
		"$headroom_test" "$balance_test" "$stress_test")
else
	own_zone_tests=("${main_tests[1]}" "$borrow_test -v anonymous"
		"$lend_test -T at_a_share" "$headroom_test -T values -T changes"
		"$balance_test -t room_in_areas_is_used" "$stress_test")
fi
large_units="cma_test_multi=32M,0,-1,3"
# hooks NAME... - tests that go with what the kernel is booted with
hooks() {
	local names="$*"
	printf '%s' "run hooks ./hooks -t ${names// / -t }"
}
# What was freed a moment ago may still be found: an object must be 5 seconds old.
kmemleak=('echo scan >/sys/kernel/debug/kmemleak; sleep 6; echo scan >/sys/kernel/debug/kmemleak'
	'run kmemleak sh -c "cd /sys/kernel/debug; cat kmemleak; ! grep -q . kmemleak"')
stock_tests=(
	'run dmabuf-heap ./dmabuf-heap'
	'huge 2048 128'
	'run hugepage-mmap ./hugepage-mmap'
	'run hugepage-shm ./hugepage-shm'
	'run map_hugetlb ./map_hugetlb'
	'run hugepage-mremap ./hugepage-mremap'
	'run hugepage-vmemmap ./hugepage-vmemmap'
	'run hugetlb-madvise ./hugetlb-madvise'
	'run hugetlb_dio ./hugetlb_dio'
	'huge 2048 1'
	'run hugetlb_fault_after_madv ./hugetlb_fault_after_madv'
	'run hugetlb_madv_vs_map ./hugetlb_madv_vs_map'
	'huge 2048 0'
)
gigantic_tests=(
	'run contract.sh ./contract.sh'
	"$cmatop_test"
	'run alloc ./alloc -v unit_is_large'
	# A gigantic page comes from the area, and serves stock programs.
	'huge 1048576 1'
	'run "1 GiB page comes from hugetlb0" used hugetlb0 262144'
	${LONG:+'run "map_hugetlb with 1 GiB" ./map_hugetlb 1024 30'}
	'huge 2048 16'
	'run thuge-gen ./thuge-gen'
	'huge 2048 0'
	'huge 1048576 0'
	'run "1 GiB page goes back to hugetlb0" used hugetlb0 0'
)
# on_guest PART ARCH - a part of what is done for each architecture, with its kernel
on_guest() {
	# The GiB for gigantic pages must find room at a round address, and be less than
	# half of its zone, or all that moves would go there at once. On arm64 a pool for
	# DMA lives in the default area.
	local arch=$2 area="cma=64M" low=256M mem=6G
	[ "$arch" != arm64 ] || { area="cma=8M numa_cma=0:64M" low=1280M mem=3G; }
	case $1 in
	kunit)
		step "$arch-kunit" machine "$arch-kunit" "$arch" 512M kunit.enable=1 kunit
		;;
	main)
		step "$arch" machine "$arch" "$arch" 512M "$area" "${main_tests[@]}" \
			"$cmatop_test" "$borrow_test" "$seeing_test" "$lend_test" \
			"$headroom_test" "$balance_test"
		;;
	stress)
		step "$arch-stress" machine "$arch-stress" "$arch" 512M "$area $large_units" \
			"$stress_test" 'run "headroom, two areas" ./headroom -t changes' \
			"$(hooks zone_counters charged_to_group)"
		;;
	own_zone)
		[ "$LONG$arch" = arm64 ] ||
			step "$arch-own-zone" machine "$arch-own-zone" "$arch" 512M \
				"$area cma_zone=movable" "${own_zone_tests[@]}"
		;;
	nodes)
		nodes "$arch" 2 512M
		[ -z "$LONG" ] || nodes "$arch" 4 1G
		;;
	busy)
		step "$arch-busy" busy "$arch" "$area"
		;;
	stock)
		step "$arch-stock" machine "$arch-stock" "$arch" 1G cma=64M "${stock_tests[@]}"
		;;
	gigantic)
		step "$arch-gigantic" machine "$arch-gigantic" "$arch" $mem \
			"cma=16M@$low hugetlb_cma=1G" \
			"${gigantic_tests[@]}"
		;;
	boot)
		ARCH=$arch KERNEL=$(tail -n 1 "$out/kernel-$arch.path") \
			TEST_OUT=$out/$arch-boot.d step "$arch-boot" "$here/test-boot.sh"
		;;
	hugetlb)
		hugetlb_boots "$arch-hugetlb" "$arch"
		;;
	esac
}

# nodes ARCH NODES MEM - memory of a node goes into areas of that node. On arm64 a pool for DMA
# lives in the default area.
nodes() {
	local last=$(($2 - 1)) areas='' node
	for ((node = 0; node <= last; node++)); do
		areas+=$node:48M,
	done
	NODES=$2 step "$1-$2-nodes" machine "$1-$2-nodes" "$1" "$3" \
		"cma=8M numa_cma=${areas%,}" "export CMA_TEST_AREA=numa$last" \
		"$lend_test" "$balance_test" 'export CMA_TEST_AREA=numa0' "$balance_test"
}

# busy ARCH APPEND - allocations while the machine swaps, reads and writes; of arm64 only
# those that differ most, unless LONG=1
busy() {
	local disks=$out/$1-busy loads=
	[ "$1" = x86_64 ] || [ -n "$LONG" ] || loads=" -v swap -v readers -v huge_pages"
	need mkfs.ext4:e2fsprogs
	truncate -s 640M "$disks".{files,swap} && mkfs.ext4 -q "$disks.files" || return
	DISKS="cma-files:$disks.files cma-swap:$disks.swap" \
		machine "$1-busy" "$1" 256M "$2" "run busy ./busy$loads"
}

# hugetlb_boots NAME ARCH - test-hugetlb.sh, of which ONLY says what
hugetlb_boots() {
	ARCH=$2 KERNEL=$(tail -n 1 "$out/kernel-$2.path") TEST_OUT=$out/$1.d \
		PROGRAMS=$out/bin-$2 step "$1" "$here/test-hugetlb.sh"
}

# boot_cases CASES ARCH [NAME] - some of test-boot.sh, in the kernel of NAME
boot_cases() {
	local name=${3:-$2}
	ARCH=$2 CASES=$1 KERNEL=$(tail -n 1 "$out/kernel-$name.path") \
		TEST_OUT=$out/$name-boot.d step "$name-boot" "$here/test-boot.sh"
}

# What costs another kernel: a crash kernel, small pageblocks, pages of 64 KiB, and 32 bits
# with high memory.
other_kernels() {
	local arch
	for arch in x86_64 arm64; do
		CONFIG=$here/kdump.config kernel $arch $arch-kdump &&
			boot_cases crash $arch $arch-kdump
	done
	CONFIG=$here/small-blocks.config kernel x86_64 x86_64-small-blocks &&
		kernel_name=x86_64-small-blocks step x86_64-small-blocks machine \
			x86_64-small-blocks x86_64 512M cma=64M \
			'echo always >/sys/kernel/mm/transparent_hugepage/enabled' \
			'run alloc ./alloc -v unit_is_page' "$borrow_test" "$stress_test"
	CONFIG=$here/64k-pages.config kernel arm64 arm64-64k &&
		boot_cases large_blocks arm64 arm64-64k
	kernel arm && {
		step arm-programs programs arm
		step armv7-kunit machine armv7-kunit arm 512M kunit.enable=1 kunit
		DTB_OVERLAY=$here/arm-areas.dtso step armv7 machine armv7 arm 2G cma=8M \
			'export CMA_TEST_AREA=low@50000000' \
			'run "alloc, low memory" ./alloc -v unit_is_page' \
			'export CMA_TEST_AREA=high@90000000' \
			'run "alloc, high memory" ./alloc -v unit_is_page'
		boot_cases high_memory arm
	}
}

# The console of such a kernel drops lines that nobody reads in time: if the result of a
# suite is missing, once more.
uml() {
	local cc='' try plan status
	command -v ccache >/dev/null && cc="ccache gcc"
	for try in 1 2 3; do
		(cd "$tree" && tools/testing/kunit/kunit.py run --arch um \
			--build_dir "$build/kernel/um" --kunitconfig mm/tests \
			--jobs "$(nproc)" --raw_output=all \
			${cc:+--make_options "CC=$cc"}) >"$out/uml.$try" 2>&1
		status=$?
		plan=$(sed -n 's/^1\.\.//p' "$out/uml.$try" | head -n 1)
		[ "$(grep -cE '^(not )?ok ' "$out/uml.$try")" != "${plan:-none}" ] || break
	done
	cat "$out/uml.$try"
	return $status
}

# The guest that can sleep is a program of this machine.
suspend() {
	local programs=$project/tools/testing/selftests/cma
	guest 'run suspend.sh ./suspend.sh' >"$out/suspend.sh"
	ARCH=um MEM=256M APPEND=cma_test_multi=64M SCRIPT=$out/suspend.sh VM_WATCH=1 \
		FILES="$programs/suspend.sh $programs/cma_selftest.sh" "$here/vm.sh"
}

# A parser that sees no failure would make all of this worthless.
proof=$(printf '%s\n' '### begin a' '1..3' 'ok 1 b' 'not ok 2 c' '### end a 0' '### begin d' \
	'### end d 1' '### begin e' '1..1' 'ok 1 f' '### end e 1' '### begin g' '1..1' \
	'    ok 1 h' '    not ok 2 i' 'not ok 1 j' '### end g 0' '### begin k' |
	awk -f "$here/tap.awk" | grep -c '^fail')
[ "$proof" = 6 ] || die "tap.awk finds $proof of 6 failures in a sample: repair it"

say "the tree"
start=$SECONDS
tree=$("$project/scripts/tree.sh" | tail -n 1) || exit
[ -d "$tree" ] || exit 1
took tree $((SECONDS - start))

# at_once FUNCTION... - side by side, one for each of two processors
at_once() {
	local lane start=$SECONDS
	for lane; do
		{
			"$lane"
			took "all of $lane" $((SECONDS - start))
			: >"$out/$lane.end"
		} &
	done
	wait
	for lane; do
		[ -e "$out/$lane.end" ] ||
			printf 'fail\t%s of make test\tit did not end\t\n' "$lane" \
				>>"$out/lanes.results"
	done
}

# What there is to do once a kernel is there; both lanes take of it, so that neither waits
# for the other. What takes longest comes first; with LONG=1, faults.sh begins with the
# kernel built for KUnit.
left=()
if [ -n "$DEBUG" ]; then
	for part in main borrow stress owner poison free clear kunit hugetlb; do
		left+=("$part debug")
	done
else
	for arch in x86_64 arm64; do
		for part in boot busy hugetlb stress stock main own_zone nodes gigantic kunit; do
			left+=("$part $arch")
		done
	done
	left+=("faults $project/tools/testing/cma/faults.sh")
	for name in tools cmatop series; do
		left+=("$name $project/scripts/test-$name.sh")
	done
fi
take_what_is_left() {
	local i name what
	for i in "${!left[@]}"; do
		mkdir "$out/left-$i.taken" 2>/dev/null || continue
		read -r name what <<<"${left[i]}"
		case $what in
		/*) step "$name" "$what" ;;
		debug) debug_part "$name" ;;
		*) ! await "$what" || on_guest "$name" "$what" ;;
		esac
	done
}

# make_guest ARCH - kernel and programs; await ARCH - until both are there
make_guest() {
	kernel "$1" && step "$1-programs" programs "$1"
	: >"$out/$1.made"
}
await() {
	local wait
	for ((wait = 0; wait < 3600; wait++)); do
		[ ! -e "$out/$1.made" ] || break
		sleep 1
	done
	[ -e "$out/$1.made" ] ||
		printf 'fail\tkernel for %s\tit was not there in an hour\t\n' "$1" \
			>>"$out/lanes.results"
	[ -e "$out/$1.made" ] && [ ! -e "$out/kernel-$1.results" ]
}
# Each lane makes a kernel to begin with.
lane_1() {
	make_guest x86_64
	take_what_is_left
}
lane_2() {
	step user-programs make -s -C "$project/tools/testing/cma" test
	[ -z "$LONG" ] || { step KUnit-UML uml; step UML-suspend suspend; }
	make_guest arm64
	take_what_is_left
}
callers() {
	step callers "$project/scripts/test-callers.sh"
}

# The same in a kernel with checkers. What fills memory has a small machine to itself,
# because that takes long. Page owner and allocation tags have each page freed by itself,
# so there are machines with and without them.
no_tags=sysctl.vm.mem_profiling=never
borrow_some=$borrow_test
[ -n "$LONG" ] || borrow_some+=" -t stuck_page_is_avoided"
# Thousands of blocks of a file system, one at a time, take minutes there.
lend_some=$lend_test
[ -n "$LONG" ] || lend_some+=" -T to_user_only -T at_a_share"
debug_build() {
	step x86_64-programs programs x86_64
	kernel x86_64
}
debug_part() {
	case $1 in
	kunit)
		step x86_64-debug-kunit machine x86_64-debug-kunit x86_64 512M \
			"kunit.enable=1 $no_tags" kunit "${kmemleak[@]}"
		;;
	main)
		step x86_64-debug machine x86_64-debug x86_64 1G \
			"cma=48M $large_units page_owner=on" \
			"${main_tests[@]}" 'run "alloc, large units" ./alloc -v unit_is_large' \
			${LONG:+"$cmatop_test"} \
			"${kmemleak[@]}"
		;;
	borrow)
		step x86_64-debug-borrow machine x86_64-debug-borrow x86_64 320M \
			"cma=32M page_owner=on" \
			"$borrow_some" "$seeing_test" "$lend_some" "$headroom_test" \
			"$balance_test" "${kmemleak[@]}"
		;;
	stress)
		# The host asks for free pages, too.
		QEMU_ARGS="-device virtio-balloon-device,free-page-reporting=on" \
			step x86_64-debug-stress machine x86_64-debug-stress x86_64 512M \
			"cma=32M $large_units $no_tags" \
			"export CMA_TEST_SECONDS=$((LONG ? 60 : 30))" "$stress_test" \
			"${kmemleak[@]}"
		;;
	clear)
		hooks_machine clear "init_on_alloc=1 debug_pagealloc=on $no_tags" \
			cleared_when_allocated unmapped_when_freed
		;;
	free)
		hooks_machine free "init_on_free=1 $no_tags" \
			cleared_when_freed zone_counters charged_to_group
		;;
	poison)
		hooks_machine poison "page_poison=1 $no_tags" \
			poisoned_when_freed forbidden_when_freed
		;;
	owner)
		hooks_machine owner page_owner=on owner_on_record counted_by_tag
		;;
	hugetlb)
		ONLY="somebody else's" hugetlb_boots x86_64-debug-hugetlb x86_64
		;;
	esac
}
hooks_machine() {
	local name=x86_64-debug-hooks-$1 append=$2
	shift 2
	step "$name" machine "$name" x86_64 240M "cma=16M $append" "$(hooks "$@")"
}
debug_lane_1() {
	take_what_is_left
}
debug_lane_2() {
	take_what_is_left
}

if [ -z "$DEBUG" ]; then
	at_once lane_1 lane_2
	[ -z "$LONG" ] || at_once other_kernels callers
else
	at_once debug_build
	[ -e "$out/kernel-x86_64.results" ] || at_once debug_lane_1 debug_lane_2
fi

took "all of make test" $SECONDS
cat "$out"/*.results >"$out/results"
awk -F '\t' '
	{ n[$1]++ }
	$1 == "fail" { printf "failed: %s%s%s\n", $2, $3 == "" ? "" : ": " $3,
		$4 == "" ? "" : "; see " $4 }
	$1 == "skip" { printf "skipped: %s: %s\n", $2, $3 }
	END { printf "%d passed, %d failed, %d skipped\n", n["pass"], n["fail"], n["skip"]
		exit n["fail"] > 0 || !n["pass"] }' "$out/results"
