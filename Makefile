# Everything from nothing, with Python 3.11 and make.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501

.PHONY: app class test slow shots pictures lint assets pins clean

app: $(VENV)/.app  ## the app on http://localhost:8501
	$(BIN)/python -m streamlit run app.py

class: $(VENV)/.app  ## the app for everybody in the room; says at which address
	$(BIN)/python -m dmm.serve --port $(PORT)

test: $(VENV)/.dev lint  ## all quick tests, with a browser where one is found
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

slow: $(VENV)/.dev  ## load, kill loops and long training checks
	$(BIN)/python -m pytest -m slow

shots: $(VENV)/.dev  ## every page, light and dark, wide and narrow, into shots/
	$(BIN)/python -m tests.shots

pictures: $(VENV)/.dev  ## the pictures in the README
	$(BIN)/python -m tests.shots --readme

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

assets: $(VENV)/.app  ## train the runs and experiments that ship, and measure the two engines
	$(BIN)/python -m dmm.runs.build_shipped
	$(BIN)/python -m dmm.runs.build_engines
	$(BIN)/python -m dmm.runs.race
	$(BIN)/python -m dmm.runs.build_experiments
	$(BIN)/python -m dmm.runs.build_numbers

pins: $(VENV)/.dev  ## write constraints.txt anew from what is installed
	$(BIN)/python -m tests.pins

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache shots

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: requirements.txt constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -r requirements.txt
	touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.app
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -r requirements-dev.txt
	touch $@
