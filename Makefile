# Every target makes the environment by itself; `make` alone lists them.
VENV := $(or $(SLUSS_VENV),.venv)
BIN := $(VENV)/bin
# A variable of the command line as an option of the command: never one that happens to be in somebody's environment.
given = $(if $(filter command,$(firstword $(origin $(1)))),$${$(1):+$(2) "$$$(1)"})
COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-package contracts --no-emit-package shared --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help setup up down status demo test test-integration test-fault soak bench docker-check fuzz check lint types imports contracts schemas openapi compose lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make the environment (.venv) as requirements.lock says; every other target does so by itself
	@./sluss setup

up: ## start the local street: PostgreSQL, Apache Kafka and the services; on a terminal until Ctrl-C
	@./sluss up

down: ## stop the local street, whoever started it, and whatever was left of it
	@./sluss down

status: ## what runs, where, and how it is
	@./sluss status

demo: ## play three months of a municipality, or a log: LOG=FILE [FROM=ACTIVITY TO=ACTIVITY] [NAME=NAME] [MAP=FILE]
	@./sluss demo $(call given,LOG,--log) $(call given,FROM,--from) $(call given,TO,--to) $(call given,NAME,--name) $(call given,MAP,--map)

test: setup ## every test but the long faults, on a real PostgreSQL and a real Apache Kafka; ARGS="-k word" for some
	@$(BIN)/pytest -m "not long" $(ARGS)

test-integration: setup ## the parts on real servers; SLUSS_BROKER=docker takes PostgreSQL and Kafka from containers; ARGS as above
	@$(BIN)/pytest tests/integration $(ARGS)

test-fault: setup ## what make test leaves out as too long: outages, every log, many more random requests ...; ARGS="-k word" for some
	@SLUSS_FUZZ_EXAMPLES=$${SLUSS_FUZZ_EXAMPLES:-50} $(BIN)/pytest -m long $(ARGS)

fuzz: setup ## files of every form that no import may stumble over, thought of by Hypothesis; EXAMPLES=180000 takes about an hour
	@SLUSS_FUZZ_EXAMPLES=$(or $(EXAMPLES),180000) $(BIN)/pytest tests/unit/tools/test_any_file.py $(ARGS)

soak: setup ## a street under load whose parts are killed at random, judged by a ledger; MINUTES=60 [SEED=N] [SLUSS_KAFKA_NODES=3]
	@$(BIN)/python -m tests.fault.soak $(call given,MINUTES,--minutes) $(call given,SEED,--seed)

docker-check: setup ## docker-compose.yml on the Docker engine of this machine, from up to down -v, with kills (minutes; by hand)
	@$(BIN)/python -m tests.docker.check

bench: setup ## speed beside a limit of the same run, in rounds that alternate; written to bench/results; ARGS="consumer --rounds 9 --out PLACE"
	@$(BIN)/python -m tools.bench $(ARGS)

check: lint types imports schemas openapi compose ## what needs no server: style, types, import rules, schemas, compose file

lint: setup ## ruff: rules and format
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

types: setup ## mypy, strict
	@$(BIN)/mypy --no-error-summary

imports: setup ## who may import whom
	@$(BIN)/lint-imports --no-cache

contracts: setup ## write the JSON Schemas and AsyncAPI anew from the classes
	@$(BIN)/python -m tools.contracts

schemas: setup ## JSON Schemas and AsyncAPI are what the classes say (make contracts writes them)
	@$(BIN)/python -m tools.contracts --check

openapi: setup ## what the services say of their APIs is OpenAPI, and says enough
	@$(BIN)/pytest -q --no-header tests/contract/test_openapi.py >.openapi.log 2>&1 || { cat .openapi.log; rm .openapi.log; exit 1; }
	@rm .openapi.log

compose: setup ## docker-compose.yml is a valid one, and the same street as the local one
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@$(BIN)/pytest -q --no-header tests/contract/test_compose_parity.py >.compose.log 2>&1 || { cat .compose.log; rm .compose.log; exit 1; }
	@rm .compose.log

lock: setup ## pin every package and Kafka jar anew, with hashes (needs the network)
	@$(COMPILE) --group dev pyproject.toml contracts/pyproject.toml shared/pyproject.toml services/*/pyproject.toml sluss_client/pyproject.toml -o requirements.lock
	@for service in services/*/pyproject.toml; do \
	    $(COMPILE) -c requirements.lock contracts/pyproject.toml shared/pyproject.toml $$service -o $${service%pyproject.toml}requirements.lock || exit 1; \
	done
	@$(COMPILE) -c requirements.lock deploy/kafka/requirements.in -o deploy/kafka/requirements.lock
	@$(COMPILE) -c requirements.lock tools/bench/rivals.in -o tools/bench/rivals.lock
	@$(BIN)/python -m deploy.local.kafka_jars

clean: ## stop everything and remove what runs have made: streets, caches, the environment
	@for street in .sluss/*/launcher.lock; do if [ -e "$$street" ]; then SLUSS_STREET=$${street%/launcher.lock} ./sluss down; fi; done
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deploy.local.postgres; fi
	@rm -rf .sluss $(VENV) $(VENV).lock .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
