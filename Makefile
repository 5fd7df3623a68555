# Two commands are all a newcomer needs: `make up` and `make test`; `make trainer` adds real training. Each brings
# everything it needs into this folder.
.PHONY: up trainer test chaos mutants lint format messages screens audit bench load oracle help
.DEFAULT_GOAL := help

RUN := .venv/bin
# Some machines forbid Python its bytecode files. .venv is ours, and each start without them takes seconds more.
unexport PYTHONDONTWRITEBYTECODE

help:
	@echo "make up       the portal with demo data: http://127.0.0.1:8000 (PORT=8123 make up for another port)"
	@echo "make trainer  real training: PyTorch into .venv-trainer/, once (TRAINER_TORCH=cpu or cuda picks the build)"
	@echo "make test     the whole test suite (ARGS='-k word' for a part of it)"
	@echo "make chaos    200 runs on each of three lanes while processes are killed (ARGS='--lane embedded --seed 7': one)"
	@echo "make mutants  200 mutants of each of two seeds: tests must notice what is broken (ARGS='--seed 1': one)"
	@echo "make lint     ruff, mypy, import order, templates, migrations, translations, docs, Dockerfile, docker-compose.yml"
	@echo "make format   lets ruff put the code in order"
	@echo "make messages collects new texts into locale/ko/LC_MESSAGES/django.po, for you to translate there"
	@echo "make screens  takes the pictures in docs/screens anew"
	@echo "make audit    asks the public database of advisories about every locked package (needs the internet)"
	@echo "make bench    measures what docs promise in figures, into bench/README.md (ARGS='lists' for one part)"
	@echo "make oracle   our training losses beside TRL's (after make trainer; fetches 100 MB more)"
	@echo "make load     200 people and 500 running jobs for ten minutes (SECONDS=60 make load for one)"

up:
	@scripts/bootstrap base && exec $(RUN)/python manage.py up

trainer:
	@scripts/bootstrap base && scripts/trainer

test:
	@scripts/bootstrap dev && exec $(RUN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

chaos:
	@scripts/bootstrap dev && exec $(RUN)/python -m tests.chaos $(ARGS)

mutants:
	@scripts/bootstrap mutants && exec $(RUN)/python -m tests.mutants $(ARGS)

lint:
	@scripts/bootstrap dev
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy .
	$(RUN)/lint-imports --no-cache
	$(RUN)/djlint --check --lint --quiet templates
	$(RUN)/python manage.py makemigrations --check --dry-run
	$(RUN)/python manage.py compile_translations --check
	$(RUN)/python manage.py states --check
	$(RUN)/python manage.py faults --check
	$(RUN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(RUN)/hadolint Dockerfile

format:
	@scripts/bootstrap dev
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

messages:
	@scripts/bootstrap dev && $(RUN)/python manage.py collect_messages

audit:
	@scripts/bootstrap base
	@PATH="$$PWD/.uv/bin:$$PATH" uv tool run pip-audit --strict --disable-pip --require-hashes -r requirements/base.txt

screens:
	@scripts/bootstrap dev && SCREENS=1 $(RUN)/pytest tests/browser/test_screens.py

bench:
	@scripts/bootstrap dev && exec $(RUN)/python -m bench $(ARGS)

# A folder of that name: dill pickles modules that lie elsewhere by their content, and cannot do that to pyarrow.
oracle:
	@scripts/trainer
	.venv-trainer/bin/python -m pip install --quiet --no-deps --require-hashes --upgrade --target var/oracle/site-packages -r requirements/trainer-oracle.txt
	PYTHONPATH=var/oracle/site-packages .venv-trainer/bin/python -m tests.oracle.trl_losses

load:
	@scripts/bootstrap dev && exec $(RUN)/python -m bench load
