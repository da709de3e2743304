# SPDX-License-Identifier: GPL-2.0
# -v pass=1: samples.csv as lines "place, tab, key, tab, value", to be sorted by place and
# value. -v pass=2: from those the figures, as tree,scenario,pages,figure,value. Times are
# in nanoseconds; of n sorted ones p50 is the one in place n/2, rounded up, p99 likewise.

# Everything in the order in which it came first
function put(figure, v,    key) {
	key = $1 "," $2 "," $3 "," figure
	if (!(key in place))
		place[key] = ++places
	printf "%06d\t%s\t%s\n", place[key], key, v
}

function samples(    pages) {
	if ($2 == "threads") {
		# a time for each allocation: how many there are in a second
		put(sprintf("threads; %d on %d area%s", $5, $4, $4 > 1 ? "s" : ""), 1e9 / $10)
		return
	}
	if ($2 == "idle-count") {
		# the quick way is to try one range
		$2 = "idle"
		put("left quick way", $12 > 1 || !$8)
		return
	}
	if ($2 == "idle-writes") {
		$2 = "idle"
		put("a write each", $10)
		return
	}
	if (sub(/-read$/, "", $2)) {
		put("MiB/s read", $10)
		return
	}
	if (sub(/-worker$/, "", $2)) {
		put("ms of worker", $10)
		return
	}
	if (sub(/-kswapd$/, "", $2)) {
		put("ms of kswapd", $10)
		return
	}
	if (match($2, /-(pipes|tables|slab)$/)) {
		pages = substr($2, RSTART + 1)
		$2 = substr($2, 1, RSTART - 1)
		put("MiB of " pages, $10)
		return
	}
	if ($2 ~ /^busy-/) {
		# a caller that is not served waits for ever; the time of the failure is reported too
		put("ok of tries", $8)
		put("alloc", $8 ? $10 : "inf")
		if (!$8)
			put("failed", $10)
		return
	}
	# Where there is no room, no allocator is to blame.
	if (!$9)
		return
	pages = $3
	sub(/^f/, "", pages)
	put("success", $8)
	put("alloc", $10)
	if (!$8)
		return
	put("release", $11)
	if ($2 !~ /^(idle|mixed)/)
		put("moved", $12 / pages)
}

function flush() {
	if (!n)
		return
	if (key ~ /,(alloc|release)$/) {
		print key " p50," value[int((n + 1) / 2)]
		print key " p99," value[int((n * 99 + 99) / 100)]
		print key " max," value[n]
	} else if (key ~ /,failed$/) {
		print key " max," value[n]
	} else if (key ~ /,moved$/) {
		printf "%s per page,%.5f\n", key, sum / n
	} else if (key ~ /,ok of tries$/) {
		print key "," sum "/" n
	} else if (key ~ /,(success|left quick way)$/) {
		printf "%s,%.5f\n", key, sum / n
	} else {
		printf "%s,%.1f\n", key, value[int((n + 1) / 2)]
	}
	n = sum = 0
}

BEGIN { FS = pass == 1 ? "," : "\t" }

pass == 1 && FNR > 1 { samples() }

pass == 2 {
	if ($2 != key)
		flush()
	key = $2
	value[++n] = $3
	sum += $3
}

END { flush() }
