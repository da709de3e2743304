# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The steps of the series: one for each entry of patches/series. A step edits files of
# the kernel (its diff) and carries files of the project into the tree (its Brings: lines).
# Where the diff of a later step edits such a file, the file is brought without these edits.
# Sourced after lib.sh.
: "${project:?}"

steps=()		# patch files, in order, as paths inside the project
declare -A brought	# file of the project -> number of its step
declare -A later	# file in the kernel tree -> later steps that complete it, last first
touched=()		# every path in the kernel tree that some step writes or removes

# pgit - git in the project, whoever owns its folder
pgit() {
	git -C "$project" -c safe.directory="$project" "$@"
}

# owned - the project's files that go into a kernel tree
owned() {
	if [ -e "$project/.git" ]; then
		pgit -c core.quotePath=off ls-files -co --exclude-standard
	else
		cd "$project" && find . -type d \( -path ./build -o -name __pycache__ \) -prune -o \
			-type f -printf '%P\n'
	fi | sort -u | while read -r own; do
		case $own in
		README | Makefile | .gitignore | scripts/* | patches/* | .ci/*) ;;
		*) [ ! -f "$project/$own" ] || echo "$own" ;;
		esac
	done
}

# in_tree FILE - sets $dest to where a file of the project goes in the kernel tree
in_tree() {
	case $1 in
	Kconfig.cma) dest=mm/Kconfig.cma ;;
	MAINTAINERS.cma) dest=MAINTAINERS ;;
	*) dest=$1 ;;
	esac
}

# from_tree FILE - the path of a file of the project, by where it goes
from_tree() {
	case $1 in
	mm/Kconfig.cma) echo "$project/Kconfig.cma" ;;
	*) echo "$project/$1" ;;
	esac
}

# edits PATCH - a line "M|A|D path" for each file of the kernel that it edits, adds, deletes
edits() {
	awk '/^diff --git / {
		if (p)
			print k, p
		k = "M"
		p = $NF
		sub("^b/", "", p)
		head = 1
		next
	     }
	     /^@@/ { head = 0 }
	     head && /^new file/ { k = "A" }
	     head && /^deleted file/ { k = "D" }
	     END { if (p) print k, p }' "$project/$1"
}

# message PATCH - its subject and text
message() {
	sed '/^---$/,$d' "$project/$1"
}

# read_steps - fill in the variables above, or end when the project is not in order
read_steps() {
	local list=$project/patches/series patch text line pattern patterns words files file
	local step re kind
	local -A editor=() editors=()

	[ -f "$list" ] || die "there is no patches/series in $project"
	mapfile -t steps < <(sed -n 's/[[:space:]]*\(#.*\)\?$//; /./s,^,patches/,p' "$list")
	for patch in "$project"/patches/*.patch; do
		patch=patches/${patch##*/}
		[ -f "$project/$patch" ] || continue
		case " ${steps[*]} " in
		*" $patch "*) ;;
		*) die "$patch is not listed in patches/series: list it or remove it" ;;
		esac
	done

	files=$(owned) || die "cannot list the project's files in $project"
	for step in "${!steps[@]}"; do
		patch=${steps[step]}
		[ -f "$project/$patch" ] || die "patches/series lists ${patch#*/}, which" \
			"does not exist"
		text=$(<"$project/$patch")
		[[ $text$'\n' == *$'\n---\n'* ]] ||
			die "$patch has no line '---' between its message and the rest"
		[[ $text == [!$'\n']* ]] || die "$patch does not begin with a subject line"
		patterns=()
		while IFS= read -r line; do
			[[ $line == Brings:* ]] || continue
			read -ra words <<<"${line#Brings:}"
			patterns+=("${words[@]}")
		done <<<"${text%%$'\n'diff --git *}"
		for pattern in "${patterns[@]}"; do
			file=$pattern
			case $pattern in
			*[*?]* | */)
				# A '*' stays inside its folder, a '/' at the end means all below.
				re=$(sed 's/[].[^$+(){}|]/\\&/g; s,\*,[^/]*,g; s,?,[^/],g
					s,/$,/.*,' <<<"$pattern")
				file=$(grep -xE -e "$re" <<<"$files") ;;
			*) [[ $'\n'$files$'\n' == *$'\n'"$pattern"$'\n'* ]] || file= ;;
			esac
			[ -n "$file" ] ||
				die "$patch brings '$pattern', which is no file of the project"
			while read -r file; do
				[ -z "${brought[$file]:-}" ] ||
					die "$file is brought twice, by" \
						"${steps[brought[$file]]} and by $patch"
				brought[$file]=$step
			done <<<"$file"
		done
		while read -r kind file; do
			editor[$file]=$patch
			editors[$file]="$step ${editors[$file]:-}"
		done < <(edits "$patch")
	done
	while read -r file; do
		[ -n "$file" ] || continue
		[ -n "${brought[$file]:-}" ] ||
			die "$file is in no step: name it in a Brings: line of one of" \
				"patches/*.patch, or delete it"
		in_tree "$file"
		for step in ${editors[$dest]:-}; do
			[ "$dest" = MAINTAINERS ] || [ "$step" -gt "${brought[$file]}" ] ||
				die "${steps[step]} edits $dest, which the project owns: edit" \
					"$file instead, or let an earlier step bring it"
		done
		[ "$dest" = MAINTAINERS ] || later[$dest]=${editors[$dest]:-}
		editor[$dest]=$file
	done <<<"$files"
	mapfile -t touched < <(printf '%s\n' "${!editor[@]}" | sort)
}

# replace FROM TO - put a file in the place of another, at once
replace() {
	{
		mkdir -p "${2%/*}" && cp --preserve=mode "$1" "$2.new~" && mv "$2.new~" "$2"
	} 2>/dev/null || { rm -f "$2.new~"; return 1; }
}

