# make run    set up and open the program; without a display, run the guided tour offscreen
# make test   set up and run every check
# Both do all the set-up on a fresh machine; a second call is quick.
# make package       freeze the program and pack it for Linux, into dist/
# make gpu-list      before that: what its users can fetch for NVIDIA GPUs (INDEX=URL for another index than pip's own)
# make package-test  install that package on a clean machine (a chroot; as root), use it there, and remove it again

# 3.12 or newer where there is one: on 3.11 an error in a method that Qt calls can end the window (PySide6)
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
TOUR := .tour
TYPES := $(VENV)/types.txt

.PHONY: run test tour format constraints wheel-test packaging-check gpu-list package package-test clean

run: $(READY)
	@sh packaging/system-libraries.sh
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" != Linux ]; then \
	  exec $(BIN)/fnet-studio; \
	else \
	  echo "No display was found: running the guided tour offscreen. Its pictures go to $(TOUR)/."; \
	  QT_QPA_PLATFORM=offscreen exec $(BIN)/fnet-studio tour --folder $(TOUR); \
	fi

tour: $(READY)
	@sh packaging/system-libraries.sh
	QT_QPA_PLATFORM=offscreen $(BIN)/fnet-studio tour --folder $(TOUR)

test: $(READY)
	@sh packaging/system-libraries.sh
	@sh packaging/debian-packages.sh "the tests" dbus-daemon
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	# The types are checked beside the tests, in the time in which those wait, and told last.
	# A process of the tests that crashes ends them: with loadfile, xdist would wait for its successor for ever.
	@nice $(BIN)/pyright >$(TYPES) 2>&1 & types=$$!; \
	QT_QPA_PLATFORM=offscreen $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder --max-worker-restart=0; \
	failed=$$?; wait $$types || failed=1; echo "pyright:"; cat $(TYPES); exit $$failed

# frozen from an environment of its own, in which each version and its hash is given
PACKAGE_VENV := build/package-venv
COMPRESSION ?= 6

package: $(PACKAGE_VENV)/.installed
	@sh packaging/system-libraries.sh
	@sh packaging/debian-packages.sh "packaging" binutils patchelf xz-utils dpkg-dev \
	  libwayland-client0 libwayland-cursor0 libwayland-egl1
	PYTHONPATH=. $(PACKAGE_VENV)/bin/python packaging/linux/package.py --compression $(COMPRESSION)

gpu-list: $(PACKAGE_VENV)/.installed
	$(PACKAGE_VENV)/bin/python packaging/linux/gpu_list.py $(if $(INDEX),--index $(INDEX)) build/gpu-support.json

package-test:
	@[ "$$(id -u)" = 0 ] || { echo "A clean machine is made with debootstrap and chroot: run make package-test as root."; exit 1; }
	@sh packaging/debian-packages.sh "the package's test" debootstrap lintian desktop-file-utils appstream xvfb xauth man-db \
	  dbus-daemon
	PYTHONPATH=. $(PACKAGE_VENV)/bin/python packaging/linux/package_test.py

$(PACKAGE_VENV)/.installed: packaging/constraints.txt packaging/constraints-package.txt
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed: install it, or name it with make PYTHON=..."; exit 1; }
	@sh packaging/make-venv.sh $(PYTHON) $(PACKAGE_VENV)
	$(PACKAGE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r packaging/constraints.txt
	$(PACKAGE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r packaging/constraints-package.txt
	@touch $@

$(READY): pyproject.toml packaging/constraints.txt
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed: install it, or name it with make PYTHON=..."; exit 1; }
	@sh packaging/make-venv.sh $(PYTHON) $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r packaging/constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# every version pinned with its hashes, for all systems; no address of a registry is written
constraints:
	uv pip compile pyproject.toml --extra dev --extra hub --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --no-emit-index-url --no-emit-find-links --upgrade -o packaging/constraints.txt
	printf 'pyinstaller>=6.22\ncyclonedx-bom>=7.5\n' | uv pip compile - -c packaging/constraints.txt --universal \
	  --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
	  --upgrade -o packaging/constraints-package.txt

# the wheel, installed into empty environments outside the checkout by pip and by uv; fetches its dependencies
wheel-test: $(READY)
	@sh packaging/system-libraries.sh
	$(BIN)/python packaging/wheel_test.py

# what can be known here of the Windows, macOS and AppImage packages and of the workflows
packaging-check: $(READY)
	@PYTHON=$(BIN)/python sh packaging/check.sh

clean:
	rm -rf $(VENV) $(TOUR) build dist
