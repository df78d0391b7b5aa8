# fence-kdump. `make` alone lists the targets; each one sets up what it needs.

PYTHON  := /usr/bin/python3
VENV    := build/venv
READY   := $(VENV)/ready
SENDER  := dist/fence_kdump_send/fence_kdump_send
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

PYTHON_SOURCES := $(shell find protocol cluster sender agent -name '*.py') agent/bin/fence_kdump
SHELL_SCRIPTS   = .ci/run $(filter-out %.md %.py,$(wildcard tools/*))
SHELL_SCRIPTS  += $(wildcard dracut-module/99zz-fence-kdump/*.sh)
SHELL_SCRIPTS  += $(shell grep -lrIE '^\#!/bin/(ba)?sh' tests)
SENDER_PAGES   := build/man/fence_kdump_send.8 build/man/fence-kdump-image.8 build/man/fence-kdump.8
COMPLETION     := build/completion/fence-kdump
MAN_PAGES      := build/man/fence_kdump.8 $(SENDER_PAGES)

DESTDIR    :=
prefix     := /usr
sbindir    := $(prefix)/sbin
libexecdir := $(prefix)/libexec
mandir     := $(prefix)/share/man
unitdir    := $(prefix)/lib/systemd/system
sysconfdir := /etc
statedir   := /var/lib

.DELETE_ON_ERROR:
.PHONY: help completion demo demo-cluster demo-system demo-on test test-panic test-rest \
	test-newer newer-panic newer-rest test-all test-on binary bench lint man licences rpm clean setup-test
.PHONY: install install-sender install-agent no-clash

help:
	@echo 'make demo         a crash and its fencing, with the real programs, as a timeline'
	@echo 'make demo-cluster the same in a cluster of three, fenced by its Pacemaker'
	@echo 'make demo-system  a whole Debian system as that node, until it is a member again (slow)'
	@echo 'make test         run all tests'
	@echo 'make test-all     those, every Python, a whole system, and Debian 13 and unstable (hours)'
	@echo 'make test-on SUITE=trixie   the same in a root of another Debian release; demo-on likewise'
	@echo 'make binary       freeze the sender into dist/fence_kdump_send/ (ONEFILE=1: into one file, dist/onefile/)'
	@echo 'make bench        figures against the C programs, side by side'
	@echo 'make lint         style, types, import directions, shell'
	@echo 'make man          man pages into build/man/'
	@echo 'make rpm          source and binary RPMs into dist/rpm/'
	@echo 'make install      sender, agent and man pages into DESTDIR (or install-sender, install-agent)'
	@echo 'make clean        remove build/ and dist/'

# WHEELS=FOLDER: set up from the wheels in there and nothing else, for a build without a network;
# what it needs of the system is then up to the caller.
ifdef WHEELS
REQUIREMENTS := rpm/wheels.txt
SETUP        := @: without
PIP_OPTIONS  := --no-index --find-links $(WHEELS) --require-hashes
else
REQUIREMENTS := requirements-dev.txt
SETUP        := tools/setup
PIP_OPTIONS  :=
endif
PIP := pip --disable-pip-version-check -q

$(READY): $(REQUIREMENTS) tools/setup
	$(SETUP) binary
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/$(PIP) install $(PIP_OPTIONS) -r $(REQUIREMENTS)
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
	$(SETUP) man
	mkdir -p build/man
	$(HELP2MAN) --name='fence agent that lets a crashed node finish its kernel dump' \
		--include=$< --output=$@ agent/bin/fence_kdump

build/man/fence_kdump_send.8: docs/fence_kdump_send.h2m $(SENDER)
	$(SETUP) man
	mkdir -p build/man
	$(HELP2MAN) --name='tell the cluster that this node is dumping its memory' \
		--include=$< --output=$@ $(SENDER)

build/man/fence-kdump-image.8: docs/fence-kdump-image.h2m dracut-module/fence_kdump_image/arguments.py
	$(SETUP) man
	mkdir -p build/man
	$(HELP2MAN) --name='what a crash image knows of the cluster' --version-string='$(VERSION)' \
		--include=$< --output=$@ dracut-module/bin/fence-kdump-image

build/man/fence-kdump.8: docs/fence-kdump.h2m admin/fence_kdump_admin/arguments.py
	$(SETUP) man
	mkdir -p build/man
	$(HELP2MAN) --name='whether a crash will be told, and what happened in one' --version-string='$(VERSION)' \
		--include=$< --output=$@ admin/bin/fence-kdump

completion: $(COMPLETION)

$(COMPLETION): tools/completion.py admin/fence_kdump_admin/arguments.py dracut-module/fence_kdump_image/arguments.py $(READY)
	mkdir -p $(@D)
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=admin:dracut-module $(VENV)/bin/python $< >$@

licences: $(READY)
	tools/licences $(VENV)/bin/python build/licences

setup-test: $(READY) $(SENDER) dist/onefile/fence_kdump_send $(MAN_PAGES) $(COMPLETION)
	tools/setup net test image panic rpm repo cluster
	test -d build/pacemaker-remote || tools/unpack pacemaker-remote build/pacemaker-remote
	$(MAKE) rpm
	tools/unit-tests setup

# Machines that panic have one core, all else has the other: two at a time would wait for each other.
PYTEST := tools/sandbox $(VENV)/bin/python -m pytest -v -p no:cacheprovider

test: setup-test
	tools/unit-tests run
	$(MAKE) -j2 test-panic test-rest

test-panic: setup-test
	FENCE_KDUMP_MACHINES=1 $(PYTEST) tests/panic

test-rest: setup-test
	$(PYTEST) tests --ignore=tests/unit --ignore=tests/panic --ignore=tests/system

# what has to do with those parts of a system that are new in a newer release
NEWER_CASES := tests/frozen tests/image tests/rpm/test_rpm_files.py \
	tests/rpm/test_rpm_refresh_check.py::test_squashed_image tests/cluster/test_three.py::test_the_howto

test-newer: setup-test
	$(MAKE) -j2 newer-panic newer-rest

newer-panic: setup-test
	FENCE_KDUMP_MACHINES=1 $(PYTEST) tests/panic -k 'test_one_nic or test_without_systemd'

newer-rest: setup-test
	$(PYTEST) $(NEWER_CASES)

test-all: build/roots/system.img
	$(MAKE) lint test
	tools/frozen-pythons
	$(PYTEST) tests/system
	$(MAKE) test-on SUITE=trixie
	$(MAKE) test-on SUITE=sid
	tools/on sid tools/frozen-pythons

demo: $(SENDER)
	tools/setup net image panic
	PYTHONPATH=tests tools/sandbox $(PYTHON) tests/demo/panic.py

demo-cluster: $(SENDER)
	tools/setup net image panic cluster
	PYTHONPATH=tests tools/sandbox $(PYTHON) tests/demo/cluster.py

test-on demo-on:
	@test -n '$(SUITE)' || { echo "make $@: which release? SUITE=trixie" >&2; exit 1; }
	tools/on $(SUITE) make $(@:-on=)

# The root of the system that tests/system installs: this machine's release, if that is a Debian one.
SYSTEM_SUITE    = $(shell . /etc/os-release; [ "$$ID" = debian ] && echo "$$VERSION_CODENAME" || echo stable)
SYSTEM_PACKAGES := systemd systemd-sysv udev dbus kmod iproute2 procps linux-image-cloud-amd64 kexec-tools \
	makedumpfile dracut zstd cpio binutils e2fsprogs python3 corosync pacemaker pacemaker-cli-utils

build/roots/system.img: tools/root
	tools/root $@ $(SYSTEM_SUITE) 6G $(SYSTEM_PACKAGES)
	touch $@

demo-system: build/roots/system.img $(SENDER) $(MAN_PAGES)
	tools/setup net image panic cluster
	PYTHONPATH=tests tools/sandbox $(PYTHON) tests/demo/system.py

bench: setup-test
	tools/sandbox $(VENV)/bin/python bench/bench.py
	tools/sandbox $(VENV)/bin/python bench/proof.py
	PYTHONPATH=tests tools/sandbox $(PYTHON) bench/cluster.py
	PYTHONPATH=tests tools/sandbox $(PYTHON) bench/panic.py

lint: $(READY)
	tools/setup lint
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	PYTHONPATH=protocol:cluster:sender:agent:dracut-module:admin $(VENV)/bin/lint-imports
	shellcheck $(SHELL_SCRIPTS)
	shfmt -i 4 -ci -d $(SHELL_SCRIPTS)

AGENT_HOME := $(libexecdir)/fence-kdump-agent
IMAGE_HOME := $(libexecdir)/fence-kdump-image
DRACUT_MODULE := $(prefix)/lib/dracut/modules.d/99zz-fence-kdump
IN := $(abspath $(DESTDIR))

# install_packages HOME,PACKAGES: Python packages with all that is below them
install_packages = for package in $(2); do \
	(cd $$package/.. && find $${package\#\#*/} -name '*.py' -exec install -D -m 644 {} $(IN)$(1)/{} \;) || exit; done

