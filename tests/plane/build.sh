#!/bin/sh
# Builds the test control plane. Usage: tests/plane/build.sh OUTPUT
set -eu

if [ "$#" -ne 1 ]; then
    echo "usage: tests/plane/build.sh OUTPUT" >&2
    exit 2
fi
output=$1
case $output in
/*) ;;
*) output=$PWD/$output ;;
esac
cd "$(dirname "$0")"

# Without these the API server calls itself v0.0.0-master, which Helm charts
# that ask for a Kubernetes version refuse.
kubernetes=v$(awk '$1 == "k8s.io/kubernetes" { sub(/^v/, "", $2); print $2; exit }' go.mod)
major=$(echo "${kubernetes#v}" | cut -d. -f1)
minor=$(echo "${kubernetes#v}" | cut -d. -f2)
flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags="$flags -X $package.gitVersion=$kubernetes -X $package.gitMajor=$major"
    flags="$flags -X $package.gitMinor=$minor -X $package.gitTreeState=clean"
done

export GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false -pgo=off"

echo "plane: downloading modules"
go mod download

echo "plane: compiling (about 4 minutes cold)"
mkdir -p "$(dirname "$output")"
# Build beside the target and rename, so that a plane that runs from the old
# file is neither disturbed nor a reason for "text file busy".
go build -tags notest,grpcnotrace -ldflags "$flags" -o "$output.new" .
mv -f "$output.new" "$output"
echo "plane: built $output"
