#!/usr/bin/env bash
# Pins what a Python requirements file names: puts behind each NAME==VERSION the
# SHA-256 of the wheel that pip takes on Linux (x86-64), for each version of
# Python that the file names ("# pythons: 3.11"; otherwise 3.11 to 3.14), or of the
# source archive where there is no wheel. Comments stay. pip is asked what it
# would take; nothing is installed.
#
#   scripts/pin.sh FILE…
set -euo pipefail

python=${PYTHON:-python3}
say() { printf 'pin: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
(($# > 0)) || { say "want a requirements file; see the comment in $0"; exit 2; }
command -v jq >/dev/null || die "no jq found (Debian, Ubuntu: apt-get install jq)"

platforms=()
for tag in 2_28 2_27 2_26 2_25 2_24 2_18 2_17 2_12 2_5; do platforms+=(--platform "manylinux_${tag}_x86_64"); done
for tag in 2014 2010 1; do platforms+=(--platform "manylinux${tag}_x86_64"); done

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# would_take prints "name sha256" of what pip would take for a Python. The way
# in which names are written is PyPI's (PEP 503).
would_take() { # version, requirements file, further options…
	local version=$1 list=$2
	shift 2
	"$python" -m pip install --disable-pip-version-check --no-input --quiet --dry-run --ignore-installed --no-deps --report - \
		--target "$tmp/none" --only-binary :all: --implementation cp --python-version "$version" "${platforms[@]}" "$@" -r "$list" |
		jq -r '.install[] | "\(.metadata.name | ascii_downcase | gsub("[-_.]+"; "-")) \(.download_info.archive_info.hashes.sha256)"'
}

for file in "$@"; do
	grep -E '^[A-Za-z0-9]' "$file" | sed -E 's/[ \\].*//' >"$tmp/names" || die "$file names no package"
	: >"$tmp/hashes"
	pythons=$(sed -nE 's/^# pythons: //p' "$file")
	for version in ${pythons:-3.11 3.12 3.13 3.14}; do
		say "$file, Python $version"
		while ! would_take "$version" "$tmp/names" >"$tmp/found" 2>"$tmp/log"; do
			# One that has no wheel comes as source, which is the same for all.
			name=$(sed -nE 's/^ERROR: No matching distribution found for ([^ ]+)$/\1/p' "$tmp/log")
			[[ -n $name ]] || { cat "$tmp/log" >&2; die "pip could not resolve $file"; }
			say "$name has no wheel: taking its source"
			grep -vxF "$name" "$tmp/names" >"$tmp/rest"
			mv "$tmp/rest" "$tmp/names"
			mkdir -p "$tmp/source"
			"$python" -m pip download --disable-pip-version-check --no-input --quiet --no-deps --no-binary :all: -d "$tmp/source" "$name" >"$tmp/log" 2>&1 ||
				{ cat "$tmp/log" >&2; die "pip could not get the source of $name"; }
			printf '%s %s\n' "$(sed -E 's/==.*//; s/[-_.]+/-/g' <<<"${name,,}")" "$(sha256sum "$tmp/source/"* | cut -d' ' -f1)" >>"$tmp/hashes"
			rm -rf "$tmp/source"
		done
		cat "$tmp/found" >>"$tmp/hashes"
	done
	sort -u "$tmp/hashes" | awk '
		NR == FNR { hashes[$1] = hashes[$1] " \\\n    --hash=sha256:" $2; next }
		/^ +--hash=/ { next }
		/^[A-Za-z0-9]/ {
			sub(/[ \\].*/, "")
			name = tolower($0); sub(/==.*/, "", name); gsub(/[-_.]+/, "-", name)
			if (!(name in hashes)) { print "pin: no hash for " $0 > "/dev/stderr"; exit 1 }
			print $0 hashes[name]; next
		}
		{ print }' - "$file" >"$tmp/out"
	cat "$tmp/out" >"$file"
done
