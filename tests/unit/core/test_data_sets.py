import json

import pytest

from fnet_studio.core import data_sets
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_sections import DataRecipe


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mine" / "train.csv"
    path.parent.mkdir()
    path.write_text("text,label\nA joy,1\nDull,0\n")
    return path


def listed():
    return [one.id for one in data_sets.list_all()[0]]


def test_the_sample_is_always_there_and_cannot_be_removed():
    assert listed() == ["sample"]
    with pytest.raises(UserError, match="bundled"):
        data_sets.remove("sample")


def test_a_data_set_is_one_small_file_and_two_of_one_name_are_kept_apart(table):
    first = data_sets.add("My films!", DataRecipe("files", str(table)), "CSV", 2, ("0", "1"))
    second = data_sets.add("My films!", DataRecipe("files", str(table)))
    assert (first.id, second.id) == ("my-films", "my-films-2")
    assert listed() == ["sample", "my-films", "my-films-2"]
    assert data_sets.find("MY FILMS!") == first
    assert data_sets.find("my-films-2") == second
    with pytest.raises(UserError, match="my-films-2"):
        data_sets.find("other")


def test_a_data_set_that_was_removed_comes_back_as_it_was_and_its_files_were_never_touched(table):
    one = data_sets.add("Mine", DataRecipe("files", str(table), label_column="label"))
    data_sets.remove(one.id)
    assert listed() == ["sample"]
    assert table.is_file()
    assert data_sets.add("Mine", DataRecipe("files", str(table))).id == "mine-2"
    assert data_sets.bring_back(one.id) == one
    assert "mine" in listed()
    with pytest.raises(UserError):
        data_sets.bring_back(one.id)
    with pytest.raises(UserError):
        data_sets.remove("../mine")


@pytest.mark.parametrize("below", ["good", "train/good", "aclImdb/train/good"])
def test_a_text_that_comes_to_a_folder_of_a_class_or_goes_changes_the_stamps(tmp_path, below):
    folder = tmp_path / "films" / below
    folder.mkdir(parents=True)
    (folder / "1.txt").write_text("A joy")
    data = DataRecipe("files", str(tmp_path / "films"))
    before = data_sets.stamps(data)
    assert data_sets.stamps(data) == before
    (folder / "2.txt").write_text("A joy too")
    more = data_sets.stamps(data)
    assert more != before
    (folder / "1.txt").unlink()
    assert data_sets.stamps(data) != more


def test_a_file_that_moved_is_missing_until_its_new_place_is_told_and_what_lay_beside_it_comes_along(table, tmp_path):
    test = table.with_name("test.csv")
    test.write_text("text,label\nAgain,1\n")
    one = data_sets.add("Mine", DataRecipe("files", str(table), test_path=str(test)))
    assert data_sets.missing(one) == ()
    table.parent.rename(tmp_path / "elsewhere")
    assert data_sets.missing(one) == (str(table), str(test))
    with pytest.raises(UserError, match="There is no"):
        data_sets.relocated(one, str(table))
    moved = data_sets.relocated(one, str(tmp_path / "elsewhere" / "train.csv"))
    assert data_sets.missing(moved) == ()
    assert moved.data.test_path == str(tmp_path / "elsewhere" / "test.csv")


def test_a_broken_entry_is_told_and_hides_no_other(table):
    data_sets.add("Mine", DataRecipe("files", str(table)))
    (data_sets.folder() / "broken.json").write_text("{")
    found, problems = data_sets.list_all()
    assert [one.id for one in found] == ["sample", "mine"]
    assert "broken.json" in problems[0].message


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 99},
        {"schema": 99, "data": {"split": "by author"}},
        {"data": {"sampling": "all"}},  # as before a data set had a schema
    ],
)
def test_a_data_set_of_a_newer_version_is_said_to_be_one_and_nobody_is_told_to_delete_it(table, changes):
    one = data_sets.add("Mine", DataRecipe("files", str(table)))
    path = data_sets.folder() / f"{one.id}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    found, problems = data_sets.list_all()
    assert [one.id for one in found] == ["sample"]
    with pytest.raises(UserError) as asked:
        data_sets.find("mine")
    for told in (*problems, asked.value):
        assert told.kind == "data-set.newer"
        assert "written by a newer version" in told.message
        assert "Update FNet Studio" in told.advice
        assert "elete" not in told.message + told.advice


def test_what_a_data_set_decides_goes_into_a_recipe_and_length_does_not(table):
    one = data_sets.add("Mine", DataRecipe("files", str(table), labels="0=bad, 1=good"))
    assert one.settings["data.labels"] == "0=bad, 1=good"
    assert "data.sequence_length" not in one.settings


def test_a_data_set_of_before_there_was_a_choice_keeps_its_parts_and_imdb_never_says_how_it_is_split(table):
    one = data_sets.add("Mine", DataRecipe("files", str(table)))
    path = data_sets.folder() / f"{one.id}.json"
    entry = json.loads(path.read_text())
    del entry["data"]["split"]
    path.write_text(json.dumps(entry))
    assert data_sets.find("Mine").settings["data.split"] == "random"
    assert data_sets.SAMPLE.settings["data.split"] == "stratified"
    assert "data.split" not in data_sets.add("Reviews", DataRecipe("imdb", str(table))).settings
