#!/usr/bin/env bash
# Lays libtorch where the build finds it, so that plain `go run|build|test|vet`
# work with no environment variable. Run it once in each clone; `make` does.
usage() {
	cat <<'EOF'
Usage: scripts/fetch_libtorch.sh [--variant cpu|cuda|auto] [--from DIR|ZIP|WHEEL] [--prefix DIR] [--sha256 HEX]

Fetches libtorch 2.11.0 and makes of it, for this clone:
  .libtorch    a link to {include,lib} and a patched copy of gotch, which
               lie in ${XDG_CACHE_HOME:-~/.cache}/trident and serve all clones
  go.work      makes the go command use that copy

  --variant    cpu, cuda (with the CUDA 13 libraries and NCCL, about 5 GB), or auto: cuda
               where there is an NVIDIA GPU. Default: what is laid, else auto.
  --from       take libtorch from here instead of downloading it: a libtorch
               folder or a Python site-packages with torch (used in place), or a
               libtorch zip or torch wheel (unpacked).
  --prefix     lay it in DIR instead of the cache folder.
  --sha256     what the zip or wheel of --from must hash to, where it isn't one of
               those that are pinned.

What is downloaded is pinned by its SHA-256 (scripts/libtorch/). It comes from PyPI
through pip or, without that, curl, or from the index that PIP_INDEX_URL names.

Examples:
  scripts/fetch_libtorch.sh
  scripts/fetch_libtorch.sh --variant cuda
  scripts/fetch_libtorch.sh --from ~/Downloads/torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl
  scripts/fetch_libtorch.sh --from "$(python3 -c 'import site; print(site.getsitepackages()[0])')"
EOF
}
set -euo pipefail

readonly version=2.11.0
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pins=$root/scripts/libtorch
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trident
python=${PYTHON:-python3}

say() { printf 'fetch_libtorch: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
misuse() { say "$*; see --help"; exit 2; }
have() { command -v "$1" >/dev/null 2>&1; }

variant='' from='' prefix='' sha256=''
while (($#)); do
	case $1 in
	-h | --help) usage; exit ;;
	--variant | --from | --prefix | --sha256)
		(($# > 1)) || misuse "$1 needs a value"
		case $1 in
		--variant) variant=$2 ;;
		--from) from=$2 ;;
		--prefix) prefix=$2 ;;
		--sha256) sha256=$2 ;;
		esac
		shift 2
		;;
	*) misuse "unknown argument $1" ;;
	esac
done
case $variant in '' | cpu | cuda | auto) ;; *) misuse "--variant $variant: want cpu, cuda or auto" ;; esac

# --- what the machine must have ---------------------------------------------

[[ $(uname -s) == Linux && $(uname -m) == x86_64 ]] ||
	die "this is $(uname -s) on $(uname -m), but libtorch is pinned for Linux on x86-64 only; on another machine build libtorch $version yourself and give its folder with --from"
have go || die "no go found: install Go 1.26 or newer and put it on PATH"
have g++ || die "no g++ found: install version 12 or newer (Debian, Ubuntu: apt-get install g++)"
(($(g++ -dumpversion | cut -d. -f1) >= 12)) ||
	die "g++ is version $(g++ -dumpversion), but 12 or newer is needed (Debian, Ubuntu: apt-get install g++-12, then set CXX=g++-12)"

gpu_present() { [[ -e /dev/nvidia0 ]] || { have nvidia-smi && nvidia-smi -L >/dev/null 2>&1; }; }

# --- where it goes -----------------------------------------------------------

link=$root/.libtorch
if [[ -e $link && ! -L $link ]]; then
	die "$link is not a link of ours: move it away and run this again"
fi
work=$root/go.work
readonly mark='// Made by scripts/fetch_libtorch.sh.'
if [[ -e $work ]] && ! grep -qF "$mark" "$work"; then
	die "$work is not ours: move it away, or add to it what this script would write ('use .' and a replace of github.com/sugarme/gotch)"
fi

is_laid() { [[ -e $1/.complete ]]; }

if [[ -z $variant$from$prefix ]] && is_laid "$link"; then
	store=$(readlink -f "$link")
else
	if [[ -z $variant || $variant == auto ]]; then
		variant=cpu
		if gpu_present; then variant=cuda; fi
	fi
	if [[ -n $prefix ]]; then
		store=$(realpath -m "$prefix")
	elif [[ -n $from ]]; then
		[[ -e $from ]] || die "--from $from: no such file or folder"
		store=$cache/libtorch-$version-$variant-$(realpath "$from" | sha256sum | cut -c1-12)
	else
		store=$cache/libtorch-$version-$variant
	fi
