# make train   libtorch on first use, demo data, a small model, its scores
# make test    everything that must pass, with a real MLflow server
# make help    all targets

# Tools are built from pinned sources, which Go's checksum database vouches for.
golangci-lint := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: libtorch
libtorch: ## Lay libtorch and the workspace (a second when they are there).
	@scripts/fetch_libtorch.sh

.PHONY: compiled
compiled: libtorch # C++ that the build cache lacks, with a word on how long it takes
	@scripts/compile.sh

.PHONY: python
python: ## Set up the Python environment of the tests.
	@scripts/pyenv.sh >/dev/null

.PHONY: minilm
minilm: ## Fetch a real pretrained encoder for the tests (90 MB; a second when it is there).
	@scripts/fetch_minilm.sh >/dev/null

.PHONY: train
train: compiled ## Train the quickstart model.
	go run ./cmd/train

.PHONY: build
build: compiled ## Build the commands into bin/.
	go build -o bin/ ./cmd/...

.PHONY: test
# Packages are tested side by side: their OpenMP threads must sleep, not spin.
test: export OMP_WAIT_POLICY = passive
test: compiled python minilm ## Run all tests.
	go vet ./...
	go test -timeout 60m ./...

.PHONY: servers
servers: export TRIDENT_MLFLOW_GO = 1
servers: compiled python ## Run the tests of tracking against mlflow-go, too (minutes; TRIDENT_MLFLOW_PYTHON=PATH: another MLflow).
	scripts/pyenv.sh scripts/requirements-mlflow-go.txt .venv-mlflow-go >/dev/null
	go test -count=1 -timeout 30m ./pkg/tracking -run 'TestServer$$'

.PHONY: isa
isa: compiled minilm ## Run the tests of numbers as other processors, with 1, 2 and 4 threads.
	scripts/isa.sh

.PHONY: fuzz
fuzz: libtorch ## Run each fuzz target for FUZZTIME (60s; half an hour and more).
	scripts/fuzz.sh $(or $(FUZZTIME),60s)

.PHONY: race
# The packages whose goroutines share something.
race: export OMP_WAIT_POLICY = passive
race: compiled python ## Run the tests of concurrent packages under Go's race detector.
	go test -race -timeout 30m ./internal/hub ./internal/ranks ./pkg/client ./pkg/reviews ./pkg/serve ./pkg/tracking

.PHONY: lint
lint: compiled ## Check style: gofmt, go.mod, golangci-lint (vet among its checks), shellcheck.
	gofmt -d $$(git ls-files '*.go')
	go mod tidy -diff
	$(golangci-lint) run
	scripts/pyenv.sh scripts/requirements-lint.txt .venv-lint >/dev/null
	.venv-lint/bin/shellcheck $$(git ls-files '*.sh' .ci/run)

.PHONY: annotations
annotations: libtorch ## Let Label Studio's SDK, seqeval and spaCy read what convert writes (900 MB).
	scripts/annotations/run.sh

.PHONY: deploy-check
deploy-check: ## Hold deploy/ against Kubernetes', Kubeflow's and Compose's own checks (200 MB of Go modules).
	scripts/deploy_check.sh

.PHONY: vuln
vuln: libtorch ## Look for known vulnerabilities (fetches a database from vuln.go.dev).
	scripts/vuln.sh

.PHONY: sbom
sbom: ## Write the bill of materials, bin/sbom.cdx.json (CycloneDX).
	scripts/sbom.sh

.PHONY: compare
# Processor time is measured: OpenMP's threads must sleep, not spin.
compare encoders long loop: export OMP_WAIT_POLICY = passive
compare: compiled ## One model against one for each task, over seeds; goes on where it stopped (ARGS="--recipes compare,weights-auto --seeds 1,2,3,4,5"; --help).
	go run ./scripts/compare $(ARGS)

.PHONY: encoders
encoders: compiled minilm ## Encoders side by side, likewise (ARGS="--recipes quickstart,minilm --seeds 1").
	go run ./scripts/compare --encoder .minilm --out data/encoders --baseline quickstart $(if $(findstring --recipes,$(ARGS)),,--recipes encoders) $(ARGS)

.PHONY: long
long: compiled ## Whole calls: truncated against read in windows, likewise (ARGS="--recipes truncate-512,pooled-512 --seeds 1").
	go run ./scripts/compare --out data/long $(if $(findstring --recipes,$(ARGS)),,--recipes long) $(ARGS)

.PHONY: loop
loop: compiled ## What reviews are worth: in queue order, at random, none; over seeds (ARGS="--seeds 1").
	go run ./scripts/loop $(ARGS)

.PHONY: bench
bench: libtorch ## Measure against PyTorch, ONNX Runtime, OpenVINO and CTranslate2, side by side (an hour; 6 GB).
	bench/run.sh

.PHONY: golden
golden: ## Make the golden files anew (sets up PyTorch for Python: 4 GB).
	scripts/golden/all.sh

.PHONY: parity
parity: libtorch ## Compare with PyTorch, Hugging Face and scikit-learn live (SEED=7; 4 GB).
	scripts/parity/run.sh $(SEED)
