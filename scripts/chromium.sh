#!/usr/bin/env bash
# Prints the path of a Chromium or Chrome for tests of the page and for pictures:
# $TRIDENT_CHROMIUM, or the first that PATH has. Where there is none, Debian's is
# installed, which apt checks by Debian's signatures; that takes root.
#
#   scripts/chromium.sh
set -euo pipefail

say() { printf 'chromium: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

if [[ -n ${TRIDENT_CHROMIUM:-} ]]; then
	command -v "$TRIDENT_CHROMIUM" || die "TRIDENT_CHROMIUM names $TRIDENT_CHROMIUM, which is no program"
	exit
fi

find_browser() {
	local name
	for name in chromium chromium-browser google-chrome google-chrome-stable chrome-headless-shell; do
		if command -v "$name"; then return; fi
	done
	return 1
}

if find_browser; then exit; fi
if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
	die "no Chromium found: install it (Debian: apt-get install chromium), or name one with TRIDENT_CHROMIUM"
fi
say "no Chromium found: installing Debian's"
apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o "DPkg::Lock::Timeout=600")
{ "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends chromium; } >&2 ||
	die "apt-get could not install it (see above): check the network, or name another with TRIDENT_CHROMIUM"
find_browser || die "apt-get installed chromium, but it is not on PATH"