fi

need_space() { # folder, megabytes, what for
	local free
	free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	((free >= $2)) || die "$1 has $free MB left, but $3 needs $2 MB: make room, or set XDG_CACHE_HOME or --prefix to a larger disk"
}

lock() { # one run at a time lays a store; the lock goes with the process
	exec 9>"$1.lock"
	if have flock && ! flock -n 9; then
		say "another run is at work on $1, waiting for it"
		flock 9
	fi
}

# --- getting the archives ----------------------------------------------------

downloads=$cache/downloads

requirements() { # the pinned wheels of a variant
	cat "$pins/cpu.txt"
	if [[ $variant == cuda ]]; then cat "$pins/cuda.txt"; fi
}

# pinned_files lists the wheels in a folder whose SHA-256 is pinned.
pinned_files() {
	local file
	for file in "$1"/*.whl; do
		[[ -e $file ]] || continue
		if requirements | grep -qF "sha256:$(sha256sum "$file" | cut -d' ' -f1)"; then echo "$file"; fi
	done
}

# missing_pins lists the requirements that no wheel among the arguments meets.
missing_pins() {
	local hashes line
	hashes=$([[ $# -eq 0 ]] || sha256sum "$@" | cut -d' ' -f1)
	while read -r line; do
		[[ $line == *--hash=sha256:* ]] || continue
		grep -qxF "${line##*sha256:}" <<<"$hashes" || echo "$line"
	done < <(requirements)
}

has_pip() { have "$python" && "$python" -m pip --version >/dev/null 2>&1; }

pip_download() { # requirements file
	local list=$1 platforms=() tag tmp old
	for old in "$downloads"/.tmp-*; do # of a run that was killed
		if [[ -d $old ]] && ! kill -0 "${old##*-}" 2>/dev/null; then rm -rf "$old"; fi
	done
	tmp=$downloads/.tmp-$$
	for tag in 2_28 2_27 2_25 2_24 2_18 2_17 2_12 2_5; do platforms+=(--platform "manylinux_${tag}_x86_64"); done
	for tag in 2014 2010 1; do platforms+=(--platform "manylinux${tag}_x86_64"); done
	rm -rf "$tmp"
	mkdir -p "$tmp"
	"$python" -m pip download --disable-pip-version-check --no-input --no-cache-dir --no-deps --require-hashes --only-binary :all: \
		--implementation cp --python-version 311 --abi cp311 --abi abi3 --abi none "${platforms[@]}" \
		-d "$tmp" -r "$list" >&2 ||
		die "pip could not download the pinned wheels (see above): check the network and pip's index settings, or give --from"
	mv "$tmp"/*.whl "$downloads/"
	rmdir "$tmp"
}

curl_download() { # requirements file: as pip does it, for a machine without pip
	local list=$1 index=${PIP_INDEX_URL:-https://pypi.org/simple} tmp=$downloads/.tmp-$$ line name hash page url
	rm -rf "$tmp"
	mkdir -p "$tmp"
	while read -r line; do
		name=${line%%==*} hash=${line##*sha256:}
		page=$(curl --fail --silent --show-error --location "${index%/}/$name/") ||
			die "curl could not read ${index##*@}/$name/ (see above): check the network, install pip, or give --from"
		url=$(grep -m 1 -oE "https?://[^\"<> ]*#sha256=$hash" <<<"$page") ||
			die "${index##*@}/$name/ has no file with the pinned SHA-256 $hash: set PIP_INDEX_URL to an index that has, or give --from"
		url=${url%#*}
		curl --fail --location --progress-bar --output "$tmp/${url##*/}" "$url" ||
			die "curl could not download $url (see above): check the network, install pip, or give --from"
		sha256sum --check --quiet - <<<"$hash  $tmp/${url##*/}" >&2 ||
			die "$url does not have the pinned SHA-256 $hash: it is damaged or another file"
	done <"$list"
	mv "$tmp"/*.whl "$downloads/"
	rmdir "$tmp"
}

# --- unpacking into a folder -------------------------------------------------

# unpack takes the members of archives that match the patterns and lays them
# as {include,lib}: headers keep their tree, libraries go side by side.
unpack() { # folder, archive…
	local dir=$1 archive
	shift
	for archive in "$@"; do
		say "unpacking $(basename "$archive")"
		if have "$python"; then
			"$python" "$pins/unpack.py" "$archive" "$dir" "$variant"
		elif have unzip; then
			rm -rf "$dir/.zip"
			local headers=('nvidia/*/include/*') libraries=('*/lib/*.so*')
			if [[ $variant == cpu ]]; then headers=() libraries=('*/lib/'{libtorch_cpu.so,libc10.so,libgomp,libcudart.so,libcupti.so}'*'); fi
			# A pattern that matches nothing is no error here: caution, exit code 11.
			unzip -q "$archive" '*torch/include/*' "${headers[@]}" "${libraries[@]}" -d "$dir/.zip" 2> >(grep -v '^caution: ' >&2) || (($? == 11))
			find "$dir/.zip" -type d -name include -path '*torch/include' -exec cp -a {}/. "$dir/include/" \;
			find "$dir/.zip" -type d -path "$dir/.zip/nvidia/*/include" -prune -exec mkdir -p "$dir/cuda" \; -exec cp -a {}/. "$dir/cuda/" \;
			find "$dir/.zip" -type f -name '*.so*' -exec mv -t "$dir/lib" {} +
			rm -rf "$dir/.zip"
		else
			die "neither $python nor unzip found: install one of them (Debian, Ubuntu: apt-get install unzip)"
		fi
	done
}

