#!/bin/bash
# Builds the image of the Dockerfile without a container engine and without a registry, and looks at
# what came out. Usage: tests/image/build.sh [CONTEXT]      (default: this work tree)
#
# Needs root (and calls sudo for it), buildah and debootstrap (`tools/deps image`). The base image is
# made here, once, from the distribution's packages; everything is kept in build/image. Ends with
# "image: N passed, M failed".
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "$(id -u)" -ne 0 ]; then
  # In the background, as in tools/ci-stages, nobody can be asked for a password.
  if sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; } 2>/dev/null; then
    kept=()
    # sudo takes them away; where the packages come from is the caller's word.
    for name in DEBIAN_MIRROR DEBIAN_SECURITY_MIRROR http_proxy https_proxy no_proxy; do
      [ -z "${!name-}" ] || kept+=("$name=${!name}")
    done
    exec sudo env "${kept[@]}" "$PWD/tests/image/build.sh" "$@"
  fi
  echo "image: needs root, or sudo: debootstrap and buildah make files that belong to root" >&2
  exit 1
fi

context=${1:-.}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
security=${DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
suite=bookworm
base=docker.io/library/debian:$suite
image=localhost/podcron:test
# A limit, so that a library that drags in half a distribution is noticed on the day it comes.
megabytes_max=25

place=$PWD/build/image
mkdir -p "$place"

for program in buildah debootstrap; do
  command -v "$program" >/dev/null || { echo "image: $program is missing: tools/deps image" >&2; exit 1; }
done

# A storage of its own, so that the user's images are neither seen nor changed. vfs and chroot need
# nothing of the kernel that a container would not give.
export BUILDAH_ISOLATION=chroot
run_buildah() {
  buildah --root "$place/storage" --runroot "$place/run" --storage-driver vfs "$@"
}

containers=()
end() {
  local container
  for container in "${containers[@]}"; do
    run_buildah rm "$container" >/dev/null 2>&1 || true
  done
}
trap end EXIT
trap 'exit 130' INT TERM

make_base() {
  local directory=$place/base container mounted
  rm -rf "$directory"
  echo "image: making the base image from $mirror"
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$directory" "$mirror" \
    >"$place/debootstrap.log" 2>&1 || { tail -5 "$place/debootstrap.log" >&2; return 1; }
  rm -rf "$directory"/var/cache/apt/archives/*.deb "$directory"/var/lib/apt/lists/*
  cat >"$directory/etc/apt/sources.list" <<LIST
deb $mirror $suite main
deb $mirror $suite-updates main
deb $security $suite-security main
LIST
  container=$(run_buildah from scratch)
  containers+=("$container")
  mounted=$(run_buildah mount "$container")
  cp -a "$directory"/. "$mounted"/
  run_buildah umount "$container" >/dev/null
  run_buildah commit --quiet "$container" "$base" >/dev/null
  run_buildah rm "$container" >/dev/null
  rm -rf "$directory"
}

run_buildah inspect --type image "$base" >/dev/null 2>&1 || make_base

commit=$(git -C "$context" rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
echo "image: building $image (log: build/image/build.log)"
# No intermediate images: without copy on write each would be a whole copy of the compiler.
if ! run_buildah bud --pull-never --layers=false --timestamp 0 --build-arg "COMMIT=$commit" \
  --file Dockerfile --tag "$image" "$context" >"$place/build.log" 2>&1; then
  tail -30 "$place/build.log" >&2
  echo "image: the build failed" >&2
  exit 1
fi

passed=0
failed=0
check() {
  local law=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED  $law"
  fi
}

container=$(run_buildah from --pull-never "$image")
containers+=("$container")
root=$(run_buildah mount "$container")

kilobytes=$(du --summarize --apparent-size --block-size=1K "$root" | cut -f1)
echo "image: $((kilobytes / 1024)).$((kilobytes % 1024 * 10 / 1024)) MB unpacked; the largest files:"
# awk reads to the end: a `head` that leaves early ends `sort` by SIGPIPE, and pipefail makes that ours.
find "$root" -type f -printf '%s %P\n' | sort -rn |
  awk 'NR <= 8 {printf "  %7.1f kB  %s\n", $1 / 1024, $2}'

# The program sees only the image's own files, as the image's own user.
inside() { chroot --userspec=65532:65532 "$root" "$@"; }

version=$(inside /usr/bin/podcron --version 2>&1) && ran=true || ran=false
echo "$version"
check "the program runs as uid 65532 and says its version" "$ran"
check "it is the version of this commit" grep -qF "$commit" <<<"$version"
config() { run_buildah inspect --type image --format "{{.OCIv1.Config.$1}}" "$image"; }
check "the image's user is 65532" test "$(config User)" = 65532:65532
check "the image's entry point is the program" test "$(config Entrypoint)" = "[/usr/bin/podcron]"
check "it is at most $megabytes_max MB" test "$kilobytes" -le $((megabytes_max * 1024))
check "it has CA certificates" test -s "$root/etc/ssl/certs/ca-certificates.crt"
check "OpenSSL finds them" test -s "$root$(readlink "$root/usr/lib/ssl/cert.pem")"
check "it has tzdata" test -s "$root/usr/share/zoneinfo/Asia/Shanghai"
check "tzdata has a version" test -s "$root/usr/share/zoneinfo/tzdata.zi"
is_empty() { [ -z "$1" ]; }
check "it has no shell" is_empty "$(find "$root" -name sh -o -name bash -o -name dash -o -name busybox)"
check "it has no set-user-ID program" is_empty "$(find "$root" -type f -perm /6000)"
check "nothing in it may be written" is_empty "$(find "$root" -mindepth 1 -not -type l -perm /222 \
  -not -path "$root/dev*" -not -path "$root/proc*" -not -path "$root/sys*" -not -path "$root/run*" \
  -not -path "$root/etc/hosts" -not -path "$root/etc/resolv.conf" -not -path "$root/etc/hostname")"

run_buildah umount "$container" >/dev/null
echo "image: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
