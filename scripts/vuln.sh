#!/usr/bin/env bash
# Looks for known vulnerabilities in what the commands use of their Go modules and
# of the standard library. The database is fetched from vuln.go.dev, or from where
# GOVULNDB says (https://…, file:///…).
#
#   scripts/vuln.sh [PACKAGE…]      default: ./...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
(($# > 0)) || set -- ./...
db=${GOVULNDB:-https://vuln.go.dev}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 -db "$db" "$@" 2>"$log" || status=$?
cat "$log" >&2
if grep -q 'fetching vulnerabilities' "$log"; then
	echo "vuln: the database of vulnerabilities is out of reach, so nothing was checked: run this where $db can be read, or set GOVULNDB to a copy of it" >&2
fi
exit "$status"
