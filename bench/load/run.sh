#!/usr/bin/env bash
# The service beside the Python way (FastAPI around three passes), in turns on
# this machine: calls a second, waiting, a flood (docs/serving.md, "Measured").
#
#   bench/load/run.sh                                  everything: three rounds, half an hour
#   bench/load/run.sh --rounds 1 --parts lone,saturation
#   KEEP=1 bench/load/run.sh --rounds 1 --parts half   one more round, beside those of earlier runs
#   QUICK=1 bench/load/run.sh                          a tiny model, one short round: does it work?
#
# Environment: WORK, the folder for the model and what is measured
# (~/.cache/trident/bench); MODEL, a trained model instead of random weights;
# THREADS (2).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

threads=${THREADS:-2}
work=${WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/trident/bench}
sizes=()
options=()
if [[ -n ${QUICK:-} ]]; then
	work+=/quick
	sizes=(--quick --batch-size 2 --calls 4 --repeats 2)
	options=(--rounds 1 --seconds 2 --connections 200 --patience 5s)
fi
mkdir -p "$work/bin" "$work/load"
[[ -n ${KEEP:-} ]] || rm -f "$work/load/results.json"

python=$(scripts/pyenv.sh bench/requirements-serve.txt .venv-bench-serve)
go build -o "$work/bin/" ./bench/prepare ./bench/load ./cmd/serve
model=${MODEL:-$work/model}
[[ -d $model ]] || "$work/bin/prepare" --work "$work" --texts "" "${sizes[@]}" >&2

# As in bench/run.sh: threads that wait spin for a moment, then sleep.
[[ -n ${OMP_WAIT_POLICY:-} ]] || export GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-5000}
export OMP_NUM_THREADS=$threads RAYON_NUM_THREADS=$threads
export PYTHONPATH=$PWD/scripts/golden PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1

printf -v common ' --model %q --threads %q --listen {address}' "$model" "$threads"
printf -v serve '%q --independent-heads' "$work/bin/serve" # as Python's answers
printf -v fastapi '%q bench/python/serve.py' "$python"
exec "$work/bin/load" --model "$model" --threads "$threads" --results "$work/load/results.json" --logs "$work/load" \
	--server "fp32=$serve$common --precision fp32" --offline fp32=fp32 \
	--server "int8=$serve$common --precision int8" --offline int8=int8 \
	--server "python=$fastapi$common" --against python \
	"${options[@]}" "$@"