check_sha256() { # file
	local got
	got=$(sha256sum "$1" | cut -d' ' -f1)
	if [[ -n $sha256 && $got != "$sha256" ]]; then die "$1 has SHA-256 $got, not $sha256: it is damaged or another file"; fi
	if [[ -z $sha256 ]]; then say "$(basename "$1") isn't pinned here; it has SHA-256 $got (check it with --sha256)"; fi
}

lay_from_dir() { # folder, source: links, nothing is copied
	local base
	for base in "$2" "$2/torch"; do
		if [[ -d $base/include/ATen && -e $base/lib/libtorch_cpu.so ]]; then
			rmdir "$1/include" "$1/lib"
			ln -s "$(realpath "$base/include")" "$1/include"
			ln -s "$(realpath "$base/lib")" "$1/lib"
			return
		fi
	done
	die "--from $2: neither it nor its folder torch holds include/ATen and lib/libtorch_cpu.so"
}

lay_from_file() { # folder, source
	case $2 in
	*.whl)
		mapfile -t files < <(pinned_files "$(dirname "$2")")
		[[ " ${files[*]} " == *" $2 "* ]] || { check_sha256 "$2"; files+=("$2"); }
		lay_wheels "$1" "${files[@]}"
		;;
	*.zip)
		check_sha256 "$2"
		unpack "$1" "$2"
		;;
	*) die "--from $2: want a folder, a .zip or a .whl" ;;
	esac
}

lay_wheels() { # folder, wheels that are there…: the rest is downloaded
	local dir=$1 list found
	shift
	mkdir -p "$downloads"
	mapfile -t found < <(pinned_files "$downloads")
	list=$downloads/.wanted-$$.txt
	missing_pins "$@" "${found[@]}" >"$list"
	if [[ -s $list ]]; then
		has_pip || have curl ||
			die "neither $python with pip nor curl found: install one of them (Debian, Ubuntu: apt-get install python3-pip), or give --from"
		need_space "$downloads" "$([[ $variant == cuda ]] && echo 2600 || echo 600)" "the download"
		say "downloading $(wc -l <"$list") wheels to $downloads, once for all clones"
		if has_pip; then pip_download "$list"; else curl_download "$list"; fi
		mapfile -t found < <(pinned_files "$downloads")
	fi
	rm -f "$list"
	mapfile -t found < <(printf '%s\n' "$@" "${found[@]}" | awk -F/ 'NF && !seen[$NF]++')
	unpack "$dir" "${found[@]}"
}

# check_tree refuses a libtorch that the build could not use.
check_tree() { # folder
	local got missing
	[[ -e $1/lib/libtorch_cpu.so && -e $1/include/ATen/ATen.h ]] || die "what was laid has no libtorch_cpu.so or no headers: is it a libtorch for Linux on x86-64?"
	got=$(awk '$2 == "TORCH_VERSION_MAJOR" || $2 == "TORCH_VERSION_MINOR" || $2 == "TORCH_VERSION_PATCH" { v = v sep $3; sep = "." } END { print v }' "$1/include/torch/headeronly/version.h" 2>/dev/null || true)
	[[ $got == "$version" ]] || die "this libtorch is version ${got:-unknown}, but $version is needed"
	missing=$(ldd "$1/lib/libtorch_cpu.so" | awk '/not found/ { print $1 }' | paste -sd ' ')
	[[ -z $missing ]] || die "libtorch_cpu.so lacks libraries: $missing"
	if [[ $variant == cuda && ! -e $1/lib/libtorch_cuda.so ]]; then die "this libtorch has no libtorch_cuda.so: give one with CUDA, or --variant cpu"; fi
}

