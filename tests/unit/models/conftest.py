"""Complete golden presets, put together once from the files that they share."""

import shutil
from pathlib import Path

import numpy as np
import pytest

GOLDEN = Path(__file__).resolve().parents[2] / "golden"


@pytest.fixture(autouse=True)
def _compile_once(compiled_programs):
    """Most tests here compile the same few operations for the same few shapes."""


@pytest.fixture(autouse=True)
def _no_downloads(monkeypatch):
    """Tests that have a hub of their own take this back."""
    monkeypatch.setenv("FNET_STUDIO_OFFLINE", "1")


def assemble(name: str, target: Path) -> Path:
    shutil.copytree(GOLDEN / name, target)
    (target / "assets/tokenizer").mkdir(parents=True, exist_ok=True)
    shutil.copy(GOLDEN / "vocabulary.spm", target / "assets/tokenizer/vocabulary.spm")
    if not (target / "model.weights.h5").exists():
        shutil.copy(GOLDEN / "kerashub_masked_lm/model.weights.h5", target)
    return target


@pytest.fixture(scope="session")
def golden(tmp_path_factory) -> Path:
    """A folder with complete kerashub_masked_lm, kerashub_classifier and kerashub_backbone_only. Read only."""
    root = tmp_path_factory.mktemp("golden")
    for name in ("kerashub_masked_lm", "kerashub_classifier", "kerashub_backbone_only"):
        assemble(name, root / name)
    return root


def assemble_other(name: str, target: Path) -> Path:
    """A Transformers folder or a Flax one, with its vocabulary."""
    shutil.copytree(GOLDEN / name, target)
    shutil.copy(GOLDEN / "vocabulary.spm", target / "spiece.model")
    return target


@pytest.fixture(scope="session")
def others(tmp_path_factory) -> Path:
    """A folder with complete transformers_* and flax_pretraining. Read only."""
    root = tmp_path_factory.mktemp("others")
    for path in (*GOLDEN.glob("transformers_*"), GOLDEN / "flax_pretraining"):
        assemble_other(path.name, root / path.name)
    return root


@pytest.fixture
def transformers_preset(tmp_path) -> Path:
    """A transformers_masked_lm of one's own, to be damaged."""
    return assemble_other("transformers_masked_lm", tmp_path / "transformers")


@pytest.fixture
def pickle_preset(tmp_path) -> Path:
    """A transformers_pretraining of one's own, with pytorch_model.bin."""
    return assemble_other("transformers_pretraining", tmp_path / "pickled")


@pytest.fixture
def preset(tmp_path) -> Path:
    """A kerashub_masked_lm of one's own, to be damaged."""
    return assemble("kerashub_masked_lm", tmp_path / "preset")


@pytest.fixture(scope="session")
def expected() -> dict[str, np.ndarray]:
    with np.load(GOLDEN / "kerashub_expected.npz") as file:
        return dict(file)


@pytest.fixture(scope="session")
def tokenizer():
    from fnet_studio.models import FNetTokenizer

    return FNetTokenizer(GOLDEN / "vocabulary.spm")


@pytest.fixture(scope="session")
def masked_lm(golden):
    """The golden masked LM. Never train it."""
    from fnet_studio.models import FNetMaskedLM

    return FNetMaskedLM.from_preset(golden / "kerashub_masked_lm")
