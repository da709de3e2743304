# SPDX-License-Identifier: GPL-2.0
# The table of all figures, as a simple table of reStructuredText. Reads trees.txt and
# figures.csv; -v names="stock ours ..." is the order of the trees, and -v bars=0 is for
# machines that what issues ask for was not said of.

function human(ns) {
	if (ns < 1000)
		return sprintf("%d ns", ns)
	if (ns < 1e6)
		return sprintf("%.*f us", ns < 1e4 ? 2 : ns < 1e5 ? 1 : 0, ns / 1e3)
	if (ns < 1e9)
		return sprintf("%.*f ms", ns < 1e7 ? 2 : ns < 1e8 ? 1 : 0, ns / 1e6)
	return sprintf("%.2f s", ns / 1e9)
}

function show(figure, v) {
	if (v == "")
		return "-"
	if (figure == "ok of tries")
		return v
	if (v == "inf")
		return "never"
	if (figure ~ /^(alloc|release|failed|a write)/)
		return human(v)
	if (figure == "success" || figure == "left quick way")
		return sprintf("%.*f%%", v == 0 || v == 1 ? 0 : 1, v * 100)
	if (figure ~ /^threads/)
		return sprintf("%.0f/s", v)
	if (figure ~ /^speed/)
		return sprintf("%.2f", v)
	if (figure ~ /^(MiB|ms)/)
		return sprintf("%.1f", v)
	return sprintf("%.3f", v)
}

# How many times less, or more where more is better, ours is than the other
function ratio(figure, other, ours,    swap) {
	if (other == "" || ours == "" || figure !~ /^(alloc|release|failed|moved|threads)/)
		return ""
	if (other == "inf" || ours == "inf")
		return other == ours ? "" : other == "inf" ? "inf" : 0
	if (figure ~ /^threads/) {
		swap = other
		other = ours
		ours = swap
	}
	if (ours == 0)
		return other == 0 ? "" : "inf"
	return other / ours
}

function show_ratio(r) {
	if (r == "" || r == "inf")
		return r == "" ? "-" : r
	return sprintf("%.*f", r < 10 ? 2 : r < 100 ? 1 : 0, r)
}

# What issues ask for, as the least ratio stock/ours, or as the least figure of ours
function wanted(scenario, pages, figure) {
	if (scenario == "idle" && figure == "alloc p50")
		return pages == 1024 ? 50 : pages == 4096 ? 40 : pages ~ /^f/ ? 30 : 80
	if (scenario == "idle" && figure == "release p50" && pages != 1 && pages != 16)
		return 5
	if (scenario == "mixed" && figure == "alloc p50")
		return pages == 1024 ? 60 : pages == 4096 ? 30 : 80
	if (scenario == "mixed" && figure == "alloc p99")
		return pages == 256 ? 50 : pages == 1024 ? 40 : pages == 4096 ? 20 : 60
	if (scenario ~ /^camera/ && figure == "alloc p99")
		return 100
	if (scenario == "scattered" && figure == "moved per page")
		return pages == 256 ? 10 : 2
	if (scenario == "loaded" && figure ~ /^alloc p[59]/)
		return 1.3
	if (scenario == "pinned" && figure ~ /^alloc (p99|max)/)
		return 10
	if (scenario ~ /^busy-/ && figure == "alloc p99")
		return 1
	return ""
}

function wanted_value(scenario, figure) {
	if (scenario ~ /^(pinned|camera)/ && figure == "success")
		return 1
	if (scenario == "idle" && figure == "left quick way")
		return 0
	if (scenario ~ /^lending/ && figure ~ /^MiB/)
		return 180
	if (scenario == "threads" && figure == "speed; 2 on 1 area")
		return 1.5
	return ""
}

function cell(c, text) {
	table[rows, c] = text
	if (length(text) > width[c])
		width[c] = length(text)
}

