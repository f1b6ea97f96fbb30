#!/usr/bin/env bash
# Runs every fuzz target of the repository for a while: scripts/fuzz.sh [TIME [TARGET]]
# One that fails doesn't stop the others; Go leaves its input in the package's testdata/fuzz.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
time=${1:-60s}
only=${2:-Fuzz}

targets=0 failed=()
while IFS=: read -r file line; do
	target=$(sed -E 's/^func (Fuzz[A-Za-z0-9_]+)\(.*/\1/' <<<"$line")
	dir=$(dirname "$file")
	[[ $target == "$only"* ]] || continue
	targets=$((targets + 1))
	echo "== $dir $target"
	go test "./$dir" -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 5x </dev/null || failed+=("$dir $target")
done < <(grep -rE --include='*_test.go' '^func Fuzz' cmd internal pkg)

echo "$targets targets, $time each; failed: ${#failed[@]}"
if ((targets == 0 || ${#failed[@]} > 0)); then
	printf '  %s\n' "${failed[@]}"
	exit 1
fi
