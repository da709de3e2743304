# SPDX-License-Identifier: GPL-2.0
# Results out of the output of test programs, as "status TAB name TAB reason TAB LOG".
#
# Reads TAP and nested KTAP between lines "### begin NAME" and "### end NAME STATUS";
# a program without TAP is one test, of which the exit status tells. A plan that is
# not kept, a status that does not go with the results and an end that never comes
# are failures as well. Without any "###" line all is one program, SUITE; with such
# lines SUITE comes before each name.

function result(status, what, why) {
	gsub(/[\t\r]/, " ", what)
	gsub(/[\t\r]/, " ", why)
	printf "%s\t%s%s\t%s\t%s\n", status, marked && suite != "" ? suite ": " : "",
		what, why, log_path
	if (status == "fail")
		failures++
}

function begin(program) {
	name = program
	open = 1
	seen = top = failures = depth = child_failed = 0
	plan = -1
	first = last = ""
	split("", group)
}

function end(status) {
	if (!seen && plan != 0) {
		if (status == 0)
			result("pass", name, "")
		else if (status == 4)
			result("skip", name, last == "" ? "it does not say why" : last)
		else
			result("fail", name, "status " status ": " last)
	} else if (seen && plan >= 0 && plan != top) {
		result("fail", name, top " of " plan " tests have a result")
	} else if (seen && plan < 0) {
		result("fail", name, "there is no plan, so tests may be missing")
	}
	if (seen && status != 0 && status != 4 && !failures)
		result("fail", name, "status " status " in spite of the results")
	open = 0
}

/^### begin / {
	if (open)
		end("unknown")
	marked = 1
	begin(substr($0, 11))
	next
}

/^### end / {
	if (open)
		end($NF)
	next
}

{
	sub(/\r$/, "")
	if (suite != "" && !open && !marked && !started) {
		begin(suite)
		started = 1
	}
	if (!open)
		next
}

# Children's results are indented as this line is.
/^ *# Subtest: / {
	match($0, /^ */)
	group[RLENGTH] = $3 "."
}

/^1\.\.[0-9]+/ {
	plan = substr($1, 4) + 0
	if (plan == 0) {
		why = $0
		sub(/^[^#]*# *(SKIP *)?/, "", why)
		result("skip", name, why)
	}
	next
}

/^ *(not )?ok [0-9]+/ {
	line = $0
	match(line, /^ */)
	indent = RLENGTH
	good = line !~ /^ *not /
	number = good ? $2 : $3
	sub(/^ *(not )?ok [0-9]+ *(- )?/, "", line)
	why = ""
	skipped = 0
	if (match(line, /# *SKIP */)) {
		skipped = 1
		why = substr(line, RSTART + RLENGTH)
		line = substr(line, 1, RSTART - 1)
	}
	sub(/ *#.*$/, "", line)
	sub(/ *$/, "", line)
	if (line == "")
		line = "test " number
	line = group[indent] line
	seen++
	if (indent == 0)
		top++
	# What comes after deeper results is their sum.
	if (indent < depth) {
		if (!good && !child_failed)
			result("fail", name ": " line, "none of its parts failed")
		if (indent == 0)
			child_failed = 0
	} else if (!good) {
		result("fail", name ": " line, first)
		child_failed = 1
	} else if (skipped) {
		result("skip", name ": " line, why)
	} else {
		result("pass", name ": " line, "")
	}
	depth = indent
	first = ""
	next
}

# What a test expected is what its failure is reported with, else its first words.
{
	line = $0
	sub(/^[# ]*/, "", line)
	if (line ~ /^(RUN|TAP version|KTAP version|Subtest|module:|Totals:)/)
		first = ""
	else if (line != "") {
		last = line
		if (first == "" || (line ~ /:Expected / && first !~ /:Expected /))
			first = line
	}
}

END {
	if (open)
		end(started ? 0 : "unknown, for it never ended")
}
