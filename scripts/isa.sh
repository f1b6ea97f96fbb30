#!/usr/bin/env bash
# Runs the tests that compute with libtorch as older processors would: with the
# instruction sets of libtorch, oneDNN, MKL and our own kernels narrowed down,
# and with 1, 2 and 4 threads. Prints a line a setting, fails if one does.
#
#   scripts/isa.sh [PACKAGE…]       (default: all that computes)
#
# It can't add what the processor lacks: run it on one with AVX512 too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=("$@")
if ((!$#)); then
	packages=(./internal/{torchx,checkpoint,ranks} ./pkg/{backbone,heads,fusion,distill,evaluate,report,pretrain,trainer,run,serve} ./cmd/{train,eval,infer})
fi
export OMP_WAIT_POLICY=passive
# -DTX_NO_AVX512 compiles our loops over rows without their AVX512 paths (rows.h),
# TRIDENT_MAX_ISA limits the instructions for 8-bit products (isa.go).
avx2='-g -O2 -DTX_NO_AVX512'

status=0
try() { # settings…
	local threads began=$SECONDS
	for threads in 1 2 4; do
		if env OMP_NUM_THREADS=$threads MKL_NUM_THREADS=$threads "$@" go test -count=1 -timeout 60m "${packages[@]}" >"$log" 2>&1; then
			printf 'isa: %-70s %d threads  ok  %d s\n' "$*" $threads $((SECONDS - began))
		else
			printf 'isa: %-70s %d threads  FAILED\n' "$*" $threads
			cat "$log"
			status=1
		fi
		began=$SECONDS
	done
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
try ATEN_CPU_CAPABILITY=default TRIDENT_MAX_ISA=portable
try ATEN_CPU_CAPABILITY=avx2
try ONEDNN_MAX_CPU_ISA=AVX2
try MKL_ENABLE_INSTRUCTIONS=AVX2
try ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2 TRIDENT_MAX_ISA=avx2 CGO_CXXFLAGS="$avx2"
exit $status
