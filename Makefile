# SPDX-License-Identifier: GPL-2.0
# Every command is a script; this file only names them. `make help` tells more.

targets := help run test base tree kernel vm bench check series apply
archs := x86_64 arm64 arm um
qemu := tools/testing/selftests/cma/qemu

ARCH ?= x86_64
$(foreach t,$(MAKECMDGOALS),$(if $(filter $t,$(targets)),,\
	$(error no target "$t"; there are: $(targets))))
$(if $(filter $(archs),$(ARCH)),,\
	$(error ARCH="$(ARCH)" is not known; use one of: $(archs)))

export ARCH DEBUG STOCK CONFIG APPEND MEM CPUS NODES QEMU_ARGS SCRIPT FILES VM_LOG
export LONG KERNEL_SRC PEERS SCENARIOS LOADS PAGES TREES ROUNDS ICOUNT TREE ACCEL BUILD
.PHONY: $(targets)
.NOTPARALLEL:

help:
	@sed -n 's/^#: \?//p' $(firstword $(MAKEFILE_LIST))
run:
	@$(qemu)/run.sh
test:
	@$(qemu)/test.sh
base:
	@scripts/base.sh
tree:
	@scripts/tree.sh
kernel:
	@$(qemu)/kernel.sh
vm:
	@$(qemu)/vm.sh
bench:
	@tools/testing/cma/bench/bench.sh
check:
	@scripts/check.sh
series:
	@scripts/series.sh
apply:
	@scripts/apply.sh

#: make run      build and boot a kernel, and show the allocator at work
#: make test     run every test that a change must pass
#:                 DEBUG=1 in a kernel with KASAN, lockdep, kmemleak ...; LONG=1 more
#: make base     unpack the stock 6.12 tree; KERNEL_SRC=tarball|folder instead of
#:                 Debian's linux-source-6.12
#: make tree     the stock tree with the project applied
#: make kernel   build a kernel; STOCK=1 the untouched tree, DEBUG=1 with checkers,
#:                 CONFIG=file adds options
#: make vm       boot it; APPEND="cma=64M" MEM=1G CPUS=2 QEMU_ARGS=... SCRIPT=file
#:                 FILES="file ..."; without SCRIPT a shell
#: make bench    measure this allocator against the stock one, and those of the kernel
#:                 trees in PEERS="dir ..."; SCENARIOS="idle pinned ..." only these,
#:                 ROUNDS=40 of each, ICOUNT=1 counts instructions; LOADS="swap ..."
#:                 PAGES="1280 ..." those of SCENARIOS=busy, TREES="stock ours ..."
#: make check    style and static checks; LONG=1 compiles it for more architectures, too
#: make series   numbered patches for git am, in build/series
#: make apply    put the project into your own 6.12 tree: TREE=dir
#: ARCH=x86_64 (default) or arm64 goes with run, test, kernel, vm and bench; arm with kernel
#: and vm; um (User-mode Linux on x86_64) with kernel, vm and bench.
#: All results are under build/, which may be deleted at any time.
