# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# What the project's scripts share. Source it as the first thing; it sets
# $project (the project's root) and $build (where results go).

# A command line given to the project's make must not reach the kernel's make.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
export LC_ALL=C

me=${0##*/}
me=${me%.sh}

# die MESSAGE - one line that says what is wrong and what to do, then the end
die() {
	printf '%s: %s\n' "$me" "$*" >&2
	exit 1
}

# say MESSAGE - progress; on stderr, so that a caller can read a result on stdout
say() {
	printf '%s: %s\n' "$me" "$*" >&2
}

# The root is the nearest folder, upwards from the running script, that has the scripts.
if [ -n "${PROJECT:-}" ]; then
	project=$(cd "$PROJECT" && pwd -P) || die "PROJECT=$PROJECT is not a folder"
else
	project=$(cd "$(dirname "$0")" && pwd -P)
	while [ ! -x "$project/scripts/tree.sh" ]; do
		[ "$project" != / ] || die "not inside the project: no scripts/tree.sh above $0"
		project=$(dirname "$project")
	done
fi
build=${BUILD:-$project/build}
case $build in
/*) ;;
*) build=$PWD/$build ;;
esac
case $build in
*[[:space:]:]*) die "a kernel cannot be built in '$build': choose a path without space and" \
	"colon" ;;
esac

# need CMD:PACKAGE... - have each command (or, when it starts with /, file), by
# installing Debian packages where that is allowed
need() {
	need_pkgs=
	for need_one; do
		case $need_one in
		/*) [ -e "${need_one%%:*}" ] && continue ;;
		*) command -v "${need_one%%:*}" >/dev/null && continue ;;
		esac
		case " $need_pkgs " in
		*" ${need_one#*:} "*) ;;
		*) need_pkgs="$need_pkgs${need_pkgs:+ }${need_one#*:}" ;;
		esac
	done
	[ -n "$need_pkgs" ] || return 0

	command -v apt-get >/dev/null ||
		die "missing, and no apt-get to install them (Debian's names): $need_pkgs"
	if [ "$(id -u)" = 0 ]; then
		need_root=
	elif command -v sudo >/dev/null &&
	     { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; then
		need_root=sudo
	else
		die "run this first, as root: apt-get install -y $need_pkgs"
	fi
	say "installing $need_pkgs"
	# Lists may be missing or older than the mirror: fetch them when the first try fails.
	# shellcheck disable=SC2086 # words are meant to split
	need_apt install $need_pkgs >/dev/null 2>&1 ||
		{ need_apt update && need_apt install $need_pkgs; } >/dev/null 2>&1 ||
		die "could not install; see what this says: apt-get update && apt-get" \
			"install -y $need_pkgs"
}

need_apt() {
	need_verb=$1
	shift
	$need_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q \
		-o DPkg::Lock::Timeout=600 --no-install-recommends "$need_verb" "$@" </dev/null
}

# mib_free PATH - the room on its disk
mib_free() {
	free_dir=$1
	while [ ! -d "$free_dir" ]; do
		free_dir=$(dirname "$free_dir")
	done
	echo $(($(df -Pk "$free_dir" | awk 'END { print $4 }') / 1024))
}

# space DIR MIB WHAT - refuse to start WHAT where the disk cannot hold it
space() {
	space_free=$(mib_free "$1")
	[ "$space_free" -ge "$2" ] ||
		die "$3 needs $2 MiB and $1 has $space_free MiB free: make room or set" \
			"BUILD= to another disk"
}

# unwritable PATH - the end, because writing there failed
unwritable() {
	die "could not write $1: check its permissions and the room on its disk" \
		"($(mib_free "$1") MiB free)"
}

# mib DIR - the room a copy of it needs
mib() {
	echo $(($(du -sm "$1" | cut -f1) + 50))
}

# keep FILE - write standard input to FILE, whole or not at all
keep() {
	if ! { cat >"$1.new" && mv "$1.new" "$1"; } 2>/dev/null; then
		rm -f "$1.new"
		unwritable "$1"
	fi
}

# lock NAME - one at a time; held until the script ends
lock() {
	mkdir -p "$build" 2>/dev/null || unwritable "$build"
	[ -w "$build" ] || unwritable "$build"
	exec 9>"$build/.lock-$1"
	if ! flock -n 9; then
		say "waiting for another one that is at work in $build"
		flock 9
	fi
}

# kernel_version DIR - such as 6.12.117; nothing when DIR is no kernel tree
kernel_version() {
	[ -f "$1/Makefile" ] && [ -f "$1/Kbuild" ] && [ -d "$1/mm" ] || return 0
	awk '$2 == "=" && !($1 in v) { v[$1] = $3 }
	     $1 == "EXTRAVERSION" { exit }
	     END {
		if ("VERSION" in v)
			print v["VERSION"] "." v["PATCHLEVEL"] + 0 "." \
				v["SUBLEVEL"] + 0 v["EXTRAVERSION"]
	     }' "$1/Makefile"
}

# want_612 DIR NAME - the end, unless DIR is a kernel tree of 6.12.y
want_612() {
	want_found=$(kernel_version "$1")
	case $want_found in
	6.12.*-rc*) ;;
	6.12.*) return 0 ;;
	'') die "$2 is no kernel source tree: give one of Linux 6.12.y" ;;
	esac
	die "$2 is Linux $want_found: give one of Linux 6.12.y"
}
