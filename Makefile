# Custodian. `make run` opens it, `make test` proves it. Needs make, git and Go; .ci/setup installs the rest.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
LISTEN  ?= 127.0.0.1:8080
DATA    ?= data/demo
FUZZTIME ?= 30s
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.1.4
GOTESTSUM := gotest.tools/gotestsum@v1.13.0 --format pkgname --hide-summary=skipped

# The demonstration stack is a module of its own, never linked into the product; no C compiler is needed.
STACK := cmd/devstack
export CGO_ENABLED := 0

.PHONY: help setup assets build run test deep check vulns fuzz bench e2e clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what this machine lacks (apt, with sudo where needed)
	@bash .ci/setup

ASSETS := web/package-lock.json web/build.mjs $(wildcard web/scss/* web/scripts/* web/img/*)
assets: web/built/manifest.json ## build the style sheet, scripts and fonts of the pages (npm ci, then sass)

web/built/manifest.json: $(ASSETS)
	cd web && npm ci --silent && npm run --silent build

build: assets ## write bin/custodian and bin/devstack
	@mkdir -p bin
	go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/custodian ./cmd/custodian
	go -C $(STACK) build -trimpath -buildvcs=false -o ../../bin/devstack .

run: ## open the demonstration at http://127.0.0.1:8080 (LISTEN=host:port, DATA=directory)
	@bash .ci/setup run
	@$(MAKE) --no-print-directory build
	bin/devstack --seed demo --data $(DATA) --listen $(LISTEN)

test: setup build ## everything, with a seeded sample of the long suites (25 minutes at most on two cores)
	go vet ./...
	go -C $(STACK) vet ./...
	go -C $(STACK) run $(GOTESTSUM) --jsonfile ../../bin/ran-stack.json -- -timeout 45m ./...
	go run $(GOTESTSUM) --jsonfile bin/ran.json -- -timeout 45m ./...
	go test -count=1 ./internal/house -run TestSecurityTable -ran ../../bin/ran.json,../../bin/ran-stack.json

deep: setup build ## everything, with the full counts of the long suites
	CUSTODIAN_DEEP=1 go -C $(STACK) test -count=1 -timeout 0 ./...
	CUSTODIAN_DEEP=1 go run $(GOTESTSUM) --jsonfile bin/ran.json -- -count=1 -timeout 0 ./...
	go test -count=1 ./internal/house -run TestSecurityTable -ran ../../bin/ran.json

check: ## gofmt, vet, staticcheck and the house rules
	@wrong=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go' 2>/dev/null)); [ -z "$$wrong" ] || { echo "not formatted; run gofmt -w on:" $$wrong; exit 1; }
	go vet ./...
	go -C $(STACK) vet ./...
	go run $(STATICCHECK) ./...
	cd $(STACK) && go run $(STATICCHECK) ./...
	go test ./internal/house ./internal/config

vulns: ## known holes in what we depend on (asks the Go vulnerability database)
	go run $(GOVULNCHECK) ./...
	cd $(STACK) && go run $(GOVULNCHECK) ./...

fuzz: ## each fuzz target for FUZZTIME (30s)
	@grep -rEo --include='*_test.go' --exclude-dir=devstack '^func Fuzz[A-Za-z0-9_]+' . | sed -E 's|^\./(.*)/[^/]+:func (.*)$$|\1 \2|' | sort -u | \
		while read -r dir name; do echo "fuzz $$dir $$name"; go test "./$$dir" -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME); done

bench: setup ## the benchmarks; docs/performance.md keeps the figures
	go test -run '^$$' -bench . -benchmem -timeout 0 ./...

e2e: setup build ## the whole programs: the demonstration stack and the portal in it
	go -C $(STACK) test -count=1 -timeout 25m ./...
	go test -count=1 -timeout 25m -v ./internal/whole ./cmd/custodian

clean: ## remove what was built and the demonstration's data
	rm -rf bin $(DATA)
