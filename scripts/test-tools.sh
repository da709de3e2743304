#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Test base.sh, tree.sh, series.sh, apply.sh and the Makefile on a kernel tree and a project
# of a few lines each: what they make, what they refuse, and being killed at any point.
set -u
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/tap.sh"

need git:git patch:patch rsync:rsync flock:util-linux xz:xz-utils zstd:zstd bzip2:bzip2 make:make
scripts=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$scripts")
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
unset TREE KERNEL_SRC
export HOME=$tmp GIT_CONFIG_NOSYSTEM=1 PROJECT=$tmp/project BUILD=$tmp/build
export GIT_AUTHOR_NAME=T GIT_AUTHOR_EMAIL=t@localhost
export GIT_COMMITTER_NAME=T GIT_COMMITTER_EMAIL=t@localhost

# ok TEXT COMMAND... - it succeeds
ok() {
	local text=$1
	shift
	"$@" >"$tmp/out" 2>"$tmp/err"
	result $? "$text" "$tmp/err"
}

# bad TEXT PATTERN COMMAND... - it fails with one line that matches, and changes nothing
bad() {
	local text=$1 pattern=$2 before status=0
	shift 2
	before=$(snapshot)
	"$@" >"$tmp/out" 2>"$tmp/err" && status=1
	[ "$(wc -l <"$tmp/err")" = 1 ] || status=1
	grep -qE "$pattern" "$tmp/err" || status=1
	[ "$(snapshot)" = "$before" ] || { status=1; echo "something was changed" >>"$tmp/err"; }
	result "$status" "$text" "$tmp/err"
}

snapshot() {
	find build mine* -path '*/.git' -prune -o -name '.lock-*' -o -name tree.touched -o \
		-type f -printf '%p %T@ %s\n' 2>/dev/null | sort
	[ ! -d mine/.git ] || git -C mine rev-parse HEAD
}

base() { "$scripts/base.sh"; }
tree() { "$scripts/tree.sh"; }
series() { "$scripts/series.sh"; }
apply() { "$scripts/apply.sh"; }

# A kernel: DIR SUBLEVEL
kernel() {
	mkdir -p "$1/mm" "$1/lib"
	printf '%s\n' '# a kernel' 'VERSION = 6' 'PATCHLEVEL = 12' "SUBLEVEL = $2" \
		'EXTRAVERSION =' >"$1/Makefile"
	: >"$1/Kbuild"
	seq -f 'obj-y += file%g.o' 40 >"$1/mm/Makefile"
	echo 'int stock;' >"$1/mm/stock.c"
	seq -f 'int large%g;' 500 >"$1/lib/large.c"
	echo 'int other;' >"$1/lib/other.c"
	echo 'int old;' >"$1/lib/old.c"
	printf '%s\n' Maintainers '' ALPHA 'L:	a' '' ZULU 'L:	z' '' BRAVO 'L:	b' '' \
		DELTA 'L:	d' '' ECHO 'L:	e' >"$1/MAINTAINERS"
}

