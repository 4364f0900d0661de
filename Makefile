# What people type. Each target installs what it needs first; nothing else has to be read before.
MAKEFLAGS += --no-print-directory
.PHONY: help deps build run test check fuzz bench format crds clean
.DEFAULT_GOAL := help

help: ## This list
	@printf 'podcron: cron jobs inside the pods that already serve your app\n\n'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
	  while IFS='|' read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done
	@printf '\nOne part of the tests: tools/ci-stages --list\n'

deps: ## Install what build and tests need (apt packages, Go); nothing to do is quick
	@tools/deps build check image

build: ## build/release/podcron, build/release/kubectl-podcron, build/plane/plane
	@tools/deps build
	@tools/build release plane

run: build ## Show it: a real Kubernetes control plane, an app, and runs as they happen
	@exec tools/run-demo

test: ## Everything CI does, stage by stage, with minutes
	@tools/ci-stages

check: ## What to run before a commit: unit, golden, simulation, tidy
	@tools/deps build check
	@tools/ci-stages dev unit golden simulation tidy

SECONDS_PER_TARGET ?= 600
fuzz: ## Search for input that breaks parser or search: make fuzz SECONDS_PER_TARGET=3600
	@tools/deps build check
	@tools/build fuzz
	@tests/fuzz/run $(SECONDS_PER_TARGET)

bench: build ## Measure: the core, and podcron beside the CronJob controller
	@bench/run

format: ## Format every C++ and Go file
	@tools/deps build check
	@tools/format

crds: ## Copy crds/ into the Helm chart
	@helm/sync-crds.sh

clean: ## Remove build/
	@# What tests/image made belongs to root.
	@rm -rf build 2>/dev/null || sudo rm -rf build
