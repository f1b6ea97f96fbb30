#!/usr/bin/env bash
# Takes a picture of a page with headless Chromium, for the docs.
#
#   scripts/screenshot.sh URL OUT.png
#   SIZE=1600x1400 WAIT=120 scripts/screenshot.sh URL OUT.png
#
# SIZE is the window in pixels. WAIT is how many seconds the page believes to
# have passed before the picture is taken: MLflow's charts come late.
set -euo pipefail

say() { printf 'screenshot: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

(($# == 2)) || die "usage: scripts/screenshot.sh URL OUT.png"
url=$1
size=${SIZE:-1600x1200}
wait=${WAIT:-60}
[[ $size =~ ^[0-9]+x[0-9]+$ ]] || die "SIZE is $size, but must be WIDTHxHEIGHT"
[[ $wait =~ ^[0-9]+$ ]] || die "WAIT is $wait, but must be a number of seconds"

browser=$("$(dirname "${BASH_SOURCE[0]}")/chromium.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The sandbox needs rights that containers lack; the page is one of our own.
# Charts load once they are seen, so every frame must be drawn.
"$browser" --headless=new --no-sandbox --disable-gpu --hide-scrollbars --no-first-run \
	--user-data-dir="$work/profile" --window-size="${size/x/,}" \
	--virtual-time-budget="$((wait * 1000))" --run-all-compositor-stages-before-draw \
	--screenshot="$work/page.png" \
	"$url" >"$work/log" 2>&1 || { cat "$work/log" >&2; die "Chromium failed on $url (see above)"; }
[[ -s $work/page.png ]] || { cat "$work/log" >&2; die "Chromium made no picture of $url (see above)"; }
mv "$work/page.png" "$2"
