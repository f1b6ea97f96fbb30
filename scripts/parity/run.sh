#!/usr/bin/env bash
# Compares Trident with PyTorch, transformers, tokenizers, scikit-learn and
# seqeval themselves (docs/parity.md): prints a table, fails if a row does.
#
#   scripts/parity/run.sh [SEED]      SEED draws weights, batches and texts (7)
set -euo pipefail
started=$SECONDS
seed=${1:-7}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

python=$(scripts/pyenv.sh scripts/golden/requirements.txt .venv-parity)
TRIDENT_MINILM=$(scripts/fetch_minilm.sh)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export TRIDENT_MINILM OMP_WAIT_POLICY=passive HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
export TMPDIR=$tmp PYTHONPATH=$PWD/scripts/golden PYTHONDONTWRITEBYTECODE=1

go build -o "$tmp/bin/" ./cmd/infer ./cmd/train ./scripts/parity/{automodel,hidden}
go test -c -o "$tmp/bin/" ./internal/{table,torchx,weights} ./pkg/{backbone,datasets,fusion,heads,metrics,pretrain,report,tasks,tokenize,trainer}
status=0
"$python" scripts/parity/main.py "$tmp" "$seed" || status=$?
printf 'parity: seed %s, %d s\n' "$seed" $((SECONDS - started))
exit "$status"
