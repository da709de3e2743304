# SPDX-License-Identifier: GPL-2.0
# Plots as SVG, one file for each run: -v what=latency|distribution|moved|threads|price|lending,
# -v names="stock ours ...". Reads figures.csv; for the distribution the sorted samples,
# as figures.awk wants them.

function human(ns) {
	if (ns < 1000)
		return ns " ns"
	if (ns < 1e6)
		return ns / 1e3 " us"
	if (ns < 1e9)
		return ns / 1e6 " ms"
	return ns / 1e9 " s"
}

function colour(t) {
	split("#b5402d #1f6f8b #6a8f3c #8a5fa8 #c28a1c #555555", colours, " ")
	return colours[(t - 1) % 6 + 1]
}

function log10(x) {
	return log(x) / log(10)
}

function text(x, y, anchor, words) {
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, words
}

function line(x1, y1, x2, y2, style) {
	printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2,
		style
}

# panel NR TITLE - where it lies: left, bottom, wide, high
function panel(nr, title) {
	left = 70 + (nr % across) * (wide + 90)
	top = 60 + int(nr / across) * 300
	high = 210
	bottom = top + high
	printf "<text class=\"title\" x=\"%d\" y=\"%d\">%s</text>\n", left, top - 12, title
	line(left, bottom, left + wide, bottom, "stroke=\"#333\"")
	line(left, top, left, bottom, "stroke=\"#333\"")
}

# Powers of ten from LOW to HIGH up the left side
function times_up(low, high_power,    p, y) {
	for (p = low; p <= high_power; p++) {
		y = bottom - (p - low) / (high_power - low) * high
		line(left, y, left + wide, y, "stroke=\"#ddd\"")
		text(left - 6, y + 4, "end", human(10 ^ p))
	}
}

function start(panels, width,    t) {
	across = panels < 2 ? 1 : panels < 5 ? 2 : 3
	wide = width
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" ",
		across * (width + 90) + 20, int((panels + across - 1) / across) * 300 + 40
	print "font-family=\"sans-serif\" font-size=\"11\">"
	print "<style>.title { font-size: 13px; font-weight: bold }</style>"
	print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
	for (t = 1; t <= trees; t++) {
		printf "<rect x=\"%d\" y=\"10\" width=\"12\" height=\"12\" fill=\"%s\"/>\n",
			70 + (t - 1) * 110, colour(t)
		text(87 + (t - 1) * 110, 20, "start", tree[t])
	}
}

# One value for each tree and bar; -v NAMES of bars, values in bar[t, name]
function bars(n, name, unit,    i, t, v, max, step, x, y, w) {
	max = 0
	for (i = 1; i <= n; i++)
		for (t = 1; t <= trees; t++)
			if (bar[t, name[i]] + 0 > max)
				max = bar[t, name[i]] + 0
	if (max == 0)
		max = 1
	step = 10 ^ int(log10(max) - (max < 1))
	if (max / step < 2)
		step /= 5
	else if (max / step < 5)
		step /= 2
	for (v = 0; v <= max; v += step) {
		y = bottom - v / max * high
		line(left, y, left + wide, y, "stroke=\"#ddd\"")
		text(left - 6, y + 4, "end", v "")
	}
	w = wide / n
	for (i = 1; i <= n; i++) {
		for (t = 1; t <= trees; t++) {
			if (bar[t, name[i]] == "")
				continue
			y = bar[t, name[i]] / max * high
			x = left + (i - 1) * w + w * 0.1 + (t - 1) * w * 0.8 / trees
			printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n",
				x, bottom - y, w * 0.8 / trees, y, colour(t)
		}
		text(left + (i - 0.5) * w, bottom + 14 + (n > 4 && i % 2 == 0) * 13, "middle", name[i])
	}
	text(left, bottom + 45, "start", unit)
}

function latency(    f, k, t, i, p, x, y, path, names_of) {
	split("alloc p50,release p50", names_of, ",")
	start(2, 310)
	for (f = 1; f <= 2; f++) {
		panel(f - 1, "idle, " names_of[f])
		times_up(3, 7)
		for (i = 0; i <= 12; i += 2)
			text(left + i / 12 * wide, bottom + 14, "middle", 2 ^ i)
		text(left + wide / 2, bottom + 30, "middle", "pages")
		for (t = 1; t <= trees; t++) {
			path = ""
			for (i = 0; i <= 12; i++) {
				p = 2 ^ i
				y = value[tree[t], "idle", p, names_of[f]]
				if (y == "" || y <= 0)
					continue
				x = left + i / 12 * wide
				y = bottom - (log10(y) - 3) / 4 * high
				path = path sprintf("%s%.1f %.1f ", path == "" ? "M" : "L", x, y)
				printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n",
					x, y, colour(t)
			}
			printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n",
				path, colour(t)
		}
	}
}

