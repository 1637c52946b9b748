# Needs Go, a POSIX shell and make. The race detector needs a C compiler too.

FUZZTIME = 2m
BENCH = .
# Tests wait for engines and browsers more than they compute.
PARALLEL = 6
MODULES = . internal/e2e storage/gormstore/enginetest bench
TOOL = go tool -modfile="$$root/tools/go.mod"

.PHONY: help test lint fuzz bench demo soak programs

help:
	@echo 'make test   vet and all tests, those in a browser too; CI runs this and nothing else'
	@echo 'make lint   golangci-lint and govulncheck, at the versions of tools/go.mod'
	@echo 'make fuzz   every fuzz target for FUZZTIME ($(FUZZTIME)) each'
	@echo 'make bench  waltz beside its peers and limits, into bench/report.md: the rows that match BENCH ($(BENCH))'
	@echo 'make demo   the demo: a provider and an application on this machine alone'
	@echo 'make soak   the tests that take minutes'

# With CI=true, what would be skipped fails. With the race detector the compiler also has pointers checked;
# those of SQLite, which is C made into Go, would be two fifths of its tests' time.
test: programs
	@set -e; race=-race; \
	export GOFLAGS="$$GOFLAGS -gcflags=modernc.org/sqlite/...=-d=checkptr=0"; \
	if [ "$$(go env CGO_ENABLED)" != 1 ]; then \
		echo 'no C compiler: testing without the race detector'; race=; \
		if [ "$$CI" = true ]; then exit 1; fi; \
	fi; \
	for m in $(MODULES); do \
		echo "module $$m"; \
		(cd $$m && go vet ./... && go test $$race -shuffle=on -parallel $(PARALLEL) ./...); \
	done

# What tests start besides the project's own: they skip without it and say so.
programs:
	@wanted=; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
		wanted=chromium; \
	command -v memcached >/dev/null || wanted="$$wanted memcached"; \
	test "$$(uname)" != Linux || command -v strace >/dev/null || wanted="$$wanted strace"; \
	command -v redis-server >/dev/null || wanted="$$wanted redis-server"; \
	command -v nats-server >/dev/null || wanted="$$wanted nats-server"; \
	/usr/bin/python3 -c 'import flask_dance, flask_sqlalchemy, psycopg2, flask_caching, redis' 2>/dev/null || \
		wanted="$$wanted python3-flask-dance python3-flask-sqlalchemy python3-psycopg2 python3-flask-caching python3-redis"; \
	/usr/bin/python3 -c 'import oauthlib.oauth1, jwt, cryptography' 2>/dev/null || \
		wanted="$$wanted python3-oauthlib python3-jwt python3-cryptography"; \
	{ command -v node && command -v npm; } >/dev/null || wanted="$$wanted nodejs npm"; \
	command -v pgbouncer >/dev/null || test -x /usr/sbin/pgbouncer || wanted="$$wanted pgbouncer"; \
	if [ -z "$$wanted" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $$wanted; then \
		exit 0; \
	fi; \
	echo "not here, and their tests are skipped: $$wanted"; \
	[ "$$CI" != true ]

lint:
	@set -e; root=$$PWD; \
	for m in $(MODULES); do \
		echo "module $$m"; cd "$$root/$$m"; \
		$(TOOL) golangci-lint run --config "$$root/.golangci.yml" ./...; \
		if found=$$($(TOOL) govulncheck ./... 2>&1); then echo "$$found"; \
		elif echo "$$found" | grep -q 'Vulnerability #'; then echo "$$found"; exit 1; \
		elif echo "$$found" | grep -qE 'dial tcp|no such host|fetching vulnerab'; then echo 'skipped: govulncheck cannot reach its database'; \
		else echo "$$found"; exit 1; fi; \
	done

fuzz:
	@set -e; root=$$PWD; for m in $(MODULES); do \
		cd "$$root/$$m"; targets=$$(go test -list '^Fuzz' ./...); \
		echo "$$targets" | awk '/^Fuzz/ { t[n++] = $$1 } /^ok/ { while (n) print t[--n], $$2 }' | \
		while read -r target package; do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x "$$package" || exit 1; \
		done; \
	done

bench:
	@set -e; for m in $(MODULES); do (cd $$m && go test -run '^$$' -bench '$(BENCH)' -benchmem ./...); done

demo:
	@go run ./cmd/waltz demo

# Tests called TestSoak, in files with the build tag soak, one package after another.
soak:
	@set -e; for m in $(MODULES); do \
		echo "module $$m"; \
		(cd $$m && go test -tags soak -p 1 -run '^TestSoak' -timeout 6h -v ./...); \
	done
