#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Suspend to idle beside headroom: what is ready stays ready, and the worker is frozen with
# its work before it and does it afterwards. This machine sleeps and is woken by its alarm
# clock, so run it by name.

here=$(dirname "$0")
# shellcheck source=cma_selftest.sh
. "$here/cma_selftest.sh"

alarm=/sys/class/rtc/rtc0/wakealarm
for room in "$sysfs"/*; do
	[ ! -e "$room/headroom" ] || break
done
[ -w "$room/headroom" ] || skip_all "no area with headroom, or not root"
grep -qsw freeze /sys/power/state || skip_all "no suspend to idle"
[ -w "$alarm" ] || skip_all "no alarm clock to wake up by"
page_kb=$(awk '/^KernelPageSize:/ { print $2; exit }' /proc/self/smaps)
quarter=$(($(cat "$room/total_pages") * page_kb * 256))

ready() {
	cat "$room/headroom_ready"
}

# await BYTES - until so much is ready. Prints how much there is in the end
await() {
	for _ in $(seq 300); do
		[ "$(ready)" != "$1" ] || break
		sleep 0.1
	done
	ready
}

# doze - suspend the machine for two seconds. Prints what went wrong
doze() {
	dmesg -c >/dev/null
	echo 0 >"$alarm"
	echo +2 >"$alarm" || echo "no alarm"
	echo freeze >/sys/power/state || echo "no suspend"
	dmesg | grep -E 'WARNING:|BUG:|refusing to freeze|failed to suspend'
	dmesg | grep -q 'PM: suspend exit' || echo "the log has no end of a suspend"
}

echo $quarter >"$room/headroom"
check "a quarter is made ready" "$(await $quarter)" $quarter

# The worker begins some 20 ms after it is asked, when everything is frozen.
echo "$quarter 3600000" >"$room/prepare"
check "the machine sleeps while the worker has work" "$(doze)" ""
check "nothing that was ready is lost" "$(($(ready) >= quarter))" 1
check "the work is done afterwards" "$(await $((2 * quarter)))" $((2 * quarter))

echo "$quarter 0" >"$room/prepare"
check "what was asked for is given up" "$(await $quarter)" $quarter
echo 0 >"$room/headroom"
check "nothing is ready any more" "$(await 0)" 0

finish