function distribution(    s, t, i, n, x, y, path, v, every) {
	start(rows, 310)
	for (s = 1; s <= rows; s++) {
		panel(s - 1, row[s] " pages: alloc")
		# Time goes to the right, from 1 us to 10 s.
		for (i = 3; i <= 10; i++) {
			x = left + (i - 3) / 7 * wide
			line(x, top, x, bottom, "stroke=\"#ddd\"")
			text(x, bottom + 14, "middle", human(10 ^ i))
		}
		for (i = 0; i <= 100; i += 25)
			text(left - 6, bottom - i / 100 * high + 4, "end", i "%")
		for (t = 1; t <= trees; t++) {
			n = count[tree[t], row[s]]
			path = ""
			every = n > 300 ? n / 300 : 1
			for (i = 1; i <= n; i += every) {
				v = sample[tree[t], row[s], int(i)]
				v = v < 1000 ? 1000 : v
				x = left + (log10(v) - 3) / 7 * wide
				y = bottom - int(i) / n * high
				path = path sprintf("%s%.1f %.1f ", path == "" ? "M" : "L", x, y)
			}
			if (n) {
				v = sample[tree[t], row[s], n]
				v = v < 1000 ? 1000 : v
				path = path sprintf("L%.1f %.1f", left + (log10(v) - 3) / 7 * wide, top)
			}
			printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n",
				path, colour(t)
		}
	}
}

function moved(    i, n, t, name, part) {
	start(1, 720)
	panel(0, "pages moved for each page allocated")
	for (i = 1; i <= rows; i++) {
		if (!((row[i], "moved per page") in any))
			continue
		name[++n] = row[i]
		split(row[i], part, " ")
		for (t = 1; t <= trees; t++)
			bar[t, row[i]] = value[tree[t], part[1], part[2], "moved per page"]
	}
	if (n)
		bars(n, name, "")
}

function threads(    a, i, t, n, name, figure) {
	start(2, 310)
	for (a = 1; a <= 4; a += 3) {
		panel(a > 1, "idle, 256 pages, " a (a > 1 ? " areas" : " area"))
		delete bar
		n = 0
		for (i = 1; i <= 4; i *= 2) {
			figure = "threads; " i " on " a " area" (a > 1 ? "s" : "")
			name[++n] = i (i > 1 ? " threads" : " thread")
			for (t = 1; t <= trees; t++) {
				if (!value[tree[t], "threads", 256, "threads; 1 on " a " area" (a > 1 ? "s" : "")])
					continue
				bar[t, name[n]] = value[tree[t], "threads", 256, figure] / \
					value[tree[t], "threads", 256, "threads; 1 on " a " area" (a > 1 ? "s" : "")]
			}
		}
		bars(n, name, "allocations in a second, against one thread of the same tree")
	}
}

# A panel for each of FIGURES, "pages figure;...", with a bar for each setting
function by_setting(scenario, list, unit, figures, titles, scales, under,
		    f, i, t, v, n, of, name, setting, figure, title, scale, at) {
	n = split(list, setting, " ")
	of = split(figures, figure, ";")
	split(titles, title, ";")
	split(scales, scale, " ")
	start(of, 310)
	for (f = 1; f <= of; f++) {
		panel(f - 1, title[f])
		delete bar
		at = index(figure[f], " ")
		for (i = 1; i <= n; i++) {
			name[i] = setting[i] (setting[i] ~ /^[0-9]/ ? unit : "")
			for (t = 1; t <= trees; t++) {
				v = value[tree[t], scenario "-" setting[i],
					  substr(figure[f], 1, at - 1), substr(figure[f], at + 1)]
				if (v != "")
					bar[t, name[i]] = v * scale[f]
			}
		}
		bars(n, name, under)
	}
}

function price() {
	by_setting("price", "0 25 100", "%",
		   "1280 MiB/s read;1280 success;1280 alloc p50;1280 alloc p99",
		   "file read beside, MiB/s;camera bursts served, %;alloc p50, ms;alloc p99, ms",
		   "1 100 1e-6 1e-6", "headroom, of an area of 64 MiB in 256 MiB of memory")
}

function lending() {
	by_setting("lending", "0 35 50 70 100 user", "",
		   "46080 MiB of pipes;46080 ms of kswapd;1280 success;1280 alloc p99",
		   "in pipes before the first kill, MiB;kswapd meanwhile, ms;" \
		   "camera bursts served, %;alloc p99, ms",
		   "1 1 100 1e-6", "vm.cma_lend_ratio; or 50, lent to user space only")
}

BEGIN {
	trees = split(names, tree, " ")
	FS = what == "distribution" ? "\t" : ","
}

# There are too many of these to be of use.
/busy-/ { next }

what == "distribution" {
	split($2, part, ",")
	if (part[4] != "alloc")
		next
	key = part[2] " " part[3]
	if (!(key in seen)) {
		seen[key] = 1
		row[++rows] = key
	}
	sample[part[1], key, ++count[part[1], key]] = $3
	next
}

{
	key = $2 " " $3
	if (!(key in seen)) {
		seen[key] = 1
		row[++rows] = key
	}
	value[$1, $2, $3, $4] = $5
	any[key, $4] = 1
}

END {
	if (what == "latency")
		latency()
	else if (what == "distribution")
		distribution()
	else if (what == "moved")
		moved()
	else if (what == "threads")
		threads()
	else if (what == "price")
		price()
	else
		lending()
	print "</svg>"
}
