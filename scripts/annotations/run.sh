#!/usr/bin/env bash
# Lets annotation tools read what convert writes, and make the golden files that the
# tests of pkg/annotations read:
#
#   scripts/annotations/run.sh            check
#   scripts/annotations/run.sh golden     make the golden files anew
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PYTHONDONTWRITEBYTECODE=1

python=$(scripts/pyenv.sh scripts/annotations/requirements.txt .venv-annotations)
if [[ ${1:-} == golden ]]; then
	exec "$python" scripts/annotations/tools.py golden
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
go build -o "$tmp/convert" ./cmd/convert
convert() { "$tmp/convert" --from labelstudio --input pkg/annotations/testdata/labelstudio.json "$@" 2>/dev/null; }
convert --to labelstudio --output "$tmp/labelstudio.json"
convert --to labelstudio --as annotations --output "$tmp/labelstudio_annotations.json"
for scheme in iob2 iob1 bilou; do
	convert --to huggingface --lossy --tag-scheme "$scheme" --output "$tmp/tags_$scheme.jsonl"
done
convert --to prodigy --output "$tmp/prodigy.jsonl"
"$python" scripts/annotations/tools.py check "$tmp"
