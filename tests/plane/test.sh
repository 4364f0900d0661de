#!/bin/sh
# Runs the unit tests with the flags of build.sh, so that what that has compiled
# is used again. Usage: tests/plane/test.sh [ARGUMENTS OF go test]
set -eu
cd "$(dirname "$0")"
export GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false -pgo=off"
# Not ./...: that would compile all of Kubernetes for packages without a test.
go test -tags notest,grpcnotrace "$@" ./internal/cluster ./internal/ledger ./internal/node
