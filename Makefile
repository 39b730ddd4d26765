# The two commands of a user are `make report` and `make test`; both set everything up by themselves.
# Arguments go through: make report ARGS="USA-RUS --out somewhere"

.DEFAULT_GOAL := help
PY := .venv/bin/python
ARGS ?=
PAIR := -n 2 --dist loadfile

.PHONY: help setup report test test-nightly test-all lowest bench calibration pages numbers power theory golden index supply licences lint types docs repository check format clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Find a Python and make the environment .venv (quick if up to date)
	@scripts/bootstrap

report: setup ## Make the report on the embedded data (ARGS=CHN-JPN for another dyad)
	@$(PY) -m forecast report $(or $(ARGS),USA-CHN)

test: setup ## Run the tests on two cores, without the long ones
	@$(PY) -m pytest $(PAIR) $(ARGS)

test-nightly: setup ## Run the long tests of what is left on disk (tests/nightly/README.md; hours)
	@$(PY) -m pytest $(PAIR) -m nightly $(or $(ARGS),tests)

test-all: setup ## Run all tests, the long ones too
	@$(PY) -m pytest $(PAIR) -m "" $(ARGS)

lowest: setup ## Try the oldest versions of everything that is depended on, with the quick tests
	@scripts/lowest

bench: setup ## Measure speed against the same model written plainly (benchmarks/README.md; ARGS="gradient" and so on)
	@$(PY) -m benchmarks $(ARGS)

calibration: setup ## Calibrate every variant of the model on simulated panels (an hour or so), into reports/calibration
	@$(PY) scripts/calibrate.py $(ARGS)

pages: setup ## Make every committed page of forecasts and the live ledger from three fits, and compare their numbers (a quarter of an hour; ARGS="--only ledger")
	@$(PY) scripts/make_pages.py $(ARGS)

numbers: setup ## Compare every number that two committed pages state
	@$(PY) scripts/one_number.py $(ARGS)

power: setup ## Simulate power and false alarms of the tests again, into the package (two hours; interrupted, it continues)
	@mkdir -p build
	@$(PY) scripts/simulate_power.py

theory: setup ## Make the pages of the claims, tested on all embedded dyads, and of the essay's statements
	@$(PY) -m forecast test USA-CHN --claims S2,S4,S5,S6,S7,S8,S10,S12 --replace --out reports/hypotheses
	@$(PY) -c "from forecast.report.theory_page import write_theory; write_theory('reports/hypotheses/tests.json', \
	    'reports/usa-chn-2026-05-31/forecast.json', 'reports/scenario-2023/scenario.json', 'reports/theory')"

golden: setup ## Renew the golden files of pages (tests/report/golden); read their differences before you commit them
	@GOLDEN=1 $(PY) -m pytest -q tests/report/test_golden.py

index: setup ## Make reports/index.html, which lists the pages of reports
	@$(PY) -c "from forecast.report.folder import write_index; write_index('reports')"

supply: setup ## Write the bill of materials (build/sbom.json), and look for known vulnerabilities and weak workflows
	@scripts/supply $(ARGS)

licences: setup ## Write docs/licences.md from what is installed
	@$(PY) scripts/licences.py

lint: setup ## Check style, formatting and docstrings
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m numpydoc lint $$(find forecast -name '*.py')

types: setup ## Check types
	@$(PY) -m mypy

docs: setup ## Build the site into build/site, with its figures and tutorials run (cached)
	@$(PY) -m sphinx --fail-on-warning --quiet -d build/doctrees docs build/site

repository: setup ## Check imports between storeys, docs against the code, English, workflows and licences
	@$(PY) scripts/check_architecture.py
	@$(PY) scripts/check_english.py
	@$(PY) scripts/check_workflows.py
	@$(PY) scripts/licences.py --check
	@$(PY) scripts/check_docs.py

check: lint types repository ## Run all checks that are not tests

format: setup ## Put the code into the one format
	@$(PY) -m ruff check --fix --quiet .
	@$(PY) -m ruff format --quiet .

clean: ## Remove the environment and all that tools left behind
	@rm -rf .venv .venv-tools .venv-lowest .mypy_cache .pytest_cache .ruff_cache .hypothesis dist build
