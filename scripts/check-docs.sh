#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Prints what is wrong in the project's documents, one finding a line: what make htmldocs
# warns of in one of them, names of files and functions that do not exist, and what kernel-doc
# warns of in a file of the kernel's since the project edits it. Part of make check.
#
# The kernel has some thousand documents. So make htmldocs gets a tree that has only those
# of the project, those that its patches edit, and the indices of their folders. What these
# indices miss then is no finding, but a document that is in none of them is.
set -u
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/steps.sh
. "$(dirname "$0")/steps.sh"

need make:make perl:perl sphinx-build:python3-sphinx
tree=$("$(dirname "$0")/tree.sh") || exit 1
base=$("$(dirname "$0")/base.sh") || exit 1
read_steps

farm=$build/check.docs
trap 'rm -rf "$farm"' EXIT
rm -rf "$farm"
{ mkdir -p "$farm/Documentation" && cd "$farm" && ln -s "$tree"/* . 2>/dev/null
	[ -L Makefile ]; } || unwritable "$farm"

mapfile -t docs < <(printf '%s\n' "${touched[@]}" | grep -v '/index\.rst$' |
	grep -E '^Documentation/.*\.rst$|/ABI/')
mapfile -t images < <(printf '%s\n' "${touched[@]}" | grep '^Documentation/.*\.svg$')
mapfile -t indices < <(for file in "${docs[@]}"; do
	while file=${file%/*}; [ "$file" != Documentation ]; do
		[ ! -e "$tree/$file/index.rst" ] || echo "$file/index.rst"
	done
done | sort -u)
mapfile -t included < <(cd "$tree" && for file in "${docs[@]}"; do
	sed -n "s,^\.\. include:: \([^/]\),${file%/*}/\1,p" "$file"
done)
(cd "$tree" && cp --parents -r -t "$farm" \
	Documentation/{Makefile,conf.py,index.rst,sphinx,sphinx-static} \
	Documentation/admin-guide/{abi,abi-testing}.rst \
	"${docs[@]}" "${images[@]}" "${indices[@]}" "${included[@]}") || unwritable "$farm"
# Headers and tables of which the kernel makes documents are left out.
mkdir -p Documentation/{userspace-api/media,networking/netlink_spec}
echo 'html: ;' >Documentation/userspace-api/media/Makefile
: >Documentation/networking/netlink_spec/index.rst

if ! make htmldocs >log 2>&1; then
	cp log "$build/check.docs.log"
	echo "make htmldocs failed: see $build/check.docs.log"
fi
# In a comment of the kernel's, the line of the document comes first and then its own.
sed -E "s,^($farm|$tree)/,,; s,^Documentation/[^ ]*:[0-9]+: (.*:[0-9]),\\1,; s,^\\./,," log |
	sort -u | while IFS= read -r line; do
	file=${line%%:*}
	case $line in
	*/index.rst:*"nonexisting document '"*)
		missing=${line##*"document '"}
		[ -e "$tree/Documentation/${missing%"'"*}.rst" ] || echo "$line" ;;
	*/index.rst:*) ;;
	*) [[ " ${docs[*]} ${images[*]} ${!brought[*]} " != *" $file "* ]] || echo "$line" ;;
	esac
done

# names PATTERN - what the documents call by names of this form, with the document
names() {
	(cd "$tree" && grep -oE -H -e "$1" "${docs[@]}" | sort -u)
}
folders='(Documentation|arch|include|kernel|mm|scripts|tools)'
names "\\b$folders/[[:alnum:]_/.-]+\\.(c|h|rst|sh|svg|txt)\\b" |
	while IFS=: read -r file name; do
		[ -e "$tree/$name" ] || [ -e "$project/$name" ] || echo "$file: there is no $name"
	done
functions=$(names '\b[[:alpha:]_][[:alnum:]_]+\(\)')
known=$(cd "$tree" && grep -rhowF -f <(sed 's/.*://; s/()//' <<<"$functions" | sort -u) \
	include mm kernel/dma arch/*/mm lib tools/mm tools/testing/cma | sort -u)
while IFS=: read -r file name; do
	# What the kernel's document names has a reason that is not the project's.
	grep -qx "${name%()}" <<<"$known" || grep -qF "$name" "$build/base/$file" 2>/dev/null ||
		echo "$file: there is no $name"
done <<<"$functions"

# remarks TREE FILE - of kernel-doc
remarks() {
	(cd "$1" && perl scripts/kernel-doc -none "$2" 2>&1 | sed 's/:[0-9]*: /: /' | sort -u)
}
for file in "${touched[@]}"; do
	[[ $file == *.[ch] && -e $base/$file && -e $tree/$file ]] || continue
	[ -n "${brought[$file]:-}" ] ||
		comm -13 <(remarks "$base" "$file") <(remarks "$tree" "$file")
done
