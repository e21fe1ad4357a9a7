# The two commands to begin with are `make train` and `make test`; `make` alone lists all.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
BUILD_ARGS ?=
IMAGE := accompanist

bin := $(VENV)/bin
installed := $(VENV)/.installed
peers := $(VENV)/.peers

# A user's pip settings choose the index; where packages go, and which are seen, is ours to say.
unexport PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_CONSTRAINT
export PIP_USER := 0
export PIP_NO_INPUT := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# SageMaker takes one plain manifest for amd64, whatever machine and builder made it.
build = DOCKER_DEFAULT_PLATFORM=linux/amd64 BUILDX_NO_DEFAULT_ATTESTATIONS=1 \
	docker build --build-arg REVISION="$$(git describe --always --abbrev=40 --dirty 2>/dev/null || echo unknown)"

pin = uv pip compile --generate-hashes --no-emit-index-url --no-emit-package accompanist --no-header -q
# An image holds the versions that the tests run with; only what its GPU needs is pinned there alone.
pin_image = $(pin) --constraint requirements.lock --python-version 3.13 \
	--python-platform x86_64-manylinux_2_28
tensorflow_gpu = tensorflow[and-cuda]==2.21.0

.DEFAULT_GOAL := help
.PHONY: help train test check format docs bench bench-quick engine image test-image lock clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

train: $(installed) ## Train an accompanist on this machine (options: ARGS="--set iterations=100")
	$(bin)/python -m launcher.train $(ARGS)

test: $(installed) ## Run the tests (options: ARGS="tests/music -x")
	$(bin)/python -m pytest $(ARGS)

check: $(installed) ## Check style, formatting and types
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy

format: $(installed) ## Format the code
	$(bin)/ruff check --fix-only --quiet .
	$(bin)/ruff format .

docs: $(installed) ## Write the pages that are generated from the code
	$(bin)/python -m training.hyperparameters_page
	$(bin)/python -m launcher.help_page

bench: $(peers) ## Measure Accompanist beside its peers, 30 minutes (options: ARGS="--only serving")
	$(bin)/python -m benchmarks $(ARGS)

bench-quick: $(peers) ## The same in 4 minutes, less exactly, into runs/benchmarks
	$(bin)/python -m benchmarks --quick $(ARGS)

image: engine ## Build the images accompanist:latest and accompanist:serve (options: BUILD_ARGS="--no-cache")
	$(build) --target serve --tag $(IMAGE):serve $(BUILD_ARGS) .
	$(build) --tag $(IMAGE):latest $(BUILD_ARGS) .
	@docker images $(IMAGE)

engine:
	@docker info >/dev/null 2>&1 || { \
		echo "No Docker engine answers here: start one (systemctl start docker), install one" \
			"(https://docs.docker.com/engine/install/), or get permission to use it."; exit 1; }

test-image: $(installed) image ## Build the images and test them in containers (options: ARGS="tests/conformance")
	$(bin)/python -m pytest -m docker $(ARGS)

lock: ## Pin dependencies after a change of pyproject.toml (needs uv; ARGS=--upgrade for new versions)
	@command -v uv >/dev/null || { echo "\`make lock\` needs uv: see https://docs.astral.sh/uv/."; exit 1; }
	$(pin) --universal --python-version 3.11 --extra dev pyproject.toml -o requirements.lock $(ARGS)
	$(pin_image) --extra serve pyproject.toml -o container/serve.lock
	$(pin_image) --extra serve --extra train pyproject.toml -o container/train-cpu.lock
	echo '$(tensorflow_gpu)' | $(pin_image) --extra serve --extra train --no-emit-package tensorflow-cpu \
		pyproject.toml - -o container/train-gpu.lock

clean: ## Remove the environment and caches; runs/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

$(installed): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
		echo "Python 3.11, 3.12 or 3.13 is needed, and \`$(PYTHON)\` is not one: make $(MAKECMDGOALS) PYTHON=python3.13"; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "\`$(PYTHON)\` lacks the module venv: on Debian and Ubuntu, apt install python3-venv."; \
		exit 1; }
	@echo "Making the environment $(VENV); it takes a minute or more, and 2.9 GB of disk."
	$(PYTHON) -m venv $(VENV)
	$(bin)/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock
	$(bin)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(peers): benchmarks/peers/requirements.txt $(installed)
	@echo "Installing the peers: PyTorch, JAX and ONNX Runtime; on Linux PyTorch may bring CUDA, 3 GB."
	$(bin)/python -m pip install --quiet -r benchmarks/peers/requirements.txt
	@touch $@
