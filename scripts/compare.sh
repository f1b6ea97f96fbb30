#!/usr/bin/env bash
# Trains three single-task teachers, a plain fusion student and a distilled one, at the quickstart's size, for each seed;
# scores all of them on calls that none of them has seen; prints a table.
#
#   scripts/compare.sh [SEED…]        default: 1 2 3; about ten minutes a seed on two cores
#
# EPOCHS=N    of the students (7). Teachers train until they no longer improve, twenty epochs at most.
# WORK=DIR    where data, models and reports go (data/compare); what is there is used again
set -euo pipefail
cd "$(dirname "$0")/.."

seeds=("$@")
[ ${#seeds[@]} -gt 0 ] || seeds=(1 2 3)
work=${WORK:-data/compare}
mkdir -p "$work"
go build -o "$work/bin/" ./cmd/train ./cmd/eval ./cmd/datagen ./scripts/compare

for part in train test; do
  [ -d "$work/$part" ] && continue
  if [ "$part" = train ]; then size=(--ner 2000 --cases 2400 --qa 1500 --seed 42); else size=(--ner 1000 --cases 1000 --qa 1000 --seed 4242); fi
  "$work/bin/datagen" --out "$work/$part" --short "${size[@]}"
done
files=(ner_synthetic_dataset_v1.jsonl cases_generated_data_v0005.json synthetic_qa_metrics_data_v01x.json)

# The quickstart's model and way of training, for all alike.
common=(
  --set backbone.init=random --set backbone.dropout=0 --set backbone.size.dim=128 --set backbone.size.layers=3
  --set backbone.size.heads=4 --set backbone.size.hidden_dim=256 --set tokenizer.padding=longest --set tokenizer.vocab_size=4096
  --set tokenizer.max_length=512 --set training.learning_rate=1.5e-3 --set training.batch_size=16 --set training.warmup_ratio=0.1
  --set training.warmup_steps=0 --set training.early_stopping_patience=0 --set data.test_size=0.1 --set data.validation_size=0
  --set mlflow.enabled=false
)
weights=(--set training.loss_weights.ner=5 --set training.loss_weights.qa=2)

# train NAME CONFIG FILES… -- SETTINGS…: a model, unless it is there.
train() {
  local name=$1 config=$2
  shift 2
  if [ -f "$work/models/$name/model.safetensors" ]; then
    echo "$name: trained before"
    return
  fi
  echo "$name: training"
  "$work/bin/train" --config "configs/$config.yaml" "${common[@]}" --set output.model_dir="$work/models/$name.new" "$@" >"$work/$name.log"
  mv "$work/models/$name.new" "$work/models/$name"
}

mkdir -p "$work/models" "$work/reports"
reports=()
for seed in "${seeds[@]}"; do
  ner=(--set data.ner_path="$work/train/${files[0]}")
  cls=(--set data.classification_path="$work/train/${files[1]}")
  qa=(--set data.qa_path="$work/train/${files[2]}")
  teaching=(--set training.seed="$seed" --set training.num_epochs=20 --set training.early_stopping_patience=3)
  seeded=(--set training.seed="$seed" --set training.num_epochs="${EPOCHS:-7}")
  train "ner-$seed" ner "${ner[@]}" "${teaching[@]}" --set training.eval_steps=0
  train "cls-$seed" classification "${cls[@]}" "${teaching[@]}" --set data.stratify= --set tokenizer.lower_case=true
  train "qa-$seed" qa "${qa[@]}" "${teaching[@]}" --set tokenizer.lower_case=true
  train "plain-$seed" multitask "${ner[@]}" "${cls[@]}" "${qa[@]}" "${seeded[@]}" "${weights[@]}"
  teachers=()
  for task in ner cls qa; do
    teachers+=(--set "distill.teachers.$task.model=$work/models/$task-$seed")
  done
  train "distilled-$seed" distill "${ner[@]}" "${cls[@]}" "${qa[@]}" "${seeded[@]}" "${weights[@]}" "${teachers[@]}" \
    --set distill.cache_dir="$work/teachers"
  single="$work/models/ner-$seed+$work/models/cls-$seed+$work/models/qa-$seed"
  "$work/bin/eval" --model "$work/models/plain-$seed" --compare "$work/models/distilled-$seed" --compare "$single" --timed-calls 100 \
    --data ner="$work/test/${files[0]}" --data cls="$work/test/${files[1]}" --data qa="$work/test/${files[2]}" \
    --output "$work/reports/$seed" --format json >/dev/null
  reports+=("$work/reports/$seed/metrics.json")
done
"$work/bin/compare" "${reports[@]}"