# the check comes first, also with make -j and -k
install: no-clash
	$(MAKE) install-agent install-sender

# before anything is installed
no-clash:
	@tools/no-clash '$(sbindir)/fence_kdump' '$(IN)' '$(AGENT_HOME)'

# Into a running system: nobody else has the crash image rebuilt, as a package does.
define LEFT_TO_DO
Installed. What is left to do, as root:
  systemctl daemon-reload
  systemctl enable --now fence-kdump-refresh.path
  systemctl enable fence-kdump-refresh.service fence-kdump-refresh.timer fence-kdump-announce.service
  fence-kdump refresh   # the crash image is rebuilt and loaded
  fence-kdump doctor    # is all well?
endef
export LEFT_TO_DO

install-sender: $(SENDER) $(SENDER_PAGES) $(COMPLETION)
	install -d $(IN)$(libexecdir) $(IN)$(sbindir) $(IN)$(mandir)/man8 $(IN)$(IMAGE_HOME)/bin
	install -d $(IN)$(DRACUT_MODULE) $(IN)$(unitdir) $(IN)$(unitdir)-preset $(IN)$(sysconfdir)/sysconfig
	install -d $(IN)$(statedir)/fence-kdump
	rm -rf $(IN)$(libexecdir)/fence-kdump
	cp -R dist/fence_kdump_send $(IN)$(libexecdir)/fence-kdump
	ln -sfnr $(IN)$(libexecdir)/fence-kdump/fence_kdump_send $(IN)$(sbindir)/fence_kdump_send
	$(call install_packages,$(IMAGE_HOME),dracut-module/fence_kdump_image cluster/fence_kdump_cluster protocol/fence_kdump_protocol \
		admin/fence_kdump_admin)
	install -m 755 dracut-module/bin/fence-kdump-image admin/bin/fence-kdump $(IN)$(IMAGE_HOME)/bin/
	ln -sfnr $(IN)$(IMAGE_HOME)/bin/fence-kdump-image $(IN)$(sbindir)/fence-kdump-image
	ln -sfnr $(IN)$(IMAGE_HOME)/bin/fence-kdump $(IN)$(sbindir)/fence-kdump
	install -D -m 644 $(COMPLETION) $(IN)$(prefix)/share/bash-completion/completions/fence-kdump
	install -m 755 dracut-module/99zz-fence-kdump/*.sh $(IN)$(DRACUT_MODULE)/
	install -m 644 dracut-module/99zz-fence-kdump/*.service $(IN)$(DRACUT_MODULE)/
	install -m 644 $(addprefix rpm/fence-kdump-refresh.,service path timer) rpm/fence-kdump-announce.service $(IN)$(unitdir)/
	install -m 644 rpm/90-fence-kdump.preset $(IN)$(unitdir)-preset/
	test -e $(IN)$(sysconfdir)/sysconfig/fence_kdump || \
		install -m 644 rpm/fence_kdump.sysconfig $(IN)$(sysconfdir)/sysconfig/fence_kdump
	install -m 644 $(SENDER_PAGES) $(IN)$(mandir)/man8/
	@test -n "$(DESTDIR)" || echo "$$LEFT_TO_DO"

install-agent: no-clash build/man/fence_kdump.8
	install -d $(IN)$(sbindir) $(IN)$(mandir)/man8 $(IN)$(AGENT_HOME)/bin $(IN)$(prefix)/lib/firewalld/services
	$(call install_packages,$(AGENT_HOME),agent/fence_kdump protocol/fence_kdump_protocol cluster/fence_kdump_cluster)
	install -m 755 agent/bin/fence_kdump $(IN)$(AGENT_HOME)/bin/
	ln -sfnr $(IN)$(AGENT_HOME)/bin/fence_kdump $(IN)$(sbindir)/fence_kdump
	install -m 644 rpm/fence-kdump.firewalld.xml $(IN)$(prefix)/lib/firewalld/services/fence-kdump.xml
	install -m 644 build/man/fence_kdump.8 $(IN)$(mandir)/man8/

# The source RPM holds the work tree's sources and PyInstaller's wheels, which pip fetches by their
# digests for both architectures: it rebuilds without a network.
RPM_SOURCES  := CHANGELOG.md CONTRIBUTING.md LICENSE Makefile README.md admin agent bench cluster docs dracut-module
RPM_SOURCES  += protocol pyproject.toml rpm sender tests tools
RPM_BUILD    := build/rpm
RPM_TARBALL  := $(RPM_BUILD)/SOURCES/fence-kdump-$(VERSION).tar.gz
RPM_WHEELS   := $(RPM_BUILD)/SOURCES/fence-kdump-wheels.tar
RPM_SPEC     := $(RPM_BUILD)/SPECS/fence-kdump.spec
REPRODUCIBLE := --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0

rpm: dist/rpm/built

dist/rpm/built: $(RPM_TARBALL) $(RPM_WHEELS) $(RPM_SPEC)
	$(SETUP) rpm man
	rm -rf dist/rpm $(RPM_BUILD)/RPMS $(RPM_BUILD)/SRPMS
	mkdir -p dist/rpm
# --nodeps: on Debian the rpm database knows nothing of what dpkg installed
	rpmbuild -ba --quiet --nodeps --define '_topdir $(CURDIR)/$(RPM_BUILD)' $(RPM_SPEC)
	cp $(RPM_BUILD)/SRPMS/*.rpm $(RPM_BUILD)/RPMS/*/*.rpm dist/rpm/
	touch $@

$(RPM_TARBALL): $(shell find $(RPM_SOURCES) -type f -not -path '*/__pycache__/*')
	mkdir -p $(@D)
	tar -c $(REPRODUCIBLE) --exclude=__pycache__ --transform='s,^,fence-kdump-$(VERSION)/,' $(RPM_SOURCES) | \
		gzip -9n >$@

$(RPM_SPEC): rpm/fence-kdump.spec CHANGELOG.md tools/rpm_changelog.py
	mkdir -p $(@D)
	{ cat $<; echo; $(PYTHON) tools/rpm_changelog.py CHANGELOG.md; } >$@

$(RPM_WHEELS): rpm/wheels.txt $(READY)
	rm -rf $(RPM_BUILD)/wheels
	mkdir -p $(RPM_BUILD)/wheels $(@D)
	for machine in x86_64 aarch64; do \
		$(VENV)/bin/$(PIP) download --no-deps --require-hashes --only-binary :all: \
			--platform manylinux2014_$$machine --dest $(RPM_BUILD)/wheels -r $< || exit; done
	tar -cf $@ $(REPRODUCIBLE) --mode=644 -C $(RPM_BUILD) $$(cd $(RPM_BUILD) && echo wheels/*.whl)

clean:
	rm -rf build dist
