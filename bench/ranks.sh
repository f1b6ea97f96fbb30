#!/usr/bin/env bash
# How much faster several ranks train than one, with a thread each: an encoder of
# distilbert-base's size over a small vocabulary, made-up calls (docs/scaling.md).
#
#   bench/ranks.sh                      one rank, two, and two runs beside each other
#   bench/ranks.sh --rate 1gbit         also two ranks over a network of that speed
#                                       (Linux network namespaces and tc: needs root)
#   bench/ranks.sh --set training.gradient_compression=bf16
#
# --rounds N (3): how often, in turns; the median counts. --cases one,two: these
# alone. TRAIN: another train binary.
# Samples a second are those of the second epoch; the first warms up.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rate='' rounds=3 sets=() cases=(one two beside)
while (($#)); do
	case $1 in
	--rate) rate=$2 ;;
	--rounds) rounds=$2 ;;
	--cases) IFS=, read -ra cases <<<"$2" ;;
	--set) sets+=(--set "$2") ;;
	*) echo "ranks.sh: unknown argument $1" >&2 && exit 2 ;;
	esac
	shift 2
done

work=$(mktemp -d)
trap 'rm -rf "$work"; clear_network' EXIT
trap 'exit 130' INT TERM
train=${TRAIN:-$work/train}
[[ -n ${TRAIN:-} ]] || go build -o "$train" ./cmd/train
sets+=(--config "$PWD/configs/quickstart.yaml" --set mlflow.enabled=false --set training.threads=1 --set training.num_epochs=2
	--set training.batch_size=8 --set training.save_minutes=0 --set tokenizer.max_length=256
	--set 'backbone.size={dim: 768, layers: 6, heads: 12, hidden_dim: 3072}'
	--set 'data.generate={ner: 36, cases: 36, qa: 36, short: true, seed: 1}' --set data.test_size=0.1)
export OMP_WAIT_POLICY=passive

# speed is what a run prints for its second epoch.
speed() { awk -F '[( ]+' '/samples\/s/ { for (i = 1; i < NF; i++) if ($(i + 1) ~ /^samples\/s/) s = $i } END { print s }' "$1"; }

run() { # name, arguments of train…: in a folder of its own
	local dir=$work/$1
	mkdir -p "$dir"
	if ! (cd "$dir" && "${inside[@]}" "$train" "${sets[@]}" "${@:2}" >"out$rank" 2>"err$rank"); then
		cat "$dir/err$rank" >&2
		return 1
	fi
}

clear_network() {
	local n
	for n in 0 1; do ip netns delete "trident-$n" 2>/dev/null || true; done
}

lay_network() {
	local n
	clear_network
	for n in 0 1; do ip netns add "trident-$n"; done
	ip link add wire netns trident-0 type veth peer name wire netns trident-1
	for n in 0 1; do
		ip -n "trident-$n" address add "10.77.0.$((n + 1))/24" dev wire
		ip -n "trident-$n" link set wire up
		ip -n "trident-$n" link set lo up
		ip netns exec "trident-$n" tc qdisc add dev wire root tbf rate "$rate" burst 1mb latency 100ms
	done
}

one() {
	run one
	speed "$work/one/out"
}
two() {
	run two --nproc 2
	speed "$work/two/out"
}
beside() { # two runs that know nothing of each other
	run a &
	run b
	wait $!
	echo "$(speed "$work/a/out") $(speed "$work/b/out")" | awk '{ print $1 + $2 }'
}
wired() {
	local GLOO_SOCKET_IFNAME=wire inside=(ip netns exec trident-1) rank=1
	export GLOO_SOCKET_IFNAME
	run wired --world-size 2 --rank 1 --master 10.77.0.1:29500 &
	inside=(ip netns exec trident-0) rank=0
	run wired --world-size 2 --rank 0 --master 10.77.0.1:29500
	wait $!
	speed "$work/wired/out0"
}

inside=(env) rank=''
if [[ -n $rate ]]; then
	lay_network
	cases+=(wired)
fi
for ((i = 0; i < rounds; i++)); do
	for name in "${cases[@]}"; do
		rm -rf "${work:?}/"*/
		"$name" >>"$work/$name.txt"
	done
done
median() { sort -g "$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
base=$(median "$work/${cases[0]}.txt")
for name in "${cases[@]}"; do
	printf '%-8s %6.2f samples/s  %5.2f times %s  (%s)\n' "$name" "$(median "$work/$name.txt")" \
		"$(awk -v a="$(median "$work/$name.txt")" -v b="$base" 'BEGIN { print a / b }')" "${cases[0]}" "$(paste -sd ' ' "$work/$name.txt")"
done
