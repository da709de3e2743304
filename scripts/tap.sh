# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Results as TAP, for a test to source. It ends with the plan: echo "1..$count".

count=0
failed=0

# result STATUS TEXT [FILE] - 0 is good; otherwise FILE, if there is any, says what is not
result() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count $2"
	else
		failed=$((failed + 1))
		echo "not ok $count $2"
		[ ! -s "${3:-}" ] || sed 's/^/# /' "$3"
	fi
}
