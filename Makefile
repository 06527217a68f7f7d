# Tributary: `make demo` runs the main job, `make test` passes the tests. Both set up what they need.
SWIFT  ?= swift
# With PostgreSQL wherever libpq is. One choice for all targets: another one rebuilds everything.
TRAITS  = $(shell pkg-config --exists libpq 2>/dev/null && echo --traits PostgreSQL)
# Debug information takes time to compile and to link; the names of functions stay without it.
CONFIG  = -c release -debug-info-format none $(TRAITS)
BIN     = .build/release
PREFIX ?= /usr/local

.PHONY: help setup setup-test build demo test bench format lint install uninstall clean

help: ## Show the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: ## Install the system packages that the build needs.
	@Scripts/setup build

setup-test: ## Install what the tests need besides.
	@Scripts/setup build test
	@Scripts/fetch-vocabularies || echo "test: without llama.cpp's vocabularies their tests are skipped"

build: setup ## Build everything once, in release, with testing enabled.
	$(SWIFT) build $(CONFIG) --build-tests

demo: setup ## Three contributors, a few questions, measured influence, a ledger with receipts.
	$(SWIFT) build $(CONFIG)
	@Scripts/demo

test: setup-test build lint ## Format check and the whole test suite.
	@Scripts/test $(SWIFT) test $(CONFIG) --skip-build

bench: setup ## Side-by-side speed against llama.cpp and quality of answers (needs pip).
	$(SWIFT) build $(CONFIG)
	Benchmarks/run

format: ## Rewrite the sources in the project's style.
	$(SWIFT) format -i -r Sources Tests Benchmarks Package.swift

lint: ## Check the style.
	$(SWIFT) format lint --strict -r Sources Tests Benchmarks Package.swift
	@Scripts/check-tree

install: build ## Install the binaries and the models under PREFIX.
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/tributary/Models
	install $(BIN)/tributary $(BIN)/tributary-ledger $(DESTDIR)$(PREFIX)/bin
	install -m 644 Models/*.* $(DESTDIR)$(PREFIX)/share/tributary/Models

uninstall: ## Remove what `make install` put there.
	rm -f $(DESTDIR)$(PREFIX)/bin/tributary $(DESTDIR)$(PREFIX)/bin/tributary-ledger
	rm -rf $(DESTDIR)$(PREFIX)/share/tributary

clean: ## Remove the build folder and what the demo wrote.
	rm -rf .build .demo demo.html
