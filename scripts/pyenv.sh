#!/usr/bin/env bash
# Sets up a Python environment and links it in the repository root: by default
# that of the tests (MLflow's server and client, scikit-learn, seqeval) as .venv.
#
#   scripts/pyenv.sh            set up if needed, print the interpreter's path
#   scripts/pyenv.sh REQUIREMENTS LINK      another environment (see make parity)
#   PYTHON=python3.12 scripts/pyenv.sh
#
# All that is installed is pinned by its hash (scripts/pin.sh). REQUIREMENTS may say in comments how much room it needs ("# size: 600 MB") and
# how to tell that it works ("# check: import numpy").
#
# The environment lies in ${XDG_CACHE_HOME:-~/.cache}/trident/pyenv-<hash of the
# requirements and the interpreter>, shared by all clones. It counts as made only
# once its marker file is there, so an interrupted run leaves nothing that a
# later one would use.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
requirements=$(realpath "${1:-$root/scripts/requirements.txt}")
build=$root/scripts/requirements-build.txt
link=$root/${2:-.venv}

say() { printf 'pyenv: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

python=${PYTHON:-python3}
command -v "$python" >/dev/null ||
	die "no $python found: install Python 3.11 or newer (Debian, Ubuntu: apt-get install python3 python3-venv), or set PYTHON"

# said KEY: what the requirements say of themselves.
said() { sed -nE "s/^# $1: //p" "$requirements"; }
size=$(said size)
size_mb=$(tr -dc 0-9 <<<"${size:-600 MB}")
check=$(said check)
check=${check:-import mlflow, seqeval.metrics, sklearn, safetensors.numpy}

# One start of the interpreter answers all questions: is it new enough, has it
# venv and pip, and which environment is ours.
probe='
import hashlib, os, platform, sys
if sys.version_info < (3, 11):
    sys.exit("is Python %d.%d, but 3.11 or newer is needed: set PYTHON to one" % sys.version_info[:2])
try:
    import ensurepip, venv
except ImportError:
    sys.exit("lacks venv or pip: apt-get install python3-venv, or set PYTHON to another interpreter")
digest = hashlib.sha256()
for path in sys.argv[1:]:
    digest.update(open(path, "rb").read())
digest.update(repr((sys.version_info[:2], platform.machine(), os.path.realpath(sys.prefix))).encode())
print(digest.hexdigest()[:12])
'
hash=$("$python" -c "$probe" "$requirements" "$build") || die "$python cannot be used (see above)"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/trident
env=$cache/pyenv-$hash
marker=$env/.complete

link_env() {
	if [[ -e $link && ! -L $link ]]; then
		die "$link is not a link of ours: move it away, or set TRIDENT_PYTHON to an interpreter that has $requirements"
	fi
	if [[ $(readlink "$link" || true) != "$env" ]]; then
		ln -sfn "$env" "$link.$$"
		mv -Tf "$link.$$" "$link"
	fi
	echo "$link/bin/python"
}

is_complete() { [[ -e $marker ]] && "$env/bin/python" -c '' 2>/dev/null; }

if is_complete; then
	link_env
	exit
fi

mkdir -p "$cache"
exec 9>"$env.lock"
if command -v flock >/dev/null && ! flock -n 9; then
	say "another run is setting up $env, waiting for it"
	flock 9
fi
if is_complete; then
	link_env
	exit
fi

need_kb=$(((size_mb + 400) * 1024))
free_kb=$(df -Pk "$cache" | awk 'NR == 2 { print $4 }')
((free_kb >= need_kb)) ||
	die "$cache has $((free_kb / 1024)) MB left, but $((need_kb / 1024)) MB are needed: make room, or set XDG_CACHE_HOME"

trap 'rm -rf "$env"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
say "setting up $env (about $size_mb MB, once for all clones)"
rm -rf "$env"
"$python" -m venv "$env"
for list in "$build" "$requirements"; do # what comes as source is built with the former
	"$env/bin/python" -m pip install --disable-pip-version-check --no-input --quiet \
		--require-hashes --no-deps --no-build-isolation --requirement "$list" >&2 ||
		die "pip could not install $list (see above): check the network and pip's index settings; where it misses a hash, set PYTHON to a version that the list is pinned for (3.11 is), or pin it for yours with scripts/pin.sh"
done
"$env/bin/python" -c "$check" ||
	die "the installed packages do not work together (see above): please report this with $python's version"
touch "$marker"
trap - EXIT
say "ready"
link_env
