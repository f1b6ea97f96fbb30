#!/usr/bin/env bash
# Writes the bill of materials of this checkout, as CycloneDX JSON: the Go modules
# with their licences and go.sum's hashes, the wheels that libtorch is taken from,
# and, marked as excluded from the product, the Python packages of tests and
# benchmark. It is made for a release, and not committed.
#
#   scripts/sbom.sh [FILE]      default: bin/sbom.cdx.json
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=$(realpath -m "${1:-$root/bin/sbom.cdx.json}")
cd "$root"
command -v jq >/dev/null || { echo "sbom: no jq found (Debian, Ubuntu: apt-get install jq)" >&2; exit 1; }

readonly gomod=github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Without the workspace: gotch is then the module that go.sum has the hash of. What
# we change in it stands in scripts/patchgotch.
GOWORK=off go run "$gomod" mod -json -licenses -output "$tmp/go.json" 2>"$tmp/log" ||
	{ cat "$tmp/log" >&2; echo "sbom: could not list the Go modules (see above): check the network and Go's module proxy" >&2; exit 1; }

# pins prints "name version scope sha256" of a requirements file.
pins() { # scope, file
	awk -v scope="$1" '
		/^[A-Za-z0-9]/ { split($1, pin, "==") }
		/^[^#]*--hash=sha256:/ { sub(/.*sha256:/, ""); sub(/[ \\].*/, ""); print pin[1], pin[2], scope, $0 }' "$2"
}
{
	pins required scripts/libtorch/cpu.txt
	pins optional scripts/libtorch/cuda.txt
	for file in scripts/requirements-build.txt scripts/requirements.txt scripts/golden/requirements.txt bench/requirements.txt bench/requirements-serve.txt; do
		pins excluded "$file"
	done
} >"$tmp/pins"

mkdir -p "$(dirname "$out")"
jq --rawfile pins "$tmp/pins" '
	def python: ascii_downcase | gsub("[-_.]+"; "-");
	.components += ([$pins | split("\n")[] | select(. != "") | split(" ") | {name: (.[0] | python), version: .[1], scope: .[2], hash: .[3]}]
		| group_by([.name, .version]) | map({
			"bom-ref": "pkg:pypi/\(.[0].name)@\(.[0].version)", type: "library", name: .[0].name, version: .[0].version,
			scope: (map(.scope) | if index("required") then "required" elif index("optional") then "optional" else "excluded" end),
			hashes: (map(.hash) | unique | map({alg: "SHA-256", content: .})),
			purl: "pkg:pypi/\(.[0].name)@\(.[0].version)"
		}))
	| .metadata.component."bom-ref" as $us
	| [.components[] | select((.purl | startswith("pkg:pypi/")) and .scope == "required") | ."bom-ref"] as $libtorch
	| .dependencies |= map(if .ref == $us then .dependsOn += $libtorch else . end)' "$tmp/go.json" >"$tmp/sbom.json"
mv "$tmp/sbom.json" "$out"
jq -r --arg out "$out" '"\($out): \(.components | length) components"' "$out"
