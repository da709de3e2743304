#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# make kernel - configure and build a kernel; its image's path is the last line.
#
# ARCH=x86_64|arm64|arm|um  DEBUG=1 with checkers  STOCK=1 the untouched tree
# CONFIG=file one more fragment  CONFIGURE_ONLY=1 stop when .config is right
# KERNEL_TREE=dir another tree, then KERNEL_NAME=word tells its kernels apart, and with
#   KERNEL_LOOSE=1 it need not have every option that a kernel of 6.12 has
set -o pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=arch.sh
. "$here/arch.sh"

# Lines of the fragments that .config.new does not agree with; the last fragment that speaks
# of an option is the one to be heard.
not_taken() {
	awk '
		match($0, /^CONFIG_[A-Za-z0-9_]+=/) {
			option = substr($0, 1, RLENGTH - 1)
			line = substr($0, RLENGTH) == "=n" ? "" : $0
		}
		/^# CONFIG_[A-Za-z0-9_]+ is not set$/ {
			option = $2
			line = ""
		}
		option != "" {
			if (FILENAME == config)
				has[option] = line
			else
				wants[option] = line
			option = ""
		}
		END {
			for (option in wants)
				if (wants[option] != has[option])
					print wants[option] == "" ? \
						"# " option " is not set" : wants[option]
		}' config="$out/.config.new" "${fragments[@]}" "$out/.config.new" | sort
}

build() {
	"${kmake[@]}" "$@" </dev/null
}

configure() {
	cat "${fragments[@]}" >"$out/.fragments.new"
	# A Kconfig file that is newer may know other options.
	if cmp -s "$out/.fragments" "$out/.fragments.new" && [ -e "$out/.config" ] &&
	   [ -z "$(find "$tree/" -name 'Kconfig*' -newer "$out/.fragments" -print -quit)" ]; then
		return
	fi
	say "configuring $name"
	# What no fragment asks for, and nothing else needs, is off: each file that is compiled
	# counts on the way to a first result.
	CCACHE_DISABLE=1 KCONFIG_CONFIG=$out/.config.new KCONFIG_ALLCONFIG=$out/.fragments.new \
		build allnoconfig >"$out/log" 2>&1 || die "the configuration failed; see $out/log"
	wrong=$(not_taken | sed ':a; N; $!ba; s/\n/, /g')
	if [ -n "$wrong" ]; then
		wrong="not taken by $tree for $ARCH (unknown, or what it depends on is off): $wrong"
		[ "${KERNEL_LOOSE:-}" = 1 ] || die "$wrong"
		say "$wrong"
	fi
	mv "$out/.config.new" "$out/.config"
	CCACHE_DISABLE=1 build syncconfig >"$out/log" 2>&1 ||
		die "the configuration failed; see $out/log"
	mv "$out/.fragments.new" "$out/.fragments"
}

# Show how far make is; its words go to the log.
progress() {
	local n=0 shown=$SECONDS every=30 line
	[ -t 2 ] && every=1
	while IFS= read -r line; do
		printf '%s\n' "$line" >&3
		case $line in
		"  CC "*|"  AS "*|"  AR "*|"  LD "*) n=$((n + 1)) ;;
		*) continue ;;
		esac
		[ $((SECONDS - shown)) -ge $every ] || continue
		shown=$SECONDS
		if [ -t 2 ]; then
			printf '\r%s: %s: step %d of about %d, %d:%02d ' "$me" "$name" \
				$n "$steps" $((SECONDS / 60)) $((SECONDS % 60)) >&2
		else
			say "$name: step $n of about $steps"
		fi
	done 3>"$out/log"
	[ ! -t 2 ] || printf '\r\033[K' >&2
	[ $n -le "$steps" ] || echo $n >"$out/.steps"
}

case $STOCK$DEBUG in
*[!01]*) die "STOCK=\"$STOCK\" DEBUG=\"$DEBUG\": each is 1 or empty" ;;
esac
if [ -n "$CONFIG" ]; then
	[ -r "$CONFIG" ] || die "CONFIG=$CONFIG is not a file that can be read"
	CONFIG=$(realpath "$CONFIG")
	bad=$(grep -nvxE '#.*|[[:space:]]*|CONFIG_[A-Za-z0-9_]+=.+' "$CONFIG" | head -n 1)
	[ -z "$bad" ] ||
		die "CONFIG=$CONFIG, line ${bad%%:*}: expected CONFIG_NAME=value, not ${bad#*:}"
fi

need gcc:gcc make:make flex:flex bison:bison bc:bc perl:perl xz:xz-utils "${cross}gcc:$cross_gcc"
[ "$ARCH" != x86_64 ] || need /usr/include/libelf.h:libelf-dev
[ "$host" = other ] || need ccache:ccache

name=$ARCH
[ "$DEBUG" != 1 ] || name=$name-debug
if [ -n "$KERNEL_TREE" ]; then
	tree=$(realpath "$KERNEL_TREE")
	name=$name-${KERNEL_NAME:?}
elif [ "$STOCK" = 1 ]; then
	tree=$("$project/scripts/base.sh" | tail -n 1) || exit
	name=$name-stock
else
	tree=$("$project/scripts/tree.sh" | tail -n 1) || exit
fi
[ -f "$tree/Kbuild" ] || die "$tree is not a kernel tree"

# An architecture may lack what the others have.
fragments=()
[ "$ARCH" = um ] || fragments+=("$here/common.config")
[ ! -f "$tree/mm/Kconfig.cma" ] || fragments+=("$here/project.config")
fragments+=("$here/$ARCH.config")
[ "$DEBUG" != 1 ] || fragments+=("$here/debug.config")
if [ -n "$CONFIG" ]; then
	fragments+=("$CONFIG")
	name=$name-$(basename "$CONFIG" .config)
fi

out=$build/kernel/$name
space "$out" 1024 "a kernel build"
mkdir -p "$out" || die "cannot write in $out"
lock "kernel-$name"

# Through this link and with ccache's base folder, each compiler call reads the same
# whichever the tree and wherever it lies: what one kernel compiled, the next one finds.
ln -sfn "$tree" "$out/src"
cc=${cross}gcc
command -v ccache >/dev/null && cc="ccache $cc"
# What ccache has preprocessed, to look for it, is what gets compiled: a third less work where
# it finds nothing. Warnings of the preprocessor are no errors then, as Kconfig expects of
# one, so that what asks the compiler goes without.
export CCACHE_BASEDIR=$out CCACHE_NOCPP2=1
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970'
export KBUILD_BUILD_USER=cma KBUILD_BUILD_HOST=cma
kmake=(make -f "$out/src/Makefile" O="$out" abs_srctree="$out/src" ARCH="$ARCH"
	CROSS_COMPILE="$cross" CC="$cc" HOSTCC="${cc/$cross/}" KCFLAGS=-fmacro-prefix-map=src/=)

configure
[ "$CONFIGURE_ONLY" != 1 ] || { printf '%s\n' "$out/.config"; exit; }

# Makefiles below tools/ have a DEBUG and the like of their own.
export -n DEBUG STOCK CONFIG APPEND MEM CPUS NODES QEMU_ARGS SCRIPT FILES LONG TREE BUILD

# Whether there is anything to do is for make to find out.
steps=$(cat "$out/.steps" 2>/dev/null || echo "$objects")
if ! build -j"$(nproc)" "${image##*/}" 2>&1 | progress; then
	grep -E -m 3 -A 3 'error:|undefined reference|No space|\*\*\*' "$out/log" >&2 ||
		tail -n 10 "$out/log" >&2
	die "the build of $name failed; see $out/log"
fi
printf '%s\n' "$out/$image"