lay() {
	local tmp=$store.tmp-$$
	mkdir -p "$(dirname "$store")"
	lock "$store"
	if is_laid "$store"; then return; fi
	if [[ -e $store && -n $(ls -A "$store") ]]; then die "$store isn't empty and wasn't laid by this script: give another --prefix"; fi
	rm -rf "$store".tmp-*
	trap 'rm -rf "$store.tmp-$$" "$downloads/.tmp-$$" "$downloads/.wanted-$$.txt"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	mkdir -p "$tmp/include" "$tmp/lib"
	need_space "$tmp" "$([[ $variant == cuda ]] && echo 5500 || echo 600)" "libtorch"
	if [[ -z $from ]]; then
		lay_wheels "$tmp"
	elif [[ -d $from ]]; then
		lay_from_dir "$tmp" "$from"
	else
		lay_from_file "$tmp" "$(realpath "$from")"
	fi
	check_tree "$tmp"
	touch "$tmp/.complete"
	if [[ -d $store ]]; then rmdir "$store"; fi
	mv -T "$tmp" "$store"
	say "libtorch $version ($variant) lies in $store"
}

# --- NCCL, for training on several GPUs --------------------------------------

# plugin builds what torchx opens at run time to use NCCL, where there is CUDA. It
# lies with libtorch's libraries and goes by the hash of its source. Without it
# all works, but gradients go through the CPU.
plugin() {
	local source=$root/internal/torchx/nccl built=$store/.nccl hash tmp
	[[ -e $store/lib/libtorch_cuda.so && -e $source/plugin.cpp ]] || return 0
	hash=$(cat "$source"/plugin.* "$source"/nv/* | sha256sum | cut -c1-12)
	if [[ -e $built && $(<"$built") == "$hash" ]]; then return; fi
	lock "$store"
	if [[ -L $store/lib || ! -e $store/cuda/nccl.h || ! -e $store/cuda/crt/host_config.h ]]; then
		say "this libtorch has no headers of CUDA and NCCL: with several GPUs gradients will go through the CPU. To have NCCL, remove $store and run this with --variant cuda and without --from"
	else
		say "building libtrident_nccl.so, for training on several GPUs"
		tmp=$store/.nccl-$$.so
		if ! "${CXX:-g++}" -std=c++17 -O1 -g0 -w -fPIC -shared -o "$tmp" "$source/plugin.cpp" \
			-I"$source" -isystem "$store/cuda" -isystem "$store/include" -isystem "$store/include/torch/csrc/api/include" \
			-L"$store/lib" "-Wl,-z,defs,-rpath,\$ORIGIN" -ltorch_cuda -lc10_cuda -ltorch_cpu -lc10 -l:libcudart.so.13; then
			rm -f "$tmp"
			say "libtrident_nccl.so could not be built (see above): with several GPUs gradients will go through the CPU"
			return
		fi
		mv -f "$tmp" "$store/lib/libtrident_nccl.so"
	fi
	echo "$hash" >"$built"
}

# --- gotch and the workspace -------------------------------------------------

# patched makes the copy of gotch for this clone's patches. Its name holds their
# hash, so clones at different commits don't disturb each other, and clones at
# the same one share Go's build cache.
patched() {
	local hash
	hash=$({ cat "$root"/scripts/patchgotch/*.go; grep sugarme/gotch "$root/go.sum"; } | sha256sum | cut -c1-12)
	gotch=$store/gotch-$hash
	if [[ -d $gotch ]]; then return; fi
	lock "$store"
	rm -rf "$gotch.tmp"
	(cd "$root" && GOWORK=off go run ./scripts/patchgotch -o "$gotch.tmp") ||
		die "could not make the patched copy of gotch (see above): check the network and Go's module proxy"
	if [[ ! -d $gotch ]]; then mv -T "$gotch.tmp" "$gotch"; fi
}

connect() {
	local text
	if [[ $(readlink "$link" || true) != "$store" ]]; then
		ln -sfn "$store" "$link.$$"
		mv -Tf "$link.$$" "$link"
	fi
	text="$mark
go $(awk '$1 == "go" { print $2 }' "$root/go.mod")

use .

replace github.com/sugarme/gotch => \"$gotch\""
	if [[ ! -e $work || $(<"$work") != "$text" ]]; then
		printf '%s\n' "$text" >"$work.$$"
		mv -f "$work.$$" "$work"
		say "go run, build, test and vet now work in $root"
	fi
}

is_laid "$store" || lay
plugin
patched
connect
