import pytest

from fnet_studio.cli.main import main
from fnet_studio.core import data_sets, queue
from fnet_studio.core.recipe_sections import DataRecipe


def test_a_sweep_takes_its_data_from_the_list_and_the_name_it_is_given(tmp_path):
    path = str(tmp_path / "reviews.csv")
    data_sets.add("Mine", DataRecipe(source="files", path=path, label_column="stars"))
    words = ["--data", "Mine", "--name", "ours", "--set", "data.label_column=grade"]
    assert main(["queue", "add", "imdb-mixers", *words]) == 0
    entries = queue.entries()
    assert [entry.name for entry in entries][:2] == ["ours-fourier", "ours-attention"]
    for entry in entries:
        data = entry.recipe["data"]
        assert (data["source"], data["path"], data["label_column"]) == ("files", path, "grade")


def test_data_that_is_not_in_the_list_is_refused_for_a_sweep_too(capfd):
    assert main(["queue", "add", "imdb-mixers", "--data", "nonsense"]) == 1
    assert "nonsense" in capfd.readouterr().err
    assert queue.entries() == []


@pytest.mark.parametrize("name", ["finetune", "imdb-mixers"])
def test_a_folder_that_is_called_like_a_bundled_recipe_does_not_hide_it(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["queue", "add", name, "--set", "data.path=download"]) == 0
    assert queue.entries()
