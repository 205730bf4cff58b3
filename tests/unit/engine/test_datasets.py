import hashlib
import unicodedata

import pytest
from local_hubs import LocalHub
from review_archives import REVIEWS, pack

from fnet_studio.core import recipe
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_store import RunWriter
from fnet_studio.engine import datasets


class Home(LocalHub):
    def answer(self, request, path, body):
        request.send_file(path.strip("/"))


@pytest.fixture
def served(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    archive = pack(folder / "aclImdb_v1.tar.gz", REVIEWS)
    with Home(folder) as it:
        it.url = f"{it.address}/{archive.name}#md5={hashlib.md5(archive.read_bytes()).hexdigest()}"  # type: ignore
        yield it


def asked(served, **data):
    chosen = {"source": "imdb", "path": "download", "url": served.url, "vocabulary_size": 100, "sequence_length": 16}
    return recipe.from_mapping({"data": chosen | data})


def test_a_recipe_that_says_download_is_given_the_archive(served):
    phases = []
    here = datasets.with_data_here(asked(served), lambda phase, *_: phases.append(phase), None)
    assert here.data.path.endswith(".tar.gz")
    found = datasets.summary(datasets.load(here, None, None))
    assert (found["train"], found["validation"], found["test"]) == (7, 1, 8)
    assert set(phases) == {"downloading"}


def test_only_the_word_is_a_wish_to_download(served):
    named = asked(served, path="/some/download")
    assert datasets.with_data_here(named, None, None) is named
    own = recipe.from_mapping({"data": {"source": "files", "path": "download"}})
    assert datasets.with_data_here(own, None, None) is own
    assert not served.requests


def test_offline_a_recipe_that_says_download_names_the_switch(served, monkeypatch):
    monkeypatch.setenv("FNET_STUDIO_OFFLINE", "yes")
    with pytest.raises(UserError, match="FNET_STUDIO_OFFLINE"):
        datasets.with_data_here(asked(served), None, None)


def test_an_empty_path_says_that_it_can_be_downloaded():
    with pytest.raises(UserError) as caught:
        recipe.from_mapping({"data": {"source": "imdb"}})
    assert "data.path=download" in caught.value.advice


def test_a_run_whose_classes_were_kept_with_accents_apart_is_asked_about_the_same_data():
    record = RunWriter.create("of before", {}).record
    record.data = {"content_hash": "1", "class_names": [unicodedata.normalize("NFD", name) for name in ("é", "fort")]}
    datasets.require_same_data(record, "1", ("é", "fort"))
    with pytest.raises(UserError, match="not in the order"):
        datasets.require_same_data(record, "1", ("fort", "é"))
