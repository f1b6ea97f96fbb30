#!/usr/bin/env bash
# The benchmark: Trident and six ways in Python side by side (docs/performance.md).
#
#   bench/run.sh                                  everything, written into docs/
#   bench/run.sh --cases 'train_*' --rounds 3     some cases, printed only
#   bench/run.sh --workers ours,best --cases train_fp32
#   bench/run.sh --list                           what there is
#   QUICK=1 bench/run.sh                          a tiny model, one round: does it work?
#   ISA=avx2 bench/run.sh                         as if the processor had no more than AVX2
#   FULL=1 bench/run.sh                           500 calls in batch inference instead of 60
#
# Environment: WORK, the folder for the model and what is made of it
# (~/.cache/trident/bench); MODEL, a trained model instead of random weights;
# TEXTS, a case file (../shared/data/cases.json, or made-up calls); THREADS (2);
# BATCH_SIZE (16); BATCHES, training batches of each task in a run (1); CALLS (60);
# BEST_ATTENTION, sdpa or eager, in the best Python user's training (eager);
# OMP_WAIT_POLICY or GOMP_SPINCOUNT (5000), what waiting threads do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

threads=${THREADS:-2}
work=${WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/trident/bench}
calls=${CALLS:-${FULL:+500}}
sizes=(--batch-size "${BATCH_SIZE:-16}" --batches "${BATCHES:-1}" --calls "${calls:-60}")
options=(--docs docs)
if [[ -n ${QUICK:-} ]]; then
	work+=/quick
	sizes=(--quick --batch-size 2 --calls 4 --repeats 2)
	options=(--rounds 1 --labels)
fi
if [[ -n ${MODEL:-} ]]; then
	work+=/trained-$(realpath "$MODEL" | cksum | cut -d ' ' -f 1)
	sizes+=(--model "$MODEL")
	options+=(--labels)
fi
case ${ISA:-} in
"") ;;
avx2)
	# What knows no such limit is left out (worker.py).
	export TRIDENT_MAX_ISA=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2 ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 CT2_FORCE_CPU_ISA=AVX2
	options+=(--limit AVX2)
	;;
*)
	echo "run.sh: ISA is \"$ISA\"; want avx2, or none for all that the processor has" >&2
	exit 2
	;;
esac
mkdir -p "$work/bin"

python=$(scripts/pyenv.sh bench/requirements.txt .venv-bench)
go build -o "$work/bin/" ./bench/prepare ./bench/ours ./bench/driver
"$work/bin/prepare" --work "$work" --texts "${TEXTS:-../shared/data/cases.json}" "${sizes[@]}" >&2

# Threads that wait spin for a moment and then sleep, as in our images, PyTorch's and
# ours alike: on a shared machine those that spin on cost many times the work itself.
[[ -n ${OMP_WAIT_POLICY:-} ]] || export GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-5000}
export OMP_NUM_THREADS=$threads GOMAXPROCS=$threads RAYON_NUM_THREADS=$threads
export PYTHONPATH=$PWD/scripts/golden PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1

printf -v common ' --work %q --threads %q' "$work" "$threads"
printf -v ours '%q' "$work/bin/ours"
printf -v way '%q bench/python/worker.py --way' "$python"
exec "$work/bin/driver" --work "$work" --threads "$threads" "${options[@]}" \
	--worker "ours=$ours$common" \
	--worker "today=$way today$common" \
	--worker "best=$way best$common" \
	--worker "compiled=$way compiled$common" \
	--worker "onnx=$way onnx$common" \
	--worker "openvino=$way openvino$common" \
	--worker "ctranslate2=$way ctranslate2$common" \
	"$@"
