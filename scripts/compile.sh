#!/usr/bin/env bash
# Compiles the C++ that Go's build cache lacks: gotch's, once for a machine and
# two minutes, and internal/torchx's, once for a clone and half a minute. The go
# command would do the same, but in silence. Needs scripts/fetch_libtorch.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'compile: %s\n' "$*" >&2; }

# compile PACKAGE WHAT compiles a package, if need be, and shows for how long.
compile() {
	local stale began=$SECONDS ticker=''
	stale=$(go list -f '{{.Stale}}' "$1")
	[[ $stale == true ]] || return 0
	say "compiling $2"
	if [[ -t 2 ]]; then
		while sleep 1; do printf '\r%d s ' $((SECONDS - began)) >&2; done &
		ticker=$!
		trap 'kill "$ticker" 2>/dev/null' EXIT
	fi
	go build "$1"
	if [[ -n $ticker ]]; then
		kill "$ticker"
		trap - EXIT
		printf '\r' >&2
	fi
	say "compiled in $((SECONDS - began)) s"
}

compile github.com/sugarme/gotch/libtch "gotch's C++, once for this machine: about two minutes"
compile ./internal/torchx "our own C++, once for this clone: about half a minute"