function add(scenario, pages, figure,    i, c, v, r, want, ok) {
	rows++
	cell(1, scenario)
	cell(2, pages ~ /^f/ ? "folio " substr(pages, 2) : pages)
	cell(3, figure)
	c = 3
	for (i = 1; i <= trees; i++)
		cell(++c, show(figure, value[tree[i], scenario, pages, figure]))
	v = value["ours", scenario, pages, figure]
	for (i = 1; i <= trees; i++)
		if (tree[i] != "ours")
			cell(++c, show_ratio(ratio(figure,
				value[tree[i], scenario, pages, figure], v)))
	want = bars == "0" ? "" : wanted(scenario, pages, figure)
	r = ratio(figure, value["stock", scenario, pages, figure], v)
	ok = "-"
	if (want != "") {
		# Nothing moved by either is nothing to ask for.
		ok = r == "" ? "-" : r == "inf" || r >= want ? "yes" : "NO"
		want = ">= " want
	} else if (figure == "ok of tries") {
		# as many as with the stock allocator
		want = value["stock", scenario, pages, figure]
		ok = v == "" || want == "" ? "-" : v + 0 >= want + 0 ? "yes" : "NO"
		want = want == "" ? "-" : ">= " want + 0
	} else {
		want = bars == "0" ? "" : wanted_value(scenario, figure)
		if (want != "") {
			ok = v == "" ? "-" : (want ? v >= want : !v) ? "yes" : "NO"
			want = show(figure, want)
		} else {
			want = "-"
		}
	}
	cell(++c, want)
	cell(++c, ok)
	columns = c
}

function rule(    c, line, i) {
	for (c = 1; c <= columns; c++) {
		line = line (c > 1 ? "  " : "")
		for (i = 0; i < width[c]; i++)
			line = line "="
	}
	print line
}

BEGIN { trees = split(names, tree, " ") }

FNR == 1 { file++ }

file == 1 {
	split($0, part, "\t")
	about[part[1]] = part[2]
	next
}

{
	split($0, part, ",")
	figure = part[4]
	row = part[2] SUBSEP part[3] SUBSEP figure
	if (!(row in seen)) {
		seen[row] = 1
		order[++rows_seen] = row
	}
	value[part[1], part[2], part[3], figure] = part[5]
	if (figure ~ /^threads; 1 on/)
		one[part[1], figure] = part[5]
}

END {
	for (i = 1; i <= trees; i++)
		printf "* %s: %s\n", tree[i], about[tree[i]]
	print ""
	width[1] = width[2] = width[3] = 1
	rows++
	cell(1, "scenario")
	cell(2, "pages")
	cell(3, "figure")
	c = 3
	for (i = 1; i <= trees; i++)
		cell(++c, tree[i])
	for (i = 1; i <= trees; i++)
		if (tree[i] != "ours")
			cell(++c, tree[i] "/ours")
	cell(++c, "wanted")
	cell(++c, "holds")

	for (k = 1; k <= rows_seen; k++) {
		split(order[k], part, SUBSEP)
		add(part[1], part[2], part[3])
		if (part[3] !~ /^threads; [2-9]/)
			continue
		single = part[3]
		sub(/; [0-9]+ /, "; 1 ", single)
		speed = part[3]
		sub(/^threads/, "speed", speed)
		for (i = 1; i <= trees; i++)
			if (one[tree[i], single])
				value[tree[i], part[1], part[2], speed] = \
					value[tree[i], part[1], part[2], part[3]] / \
					one[tree[i], single]
		add(part[1], part[2], speed)
	}

	rule()
	for (r = 1; r <= rows; r++) {
		line = ""
		for (c = 1; c <= columns; c++) {
			text = table[r, c]
			pad = sprintf("%" (width[c] - length(text) + 0) "s", "")
			if (width[c] == length(text))
				pad = ""
			line = line (c > 1 ? "  " : "") (c == 1 || c == 3 ? text pad : pad text)
		}
		sub(/ +$/, "", line)
		print line
		if (r == 1)
			rule()
	}
	rule()
}
