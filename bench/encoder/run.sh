#!/usr/bin/env bash
# Times an encoder's passes beside PyTorch's, in one run, by processor time on one
# thread (docs/encoders.md):
#
#   bench/encoder/run.sh [FOLDER [ROUNDS]]      MiniLM, 9
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=${1:-$(scripts/fetch_minilm.sh)}
python=$(scripts/pyenv.sh scripts/golden/requirements.txt .venv-parity)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
go build -o "$tmp/encoder" ./bench/encoder
export OMP_WAIT_POLICY=passive OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} HF_HUB_OFFLINE=1
"$python" bench/encoder/encoder.py "$folder" "$tmp/encoder" "${2:-9}"