# remove FILE - and the folders that it leaves empty
remove() {
	rm -f "$1" && rmdir -p --ignore-fail-on-non-empty "${1%/*}"
}

# stage FROM TO - copy what the steps will touch, as far as it exists
stage() {
	local file
	mkdir -p "$2" 2>/dev/null || unwritable "$2"
	(cd "$1" && for file in "${touched[@]}"; do
		[ ! -e "$file" ] || printf '%s\0' "$file"
	done | xargs -0 -r cp --parents --preserve=mode -t "$2") 2>/dev/null || unwritable "$2"
}

# diff_of PATCH FILE - what a patch does to one file
diff_of() {
	awk -v file="b/$2" '/^diff --git / { on = $NF == file } on' "$project/$1"
}

# undo_edits FILE STEP... - take out of a file in the current folder what steps put in
undo_edits() {
	local step out
	for step in "${@:2}"; do
		out=$(diff_of "${steps[step]}" "$1" | patch -R -p1 --fuzz=0 -N --batch \
			--no-backup-if-mismatch -r - 2>&1) ||
			die "what ${steps[step]} puts into $1 is not all there:" \
				"$(grep -m 1 '^Hunk .*FAILED' <<<"$out" || tail -n 1 <<<"$out");" \
				"use scripts/refresh.sh"
	done
}

# bring DIR FILE... - put files of the project where they go in a kernel tree; of a mode, only
# whether the file can be executed counts
bring() {
	local dir=$1 file plain=()
	for file in "${@:2}"; do
		in_tree "$file"
		[ "$file" != "$dest" ] || plain+=("$file")
		[ "$file" != MAINTAINERS.cma ] || add_maintainers "$project/$file" "$dir/$dest" ||
			return
		[ "$file" != Kconfig.cma ] ||
			install -D -m 644 "$project/$file" "$dir/$dest" || return
	done
	[ ${#plain[@]} = 0 ] ||
		(umask 022; cd "$project" &&
			cp --parents --remove-destination -t "$dir" -- "${plain[@]}" &&
			cd "$dir" && chmod a+rX,u+w -- "${plain[@]}")
}

# apply_step STEP DIR VERSION - do one step in a staged copy of Linux VERSION
apply_step() {
	local patch=${steps[$1]} dir=$2 kind file files changes out where failed=
	changes=$(edits "$patch")
	while read -r kind file; do
		case $kind in
		'') ;;
		A) [ ! -e "$dir/$file" ] ||
			die "$patch: $file is to be new, but Linux $3 here has it: is it" \
				"patched already?" ;;
		*) [ -e "$dir/$file" ] ||
			die "$patch: $file does not exist in Linux $3 here" ;;
		esac
	done <<<"$changes"

	# No fuzz, and not far off: a hunk may have moved, but must not land elsewhere.
	if [ -n "$changes" ]; then
		out=$(sed '1,/^---$/d' "$project/$patch" |
			patch -d "$dir" -p1 --fuzz=0 -N --batch \
				--no-backup-if-mismatch -r - 2>&1) ||
			failed="${out##*$'\n'}"
		where=$(awk '
			/^(patching|checking) file / { file = $3; sub(":$", "", file) }
			/^Reversed / { print file " has it already"; exit }
			/^Hunk #.* FAILED at / {
				print file ": hunk " substr($2, 2) " (line " $5 + 0 ")"
				exit
			}
			/^Hunk #.*offset -?([0-9][0-9][0-9][0-9]+|[5-9][0-9][0-9]) / {
				print file ": hunk " substr($2, 2) \
					" (fits only far away, at line " $5 ")"
				exit
			}' <<<"$out")
		[ -z "$failed$where" ] ||
			die "$patch does not apply to Linux $3: ${where:-$failed}"
	fi

	files=()
	for file in "${!brought[@]}"; do
		[ "${brought[$file]}" != "$1" ] || files+=("$file")
	done
	[ ${#files[@]} = 0 ] || bring "$dir" "${files[@]}" 2>/dev/null || unwritable "$dir"
	for file in "${files[@]}"; do
		in_tree "$file"
		[ -n "${later[$dest]:-}" ] || continue
		# shellcheck disable=SC2086 # step numbers
		(cd "$dir" && undo_edits "$dest" ${later[$dest]}) || exit 1
	done

	# The last edit has to end in what the project has.
	for file in "${!later[@]}"; do
		[ "${later[$file]%% *}" = "$1" ] || continue
		cmp -s "$(from_tree "$file")" "$dir/$file" ||
			die "with $patch, $file is not that of the project: use scripts/refresh.sh"
	done
}

# add_maintainers ENTRY FILE - put the entry where its title belongs in the list
add_maintainers() {
	# The list is not everywhere in order: the place is before the first two titles in
	# a row that come after ours. A title follows an empty line; the list begins with
	# the first tagged line.
	awk 'FILENAME == ARGV[1] {
		if ($0 !~ /^#/ && (n || $0 != ""))
			entry[++n] = $0
		next
	     }
	     FNR == 1 { pass++; last = "x" }
	     pass == 1 {
		if (/^[A-Z]:\t/)
			list = 1
		if (list && !done && last == "" && $0 != "") {
			if (after && $0 > entry[1])
				done = 1
			else
				after = $0 > entry[1] ? FNR : 0
		}
		last = $0
		next
	     }
	     FNR == after {
		for (i = 1; i <= n; i++)
			print entry[i]
		print ""
	     }
	     { print }
	     END { exit !after }' "$1" "$2" "$2" >"$2.new" && mv "$2.new" "$2"
}
