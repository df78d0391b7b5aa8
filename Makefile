# fence-kdump. `make` alone lists the targets; each one sets up what it needs.

PYTHON  := /usr/bin/python3
VENV    := build/venv
READY   := $(VENV)/ready
SENDER  := dist/fence_kdump_send/fence_kdump_send
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

PYTHON_SOURCES := $(shell find protocol cluster sender agent -name '*.py') agent/bin/fence_kdump
SHELL_SCRIPTS  := .ci/run $(filter-out %.md,$(wildcard tools/*))
SHELL_SCRIPTS  += $(wildcard dracut-module/99zz-fence-kdump/*.sh)
SHELL_SCRIPTS  += $(shell grep -lrE '^\#!/bin/(ba)?sh' tests)
MAN_PAGES      := build/man/fence_kdump.8 build/man/fence_kdump_send.8

DESTDIR    :=
prefix     := /usr
sbindir    := $(prefix)/sbin
libexecdir := $(prefix)/libexec
mandir     := $(prefix)/share/man

.DELETE_ON_ERROR:
.PHONY: help demo test binary bench lint man install clean setup-test

help:
	@echo 'make demo     a crash and its fencing, with the real programs, as a timeline'
	@echo 'make test     run all tests'
	@echo 'make binary   freeze the sender into dist/fence_kdump_send/ (ONEFILE=1: into one file, dist/onefile/)'
	@echo 'make bench    figures against the C programs, side by side'
	@echo 'make lint     style, types, import directions, shell'
	@echo 'make man      man pages into build/man/'
	@echo 'make install  sender, agent and man pages into DESTDIR'
	@echo 'make clean    remove build/ and dist/'

$(READY): requirements-dev.txt tools/setup
	tools/setup binary
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -q --disable-pip-version-check -r requirements-dev.txt
	touch $@

FREEZE := $(VENV)/bin/pyinstaller --noconfirm --log-level WARN

ifdef ONEFILE
binary: dist/onefile/fence_kdump_send
else
binary: $(SENDER)
endif

$(SENDER): $(PYTHON_SOURCES) sender/fence_kdump_send.spec $(READY)
	ONEFILE= $(FREEZE) --distpath dist --workpath build/freeze sender/fence_kdump_send.spec
	touch $@

dist/onefile/fence_kdump_send: $(PYTHON_SOURCES) sender/fence_kdump_send.spec $(READY)
	ONEFILE=1 $(FREEZE) --distpath dist/onefile --workpath build/freeze-onefile sender/fence_kdump_send.spec
	touch $@

man: $(MAN_PAGES)

HELP2MAN := help2man --section=8 --no-info --source='fence-kdump $(VERSION)' --manual='High Availability'

build/man/fence_kdump.8: docs/fence_kdump.h2m agent/fence_kdump/options.py agent/fence_kdump/arguments.py
	tools/setup man
	mkdir -p build/man
	$(HELP2MAN) --name='fence agent that lets a crashed node finish its kernel dump' \
		--include=$< --output=$@ agent/bin/fence_kdump

build/man/fence_kdump_send.8: docs/fence_kdump_send.h2m $(SENDER)
	tools/setup man
	mkdir -p build/man
	$(HELP2MAN) --name='tell the cluster that this node is dumping its memory' \
		--include=$< --output=$@ $(SENDER)

setup-test: $(READY) $(SENDER) dist/onefile/fence_kdump_send $(MAN_PAGES)
	tools/setup net test image panic
	tools/unit-tests setup

test: setup-test
	tools/unit-tests run
	tools/sandbox $(VENV)/bin/python -m pytest tests

demo: $(SENDER)
	tools/setup net image panic
	PYTHONPATH=tests tools/sandbox $(PYTHON) tests/demo/panic.py

bench: setup-test
	tools/sandbox $(VENV)/bin/python bench/bench.py
	PYTHONPATH=tests tools/sandbox $(PYTHON) bench/panic.py

lint: $(READY)
	tools/setup lint
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	PYTHONPATH=protocol:cluster:sender:agent:dracut-module $(VENV)/bin/lint-imports
	shellcheck $(SHELL_SCRIPTS)
	shfmt -i 4 -ci -d $(SHELL_SCRIPTS)

AGENT_HOME := $(libexecdir)/fence-kdump-agent
IMAGE_HOME := $(libexecdir)/fence-kdump-image
DRACUT_MODULE := $(prefix)/lib/dracut/modules.d/99zz-fence-kdump

install: $(SENDER) $(MAN_PAGES)
	install -d $(DESTDIR)$(libexecdir) $(DESTDIR)$(sbindir) $(DESTDIR)$(mandir)/man8 $(DESTDIR)$(AGENT_HOME)/bin
	rm -rf $(DESTDIR)$(libexecdir)/fence-kdump
	cp -R dist/fence_kdump_send $(DESTDIR)$(libexecdir)/fence-kdump
	ln -sfn $(libexecdir)/fence-kdump/fence_kdump_send $(DESTDIR)$(sbindir)/fence_kdump_send
	for package in agent/fence_kdump protocol/fence_kdump_protocol cluster/fence_kdump_cluster; do \
		install -d $(DESTDIR)$(AGENT_HOME)/$${package#*/} && \
		install -m 644 $$package/*.py $(DESTDIR)$(AGENT_HOME)/$${package#*/}/ || exit; done
	install -m 755 agent/bin/fence_kdump $(DESTDIR)$(AGENT_HOME)/bin/
	ln -sfn $(AGENT_HOME)/bin/fence_kdump $(DESTDIR)$(sbindir)/fence_kdump
	for package in dracut-module/fence_kdump_image cluster/fence_kdump_cluster; do \
		install -d $(DESTDIR)$(IMAGE_HOME)/$${package#*/} && \
		install -m 644 $$package/*.py $(DESTDIR)$(IMAGE_HOME)/$${package#*/}/ || exit; done
	install -d $(DESTDIR)$(IMAGE_HOME)/bin $(DESTDIR)$(DRACUT_MODULE)
	install -m 755 dracut-module/bin/fence-kdump-image $(DESTDIR)$(IMAGE_HOME)/bin/
	ln -sfn $(IMAGE_HOME)/bin/fence-kdump-image $(DESTDIR)$(sbindir)/fence-kdump-image
	install -m 755 dracut-module/99zz-fence-kdump/*.sh $(DESTDIR)$(DRACUT_MODULE)/
	install -m 644 dracut-module/99zz-fence-kdump/*.service $(DESTDIR)$(DRACUT_MODULE)/
	install -m 644 $(MAN_PAGES) $(DESTDIR)$(mandir)/man8/

clean:
	rm -rf build dist
