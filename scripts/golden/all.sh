#!/usr/bin/env bash
# Makes the golden files: the committed ones, or below TREE, or others by SEED.
#
#   scripts/golden/all.sh [TREE [SEED]]
set -euo pipefail
export GOLDEN_TREE=${1:+$(realpath -m "$1")} GOLDEN_SEED=${2:-0} PYTHONDONTWRITEBYTECODE=1
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
python=$(scripts/pyenv.sh scripts/golden/requirements.txt .venv-parity)
scripts/fetch_minilm.sh >/dev/null

for script in scripts/golden/*.py; do
	if grep -q __main__ "$script"; then # the others are modules
		printf 'golden: %s\n' "$(basename "$script")" >&2
		"$python" "$script"
	fi
done
