#!/usr/bin/env bash
# Measures how much of the labelled names redaction replaces: the table of
# docs/redaction.md. It trains a small model on demo calls (minutes on two cores).
#
#   scripts/redaction.sh [DIR]
#
# DIR is where calls and model go; without it they are removed in the end.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if (($# > 0)); then
	mkdir -p "$1"
	work=$(cd "$1" && pwd)
else
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
fi

cd "$root"
mkdir -p "$work/bin"
go build -o "$work/bin" ./cmd/datagen ./cmd/train ./cmd/eval
cd "$work"

ner=ner_synthetic_dataset_v1.jsonl
bin/datagen --out train --short --ner 3000 --cases 1 --qa 1 --force
bin/datagen --out short --short --ner 500 --cases 1 --qa 1 --seed 7 --force
bin/datagen --out long --long --ner 60 --cases 1 --qa 1 --seed 9 --force
mkdir -p lower
jq -c '.text |= ascii_downcase' "short/$ner" > "lower/$ner"

cat > train.yaml <<EOF
task: ner
backbone:
  init: random
  dropout: 0
  size: {dim: 128, layers: 3, heads: 4, hidden_dim: 256}
data: {ner_path: train/$ner, test_size: 0.1, random_seed: 42}
tokenizer: {long: windows, max_length: 512, padding: longest, truncation: true, vocab_size: 4096}
training: {num_epochs: 6, batch_size: 16, learning_rate: 1.5e-3, weight_decay: 0.01, warmup_ratio: 0.1, max_grad_norm: 1.0}
output: {model_dir: model}
mlflow: {enabled: false}
EOF
if [[ ! -d model ]]; then
	bin/train --config train.yaml
fi
for calls in short long lower; do
	printf '\n%s calls\n\n' "$calls"
	bin/eval --model model --data "$calls/$ner" --bootstrap 0 --redact
done
