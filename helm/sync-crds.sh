#!/bin/sh
# Copies the CRDs into the chart: crds/ is the source of truth, but a chart can only read files
# inside its own folder. Usage: helm/sync-crds.sh [--check]
#
# With --check nothing is written; it fails and says what to do if a copy is not the same.
set -eu
cd "$(dirname "$0")/.."
source=crds
copy=helm/podcron/files/crds

case ${1-} in
--check)
    if ! diff -r "$source" "$copy"; then
        echo "sync-crds: $copy differs from $source; run helm/sync-crds.sh and commit the result" >&2
        exit 1
    fi
    ;;
"")
    mkdir -p "$copy"
    rm -f "$copy"/*.yaml
    cp "$source"/*.yaml "$copy"/
    ;;
*)
    echo "usage: helm/sync-crds.sh [--check]" >&2
    exit 2
    ;;
esac
