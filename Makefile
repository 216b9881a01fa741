# What a contributor runs. `make check` is what CI runs after `make test`.
GO      ?= go
FUZZTIME ?= 20s
# A test that hangs is a failure, not a coffee break.
TIMEOUT ?= 10m
KILLS   ?= 200
SHARED_KILLS ?= 30
RECORDS ?= 200000
# The month that is stated and closed; MONTH=10000000 takes some minutes and 12 GB of disk.
MONTH   ?= 100000

.PHONY: demo build test check bench benchmarks fuzz kill faults year clean

demo: ## the demo: five emulated clouds, a real trace, a statement
	$(GO) run ./cmd/concord demo

build: ## bin/concord
	$(GO) build -trimpath -o bin/concord ./cmd/concord

test: ## all tests
	@ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null || \
		echo "*** NOT TESTED HERE: the store on PostgreSQL. Debian: apt-get install postgresql-15 pgbouncer ***" >&2
	@[ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null || \
		echo "*** NOT TESTED HERE: PostgreSQL behind a pooler. Debian: apt-get install pgbouncer ***" >&2
	@[ -d internal/clienttest/testdata/node/node_modules/openai ] || \
		echo "*** NOT TESTED HERE: the official Node client. With node: npm ci --prefix internal/clienttest/testdata/node ***" >&2
	$(GO) test -timeout $(TIMEOUT) ./...

check: ## format, vet, lint, architecture, tests under the race detector
	@files=$$(gofmt -l .); if [ -n "$$files" ]; then echo "run gofmt -w on:"; echo "$$files"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) test ./internal/archtest
	GORACE=atexit_sleep_ms=20 $(GO) test -race -timeout $(TIMEOUT) ./... # else each of a thousand processes sleeps a second at its end

bench: ## the gateway beside nginx and Go's ReverseProxy: 4 minutes, docs/performance.md; then journal, poster and books
	@mkdir -p bin
	$(GO) run ./internal/bench -json bin/bench.json
	$(GO) test -count=1 -timeout 30m ./internal/figures -v -figures -records $(RECORDS) -month $(MONTH)

benchmarks: ## Go's benchmarks of every package, with allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...

fuzz: ## every fuzz target for FUZZTIME
	@grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u | while read -r dir; do \
		for name in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$$dir"/*_test.go | cut -c 6-); do \
			echo "$$dir $$name"; \
			$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x "$$dir" || exit 1; \
		done; \
	done

kill: ## the gateway killed KILLS times under load, one of two on PostgreSQL SHARED_KILLS times, and what the journal, the clients and the clouds say of it
	$(GO) test -count=1 -v -timeout 60m -run '^TestKill$$' ./internal/killtest -kills $(KILLS)
	$(GO) test -count=1 -v -timeout 60m -run '^TestKillOneOfTwo$$' ./internal/killtest -shared-kills $(SHARED_KILLS)

faults: ## the whole trace replayed over every fault of every cloud; the figures of docs/gateway.md
	$(GO) test -count=1 -v -timeout 60m -run '^TestNoClientSees' ./internal/clienttest -whole

year: ## the whole year of months, closed, paid and reconciled by the commands: docs/year.md
	$(GO) test -count=1 -v -timeout 60m -run '^TestTheMonthsClose$$' ./internal/year -months 12

clean: ## what the targets above leave behind
	rm -rf bin
