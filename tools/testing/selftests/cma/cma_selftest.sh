# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034 # shared with those who source it
# What the scripts share: where the areas are shown, and results in TAP.

sysfs=/sys/kernel/mm/cma
debugfs=/sys/kernel/debug/cma

tests=0
failed=0
# A file that tells more of a result that is not what was wanted
details=/dev/null

# check NAME GOT WANTED
check() {
	tests=$((tests + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $tests - $1"
	else
		failed=$((failed + 1))
		echo "# got '$2', wanted '$3'"
		sed 's/^/# /; 30q' "$details"
		echo "not ok $tests - $1"
	fi
}

# skip NAME WHY
skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

# skip_all WHY - instead of any other result
skip_all() {
	echo "1..0 # SKIP $1"
	exit 4
}

# finish - the plan, and as its status whether nothing failed
finish() {
	echo "1..$tests"
	[ $failed = 0 ]
}