# A project of two steps
project() {
	rm -rf project
	mkdir -p project/mm/sub project/patches project/scripts
	cd project || exit 1
	cp "$scripts/lib.sh" scripts
	git init -q
	echo /build/ >.gitignore
	echo 'int mine;' >mm/stock.c
	seq -f 'int new%g;' 500 >mm/sub/new.c
	printf '#!/bin/sh\n' >mm/sub/run.sh
	chmod +x mm/sub/run.sh
	echo 'config CMA' >Kconfig.cma
	printf '%s\n' '# SPDX' '' 'CHARLIE' 'L:	c' >MAINTAINERS.cma
	printf '%s\n' 'a new thing' '' 'Its text.' >patches/cover
	printf '%s\n' one.patch '# a comment' two.patch >patches/series
	cat >patches/one.patch <<-'END'
	one: first

	Because.

	---
	Brings: mm/stock.c Kconfig.cma
	Brings: mm/sub/*.sh

	diff --git a/mm/Makefile b/mm/Makefile
	--- a/mm/Makefile
	+++ b/mm/Makefile
	@@ -18,7 +18,7 @@
	 obj-y += file18.o
	 obj-y += file19.o
	 obj-y += file20.o
	-obj-y += file21.o
	+obj-y += twentyone.o
	 obj-y += file22.o
	 obj-y += file23.o
	 obj-y += file24.o
	END
	cat >patches/two.patch <<-'END'
	two: second

	Because.

	---
	Brings: mm/sub/new.c MAINTAINERS.cma

	diff --git a/lib/old.c b/lib/old.c
	deleted file mode 100644
	--- a/lib/old.c
	+++ /dev/null
	@@ -1 +0,0 @@
	-int old;
	END
	git add -A
	git commit -qm project
	cd ..
}

echo "TAP version 13"

# --- base ---
kernel k1 7
kernel k2 9
echo 'int other9;' >k2/lib/other.c
project
export KERNEL_SRC=$tmp/none
bad "base: KERNEL_SRC that does not exist" "KERNEL_SRC=.*none does not exist" base
mkdir empty
KERNEL_SRC=empty bad "base: a folder that is no kernel" "KERNEL_SRC=.*empty is no kernel" base
kernel k66 1
sed -i 's/PATCHLEVEL = 12/PATCHLEVEL = 6/' k66/Makefile
KERNEL_SRC=k66 bad "base: another version" "Linux 6\.6\.1: give one of Linux 6\.12" base
kernel krc 0
sed -i 's/^EXTRAVERSION =/& -rc3/' krc/Makefile
KERNEL_SRC=krc bad "base: a release candidate" "6\.12\.0-rc3" base
kernel kdirty 7
touch kdirty/mm/file.o
mkdir build
KERNEL_SRC=kdirty bad "base: a folder that was built in" "mm/file\.o.*mrproper" base
mkdir shims
printf '#!/bin/sh\necho x 1 1 1000 1 x\n' >shims/df
chmod +x shims/df
KERNEL_SRC=k1 PATH=$tmp/shims:$PATH bad "base: no room on the disk" \
	"needs [0-9]+ MiB and .* has 0 MiB free" base
tar -C k1 -cJf k1.tar.xz .
PATH=$tmp/shims:$PATH KERNEL_SRC=k1.tar.xz bad "base: no room to unpack" "needs [0-9]+ MiB" base
rm shims/df

export KERNEL_SRC=$tmp/k1
ok "base: from a folder" base
ok "base: is that folder" diff -r k1 build/base
before=$(stat -c %i build/base)
ok "base: again" base
ok "base: again does nothing" [ "$before" = "$(stat -c %i build/base)" ]
ok "base: last line is the path" [ "$(base 2>/dev/null | tail -n 1)" = "$BUILD/base" ]
for name in k2.tar.xz k2.tar.gz k2.tar.bz2 k2.tar.zst; do
	tar -caf "$name" k2
	KERNEL_SRC=$tmp/k1 base >/dev/null 2>&1
	KERNEL_SRC=$name ok "base: from $name" base
	ok "base: is what $name holds" diff -r k2 build/base
done
tar -C k1 -cf flat.tar .
KERNEL_SRC=flat.tar ok "base: from a tarball without a leading folder" base
ok "base: is what that holds" diff -r k1 build/base
KERNEL_SRC=$tmp/build/base bad "base: KERNEL_SRC inside build" "lies in" base
tarball_bad() { "$scripts/base.sh" 2>&1 >/dev/null | grep -v ' unpacking ' >&2; return 1; }
head -c 200 k2.tar.xz >cut.tar.xz
KERNEL_SRC=cut.tar.xz bad "base: a tarball that is cut short" "could not unpack .*cut" tarball_bad
echo hello >text.tar
KERNEL_SRC=text.tar bad "base: a file that is no tarball" "could not unpack .*text" tarball_bad
tar -cf k66.tar k66
KERNEL_SRC=k66.tar bad "base: a tarball of another version" "Linux 6\.6\.1" tarball_bad
tar -cf other.tar empty
KERNEL_SRC=other.tar bad "base: a tarball of something else" "no kernel" tarball_bad

# --- tree ---
ok "tree: made" tree
in_tree_ok() {
	cmp project/mm/stock.c build/tree/mm/stock.c &&
	cmp project/Kconfig.cma build/tree/mm/Kconfig.cma &&
	cmp project/mm/sub/new.c build/tree/mm/sub/new.c &&
	[ -x build/tree/mm/sub/run.sh ] && [ ! -x build/tree/mm/sub/new.c ] &&
	[ ! -e build/tree/lib/old.c ] && [ ! -e build/tree/patches ] &&
	[ "$(diff build/base/mm/Makefile build/tree/mm/Makefile | grep -c '^[<>]')" = 2 ] &&
	[ "$(grep -c twentyone build/tree/mm/Makefile)" = 1 ]
}
ok "tree: has the project" in_tree_ok
ok "tree: the rest is the base's" [ "$(diff -rq build/base build/tree | wc -l)" = 6 ]
ok "tree: the entry of MAINTAINERS is at its place" \
	[ "$(grep -A3 CHARLIE build/tree/MAINTAINERS | tr '\n\t' '/ ')" = 'CHARLIE/L: c//DELTA/' ]
before=$(snapshot)
ok "tree: again" tree
ok "tree: again changes nothing" [ "$(snapshot)" = "$before" ]
echo 'int newer;' >project/mm/sub/new.c
tree 2>/dev/null >/dev/null
ok "tree: an edited file arrives, alone" \
	[ "$(diff <(echo "$before") <(snapshot) | grep -c '^>')" = 1 ]
echo hand >build/tree/mm/stock.c
ok "tree: once more" tree
ok "tree: what was edited by hand there is put right" in_tree_ok
rm build/tree/mm/sub/new.c
chmod -x build/tree/mm/sub/run.sh
ok "tree: and again" tree
ok "tree: files and modes that got lost come back" in_tree_ok
rm project/mm/sub/new.c
sed -i 's,mm/sub/new.c ,,' project/patches/two.patch
sed -i '/^diff/,$d' project/patches/one.patch
ok "tree: with less in the project" tree
ok "tree: what went is gone" [ ! -e build/tree/mm/sub/new.c ]
ok "tree: what is no longer patched is the base's" cmp build/base/mm/Makefile build/tree/mm/Makefile
project
tree >/dev/null 2>&1
echo junk >build/base.from.new
mkdir -p build/tree.new/mm build/tree.stage/mm build/base.new
ok "tree: leftovers of an interrupted run" tree
ok "tree: they are gone" [ ! -e build/tree.new ]
touch -d '2001-01-01' build/tree/lib/other.c build/tree/Kbuild
KERNEL_SRC=k2 ok "tree: on another point release" tree
ok "tree: has its files" cmp k2/lib/other.c build/tree/lib/other.c
ok "tree: has the project still" in_tree_ok
ok "tree: a changed file is new to make, another is not" \
	[ "$(cd build/tree && find lib/other.c Kbuild -newermt 2002-01-01)" = lib/other.c ]
KERNEL_SRC=k1 tree >/dev/null 2>&1

# Each of these spoils a good project in one way.
spoil() {	# TEXT PATTERN COMMAND
	project
	(cd project && eval "$3")
	bad "tree: $1" "$2" tree
}
spoil "a hunk that does not fit" "one\.patch .*6\.12\.7: mm/Makefile: hunk 1 \(line 18\)" \
	"sed -i 's/file20/file20x/' patches/one.patch"
spoil "a hunk whose context is only nearly right" "mm/Makefile: hunk 1" \
	"sed -i 's/file24/file24x/' patches/one.patch"
spoil "a patch to a file that is not there" "lib/none\.c does not exist in Linux 6\.12\.7" \
	"sed -i 's,lib/old,lib/none,g' patches/two.patch"
spoil "a new file that is there" "lib/old\.c is to be new" \
	"sed -i 's/^deleted/new/' patches/two.patch"
spoil "a patch that was cut short" "one\.patch does not apply" "sed -i '\$d' patches/one.patch"
spoil "a file that no step brings" "mm/stray\.c is in no step" "echo x >mm/stray.c"
spoil "a file that two steps bring" "mm/stock\.c is brought twice" \
	"sed -i 's,^Brings: ,&mm/stock.c ,' patches/two.patch"
spoil "a pattern that brings nothing" "brings 'mm/none\*', which is no file" \
	"sed -i 's,^Brings: ,&mm/none* ,' patches/two.patch"
spoil "a patch that is not listed" "stray\.patch is not listed" \
	"cp patches/one.patch patches/stray.patch"
spoil "a patch that is listed but missing" "lists none\.patch, which does not exist" \
	"echo none.patch >>patches/series"
spoil "a patch that edits a file of the project" "edits mm/stock\.c, which the project owns" \
	"sed -i 's,mm/Makefile,mm/stock.c,g' patches/one.patch"
spoil "a patch without the line ---" "two\.patch has no line '---'" \
	"sed -i '/^---\$/d' patches/two.patch"
spoil "no list of patches" "no patches/series" "rm patches/series"

# A file that comes in two parts
parts() {
	project
	printf '%s\n' 'int mine;' 'int more;' 'int two;' 'int late;' >project/mm/stock.c
	cat >>project/patches/two.patch <<-'END'
	diff --git a/mm/stock.c b/mm/stock.c
	--- a/mm/stock.c
	+++ b/mm/stock.c
	@@ -1,3 +1,4 @@
	 int mine;
	 int more;
	-int one;
	+int two;
	+int late;
	END
	git -C project add -A
	git -C project commit -qm parts
}
added() {	# MAIL - the lines that it adds to mm/stock.c
	awk '/^diff / { on = /stock/ } on && /^\+([^+]|$)/' "build/series/$1"-*.patch | tr '\n' ' '
}
parts
ok "tree: a file that comes in two parts" tree
ok "tree: it is whole" cmp project/mm/stock.c build/tree/mm/stock.c
ok "series: with such a file" series
ok "series: the first part" [ "$(added 0001)" = "+int mine; +int more; +int one; " ]
ok "series: the second part" [ "$(added 0002)" = "+int two; +int late; " ]
sed -i 's/late/later/; s/mine/ours/' project/mm/stock.c
bad "tree: when a part has changed" "two\.patch puts into mm/stock\.c is not all there.*refresh" \
	tree
ok "refresh: brings the parts up to date" "$scripts/refresh.sh"
ok "series: after that" series
ok "series: a line of the first part" [ "$(added 0001)" = "+int ours; +int more; +int one; " ]
ok "series: a line of the second part" [ "$(added 0002)" = "+int two; +int later; " ]

project
kernel kmoved 7
sed -i '1i # one\n# two\n# three' kmoved/mm/Makefile
KERNEL_SRC=kmoved ok "tree: on a base where lines have moved" tree
ok "tree: the hunk is at its place" grep -qx 'obj-y += twentyone.o' build/tree/mm/Makefile
kernel kdone 7
sed -i 's/file21.o/twentyone.o/' kdone/mm/Makefile
KERNEL_SRC=kdone base >/dev/null 2>&1
KERNEL_SRC=kdone bad "tree: on a base that has the change already" \
	"6\.12\.7: mm/Makefile has it already" tree
kernel kfar 7
seq -f 'obj-y += more%g.o' 600 | cat - k1/mm/Makefile >kfar/mm/Makefile
KERNEL_SRC=kfar base >/dev/null 2>&1
KERNEL_SRC=kfar bad "tree: on a base where they are far away" \
	"mm/Makefile: hunk 1 \(fits only far away" tree
base >/dev/null 2>&1
limited() { (ulimit -f 1; trap '' XFSZ; "$@"); }
rm -rf build/tree*
bad "tree: when writing fails" "could not write .*MiB free" limited "$scripts/tree.sh"
ok "tree: no half of it is left" [ ! -e build/tree ]

# --- killed at any point ---
# A step is never seen half done because it ends with a rename: be killed before each of them,
# or before some of them unless LONG=1.
stride=$((${LONG:-0} ? 1 : 4))
real=$(command -v mv)
cat >shims/mv <<END
#!/bin/sh
echo >>$tmp/moves
[ \$(wc -l <$tmp/moves) -lt \$KILL_AT ] || kill -9 0
exec $real "\$@"
END
chmod +x shims/mv
killed() {	# KILL_AT COMMAND - true while there was still something to kill
	rm -f moves
	KILL_AT=$1 PATH=$tmp/shims:$PATH bash -c 'setsid -w "$0"; :' "$2" >/dev/null 2>&1
	[ -f moves ] && [ "$(wc -l <moves)" -ge "$1" ]
}
tree >/dev/null 2>&1
rm -rf want
cp -a build/tree want
at=1
bads=
while :; do
	rm -rf build
	KERNEL_SRC=k2 tree >/dev/null 2>&1	# so that there is something to go back from
	killed "$at" "$scripts/tree.sh" || break
	[ ! -d build/base ] || [ -f build/base/mm/stock.c ] || bads="$bads $at"
	tree >/dev/null 2>&1 && diff -r want build/tree >/dev/null || bads="$bads $at"
	at=$((at + stride))
done
echo "# killed before each rename of $stride up to $at, wrong after:${bads:- none}"
ok "tree: killed before each rename, then run again" [ "$at" -gt 5 -a -z "$bads" ]

# --- series ---
ok "series: made" series
ok "series: numbered, with a cover letter" [ "$(cd build/series && echo *)" = \
	"0000-cover-letter.patch 0001-one-first.patch 0002-two-second.patch" ]
ok "series: the cover letter has its subject" \
	grep -q '^Subject: \[PATCH 0/2\] a new thing$' build/series/0000*
ok "series: the cover letter has its text" grep -qx 'Its text.' build/series/0000*
ok "series: a patch has its message" grep -qx 'Because.' build/series/0001*
ok "series: MAINTAINERS comes with its step" \
	[ "$(grep -l '^+CHARLIE' build/series/*)" = build/series/0002-two-second.patch ]
am_is_tree() {
	rm -rf am && cp -r k1 am && cd am && git init -q && git add -A && git commit -qm base &&
	git am -q ../build/series/000[12]* && diff -r -x .git . ../build/tree
}
ok "series: git am on the base gives the tree" am_is_tree
cd "$tmp" || exit 1
cp -r build/series series.first
rm -rf build/series
HOME=$tmp/empty ok "series: once more" series
ok "series: the same bytes" diff -r series.first build/series
mkdir -p build/series.new build/series.repo/.git
ok "series: leftovers of an interrupted run" series
rm project/patches/cover
bad "series: no cover letter" "no patches/cover" series
project

# --- apply ---
mine() {	# a tree of the user's own: git or plain
	rm -rf mine
	cp -r "${2:-k1}" mine
	[ "$1" = plain ] || (cd mine && git init -q && git add -A && git commit -qm base)
}
export TREE
TREE=
bad "apply: no TREE" "make apply TREE=dir" apply
TREE=$tmp/none
bad "apply: TREE that does not exist" "TREE=.*none is no folder" apply
TREE=$tmp/empty
bad "apply: TREE that is no kernel" "is no kernel" apply
TREE=k66
bad "apply: TREE of another version" "TREE=.*k66 is Linux 6\.6\.1" apply
TREE=build/tree
bad "apply: TREE is the project's own" "is the project's own" apply
TREE=mine
for kind in git plain; do
	mine "$kind"
	ok "apply: to a $kind tree" apply
	ok "apply: a $kind tree is then the project's" diff -r -x .git build/tree mine
	bad "apply: a $kind tree that has it already" "has the project already" apply
	mine "$kind" kmoved
	ok "apply: to a $kind tree where lines have moved" apply
	mine "$kind" k2
	ok "apply: to a $kind tree of another point release" apply
	cp -r k1 kbad
	sed -i s/file20/file20x/ kbad/mm/Makefile
	mine "$kind" kbad
	bad "apply: a hunk that does not fit a $kind tree" "mm/Makefile: hunk 1" apply
	cp k1/mm/Makefile kbad/mm
	echo 'int vendor;' >>kbad/mm/stock.c
	mine "$kind" kbad
	bad "apply: a $kind tree with its own changes in what is replaced" \
		"changes in mm/stock\.c" apply
	mine "$kind"
	mkdir mine/mm/sub
	echo x >mine/mm/sub/new.c
	bad "apply: a $kind tree with a file where one is to come" "mm/sub/new\.c of its own" apply
	mine "$kind"
	touch mine/mm/Makefile.rej
	bad "apply: a $kind tree with a rejected patch" "mm/Makefile\.rej is left" apply
	rm -rf kbad
done
mine git
echo >>mine/lib/other.c
bad "apply: a git tree with changes" "not committed \(lib/other\.c\)" apply
mine git
mkdir mine/.git/rebase-apply
bad "apply: a git tree in the middle of git am" "in the middle" apply
mine git
cat >mine/.git/hooks/applypatch-msg <<'END'
#!/bin/sh
! grep -q second "$1"
END
chmod +x mine/.git/hooks/applypatch-msg
am_fails() { "$scripts/apply.sh" 2>&1 >/dev/null | grep -v '^series: ' >&2; return 1; }
rm -rf build/series
series >/dev/null 2>&1
bad_git() {
	local head
	head=$(git -C mine rev-parse HEAD)
	am_fails
	[ "$head" = "$(git -C mine rev-parse HEAD)" ] &&
		[ -z "$(git -C mine status --porcelain)" ] && grep -q 'git am failed' "$tmp/err"
}
ok "apply: git am that fails half way is taken back" bad_git
mine plain
(cd "$tmp/.." && git -C "$tmp" init -q)
ok "apply: to a plain tree inside another git tree" apply
rm -rf "$tmp/.git"
ok "apply: that is then the project's" diff -r build/tree mine

at=1
bads=
while :; do
	mine plain
	killed "$at" "$scripts/apply.sh" || break
	apply >/dev/null 2>&1 && diff -r build/tree mine >/dev/null || bads="$bads $at"
	at=$((at + stride))
done
echo "# killed before each rename of $stride up to $at, wrong after:${bads:- none}"
ok "apply: killed before each rename, then run again" [ "$at" -gt 5 -a -z "$bads" ]
mine plain
unwritable() {
	local status=0
	limited "$scripts/apply.sh" && status=1
	diff -r k1 mine && [ "$status" = 0 ]
}
ok "apply: when writing fails, nothing is changed" unwritable

# --- the Makefile and what is missing ---
make_says() {	# LINES PATTERN ARGUMENT...
	local lines=$1 pattern=$2
	shift 2
	(unset MAKEFLAGS; cd "$root" && make "$@") >"$tmp/out" 2>"$tmp/err" && return 1
	grep -qE "$pattern" "$tmp/err" && [ "$(wc -l <"$tmp/err")" = "$lines" ]
}
ok "make: an unknown target" make_says 1 'no target "tset"; there are: .*test' tset
ok "make: an unknown target after a good one" make_says 1 'no target "foo"' help foo
ok "make: an unknown ARCH" make_says 1 'ARCH="sparc" is not known; use one of: x86_64' vm ARCH=sparc
ok "make: a command's own complaint" make_says 2 'TREE=/none is no folder' apply TREE=/none
ok "make bench: a peer that is no kernel" \
	make_says 2 'PEERS: /none is not a kernel tree' bench PEERS=/none
mkdir more
kernel kbench 7
touch kbench/mm/cma.c
cp -r kbench more
ok "make bench: two trees of one name" \
	make_says 2 'PEERS: a second tree named kbench' bench "PEERS=$tmp/kbench $tmp/more/kbench"
ok "make bench: an unknown scenario" \
	make_says 2 'there is no "nope" for ARCH=x86_64; there are: idle' bench \
		SCENARIOS="loaded nope"
ok "make bench: a scenario that needs disks, without any" \
	make_says 2 'there is no "busy" for ARCH=um; there are: idle mixed$' bench ARCH=um \
		SCENARIOS=busy
ok "make bench: an unknown load" \
	make_says 2 'LOADS: there is no "nope"; there are: swap' bench LOADS="swap nope"
ok "make bench: a tree that is not measured" \
	make_says 2 'TREES: there is no "theirs"; there are: stock ours' bench TREES=theirs
ok "make bench: a size that is no number" \
	make_says 2 'PAGES="64M": expected numbers' bench PAGES=64M
ok "make bench: no rounds" make_says 2 'ROUNDS="0": expected a number' bench ROUNDS=0
ok "make bench: a wrong switch" make_says 2 'ICOUNT="yes": expected 1' bench ICOUNT=yes
ok "make help" make -C "$root" help
ok "make help names every target" [ "$(grep -c '^make ' "$tmp/out")" -ge 10 ]

printf '#!/bin/sh\necho 1000\n' >shims/id
printf '#!/bin/sh\nexit 1\n' >shims/sudo
chmod +x shims/*
rm shims/mv
need_nothing() {
	PATH=$tmp/shims:$PATH sh -c '. "$1"; need no-such-command:its-package sh:dash \
		/no/such/file:other-package' need "$scripts/lib.sh" </dev/null
}
bad "a tool is missing, and no right to install it" \
	"run this first, as root: apt-get install -y its-package other-package$" need_nothing

echo "1..$count"
[ "$failed" = 0 ]
