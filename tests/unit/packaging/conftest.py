import sys
from pathlib import Path

import pytest

PACKAGING = Path(__file__).resolve().parents[3] / "packaging"
FILES = PACKAGING / "linux" / "files"


@pytest.fixture(autouse=True)
def packaging_on_the_path(monkeypatch):
    """The packaging scripts stand beside each other, outside the package."""
    for folder in ("freeze", "linux"):
        monkeypatch.syspath_prepend(str(PACKAGING / folder))
    yield
    ours = {path.stem for folder in ("freeze", "linux") for path in (PACKAGING / folder).glob("*.py")}
    for name in ours & set(sys.modules):
        del sys.modules[name]
