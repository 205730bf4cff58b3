"""The recipe as a form."""

import re

import msgspec
import pytest
from dropping import drop, files
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStyle

from fnet_studio.core import data_sets, places, protocol
from fnet_studio.core import recipe as recipes
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_sections import DataRecipe
from fnet_studio.ui.train.known_recipes import of_run, own_recipe
from fnet_studio.ui.train.page import FORM_PX
from fnet_studio.ui.train.recipe_form import RecipeForm

TABLE = protocol.DataPreview(
    path="",
    kind="table",
    format="CSV, UTF-8",
    rows=3,
    columns=(
        protocol.ColumnPreview("review"),
        protocol.ColumnPreview("title"),
        protocol.ColumnPreview("stars", (("0", 1), ("1", 2))),
    ),
    samples=(("A joy from start to end.", "Joy", "1"),),
    text="review",
    label="stars",
)


@pytest.fixture
def form(qtbot, colours):
    form = RecipeForm(colours)
    qtbot.addWidget(form)
    form.show()
    return form


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "aclImdb.tar.gz"
    path.write_bytes(b"")
    return path


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("review,title,stars\n")
    return path


def type_into(qtbot, form, key, text):
    editor = form.rows[key].editor
    editor.selectAll()
    qtbot.keyClicks(editor, text)


def choose(form, key, value):
    editor = form.rows[key].editor
    editor.setCurrentIndex(editor.findData(value))


def own_table(form, table, **changes):
    choose(form, "data.source", "files")
    form.path.set_text(str(table))
    form.show_preview(msgspec.structs.replace(TABLE, path=str(table), **changes))


@pytest.mark.parametrize("name", recipes.bundled_names())
def test_every_recipe_of_the_list_gives_itself_unchanged(form, name, archive):
    form.choose(name)
    form.path.set_text(str(archive))
    changes = {"data.path": str(archive)} if form.rows["data.source"].text != "sample" else {}
    assert form.recipe() == recipes.load(recipes.bundled(name), changes)
    assert form.picker.changes.text() == "Nothing is changed"


def test_all_settings_of_a_recipe_can_be_reached_in_the_form(form):
    assert set(form.rows) == set(recipes.fields())
    reached = {key for card in form.groups for key in (*card._rows, *card._more)}
    assert reached == set(recipes.fields())


@pytest.mark.parametrize("name", recipes.bundled_names())
def test_with_everything_unfolded_the_form_is_no_wider_than_its_side(qtbot, form, name):
    form.choose(name)
    for card in form.groups:
        card.unfold()
    bar = form.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
    qtbot.waitUntil(lambda: form.minimumSizeHint().width() <= FORM_PX - bar)


def test_pretraining_may_begin_without_a_preset_and_nothing_else(form, tmp_path):
    (tmp_path / "corpus.txt").write_text("A first line.\nA second line.\n")
    form.choose("pretrain")
    form.path.set_text(str(tmp_path / "corpus.txt"))
    form.rows["data.validation_path"].set_text(str(tmp_path / "corpus.txt"))
    assert form.problems == []
    assert form.recipe().model.preset == "none"
    form.choose("finetune")
    form.rows["model.preset"].set_text("none")
    assert "Only pretraining begins without a preset. Choose one." in form.problems


def test_a_typed_value_goes_into_the_recipe(qtbot, form):
    type_into(qtbot, form, "training.batch_size", "32")
    type_into(qtbot, form, "training.learning_rate", "0,002")
    recipe = form.recipe()
    assert recipe.training.batch_size == 32
    assert recipe.training.learning_rate == 0.002
    assert form.picker.changes.text() == "2 settings changed"


def test_the_task_of_the_recipe_is_that_of_the_run(form):
    for name, task in (("finetune", "finetune"), ("masked-lm", "masked-lm"), ("sample-quick", "classify")):
        form.choose(name)
        assert form.recipe().task == task


def test_only_the_settings_that_count_for_the_task_are_shown(form):
    form.choose("finetune")
    assert form.rows["model.preset"].isVisible()
    assert not form.rows["model.mixer"].isVisible()
    assert not form.rows["data.text_column"].isVisible()
    form.choose("imdb-transformer")
    assert not form.rows["model.preset"].isVisible()
    assert form.rows["model.num_heads"].isVisible()
    form.choose("imdb-fnet")
    assert not form.rows["model.num_heads"].isVisible()


def test_a_setting_that_went_out_of_sight_does_not_go_into_the_recipe(qtbot, form):
    form.choose("imdb-transformer")
    type_into(qtbot, form, "model.num_heads", "3")
    assert "shared by 3 heads" in form.problems[0]
    choose(form, "model.mixer", "fourier")
    assert form.recipe(template=True).model.num_heads == 2
    assert form.picker.changes.text() == "1 setting changed"


def test_a_value_out_of_range_is_refused_in_words_that_name_field_and_bounds(qtbot, form):
    type_into(qtbot, form, "training.batch_size", "0")
    assert "training.batch_size" in form.problems[0]
    assert "1 to 4096" in form.problems[0]
    with pytest.raises(UserError):
        form.recipe()


def test_fields_that_do_not_go_together_are_said_so_at_one_of_them(qtbot, form):
    type_into(qtbot, form, "training.accumulation", "3")
    assert "cannot be cut into 3 equal parts" in form.rows["training.batch_size"]._error.text()
    type_into(qtbot, form, "training.accumulation", "4")
    assert form.rows["training.batch_size"]._error.text() == ""


def test_the_cursor_goes_to_the_field_that_is_wrong_even_when_it_was_folded_away(qtbot, form):
    form.rows["training.seed"].set_text("many")
    form.focus_problem()
    assert form.rows["training.seed"].isVisible()
    assert form.rows["training.seed"].editor.hasFocus()


def test_a_folded_group_says_how_many_of_its_settings_are_changed(form):
    card = next(card for card in form.groups if card.title == "Training")
    assert card.fold.text() == "More"
    form.rows["training.seed"].set_text("3")
    form._edited()
    assert card.fold.text() == "More · 1 changed"


def test_imdb_without_an_archive_asks_for_one(form):
    form.choose("imdb-fnet")
    assert form.path.isVisible()
    assert "IMDb" in form.problems[0]


def test_a_path_that_does_not_exist_is_named(form, tmp_path):
    form.choose("imdb-fnet")
    form.path.set_text(str(tmp_path / "nothing.tar.gz"))
    assert form.path._error.text() == "There is no nothing.tar.gz at this place."
    assert form.problems


def test_a_file_that_is_no_archive_is_refused(form, tmp_path):
    (tmp_path / "reviews.zip").write_bytes(b"")
    form.choose("imdb-fnet")
    form.path.set_text(str(tmp_path / "reviews.zip"))
    assert form.path.error == "reviews.zip is not a .tar.gz archive."


@pytest.mark.parametrize(("name", "source"), [("aclImdb.tar.gz", "imdb"), ("reviews.csv", "files")])
def test_dropping_data_anywhere_on_the_form_chooses_its_source(form, tmp_path, name, source):
    path = tmp_path / name
    path.write_bytes(b"")
    drop(form, files(path))
    assert form.path.text == str(path)
    assert form.recipe().data.source == source


def test_data_that_are_dropped_on_the_name_of_the_run_are_not_written_there(form, table):
    name = form.name_row.text
    assert drop(form.name_row.editor, files(table))
    assert form.name_row.text == name
    assert (form.rows["data.source"].text, form.path.text) == ("files", str(table))


def test_another_recipe_takes_back_what_was_typed(qtbot, form):
    type_into(qtbot, form, "training.batch_size", "7")
    form.choose("imdb-fnet")
    assert form.rows["training.batch_size"].text == "64"
    assert not form.rows["training.batch_size"].is_changed


def test_reset_all_takes_back_every_change(qtbot, form):
    type_into(qtbot, form, "training.batch_size", "7")
    form.name_row.set_text("mine")
    form._edited()
    qtbot.mouseClick(form.picker.reset, Qt.MouseButton.LeftButton)
    assert form.recipe() == recipes.load(recipes.bundled("sample-quick"))


# ----------------------------------------------------------------------------------------- own data


def test_the_path_of_a_table_is_looked_at_once_the_typing_pauses(qtbot, form, table):
    form.choose("finetune")
    choose(form, "data.source", "files")
    with qtbot.waitSignal(form.preview_wanted) as asked:
        form.path.set_text(str(table))
    assert asked.args == [str(table)]


def test_a_file_that_changed_since_is_looked_at_again_and_only_then(qtbot, form, table):
    form.choose("finetune")
    choose(form, "data.source", "files")
    with qtbot.waitSignal(form.preview_wanted):
        form.path.set_text(str(table))
    qtbot.waitUntil(lambda: not form._file._background.busy)
    with qtbot.assertNotEmitted(form.preview_wanted):
        form.refresh()
        qtbot.waitUntil(lambda: not form._file._background.busy)
    table.write_text("review,stars\n")
    with qtbot.waitSignal(form.preview_wanted) as asked:
        form.refresh()
    assert asked.args == [str(table)]


def test_columns_are_chosen_among_those_of_the_file(form, table):
    form.choose("finetune")
    own_table(form, table)
    text = form.rows["data.text_column"].editor
    assert [text.itemText(at) for at in range(text.count())] == ["review (found)", "review", "title", "stars"]
    assert "“A joy from start to end.” → 1" in form.preview_view.rows.text()
    assert form.recipe().data.text_column == "auto"
    choose(form, "data.text_column", "title")
    assert form.recipe().data.text_column == "title"
    assert "“Joy” → 1" in form.preview_view.rows.text()


def test_labels_get_names_and_the_recipe_keeps_them(qtbot, form, table):
    form.choose("finetune")
    own_table(form, table)
    qtbot.keyClicks(form.label_names.edits["0"], "bad")
    qtbot.keyClicks(form.label_names.edits["1"], "good, really")
    assert form.recipe().data.labels == "0=bad, 1=good really"
    form.rows["data.labels"].reset()
    assert form.label_names.edits["0"].text() == ""


def test_many_labels_are_mapped_in_one_line_of_text(form, table):
    form.choose("finetune")
    stars = protocol.ColumnPreview("stars", tuple((str(n), 1) for n in range(9)))
    own_table(form, table, columns=(*TABLE.columns[:2], stars))
    assert not form.label_names.isVisible()
    assert form.rows["data.labels"].isVisible()


def test_a_column_that_another_file_does_not_have_is_a_problem_at_its_field(form, table, tmp_path):
    form.choose("finetune")
    own_table(form, table)
    choose(form, "data.text_column", "title")
    other = tmp_path / "other.csv"
    other.write_text("")
    own_table(form, other, columns=(TABLE.columns[0], TABLE.columns[2]))
    assert "no column 'title'" in form.rows["data.text_column"]._error.text()
    assert form.problems


def test_an_answer_about_another_path_is_ignored(form, table):
    form.choose("finetune")
    own_table(form, table)
    form.show_preview(msgspec.structs.replace(TABLE, path="/elsewhere.csv", columns=()))
    assert form.preview.columns


def test_plain_text_is_refused_where_labels_are_needed_and_taken_where_not(form, table):
    form.choose("finetune")
    own_table(form, table, kind="text", columns=(), samples=(("A line.",),), text="", label="")
    assert "no labels" in form.problems[0]
    form.choose("masked-lm")
    own_table(form, table, kind="text", columns=(), samples=(("A line.",),), text="", label="")
    assert form.problems == []


def test_a_file_that_cannot_be_read_is_said_under_its_path(form, table):
    form.choose("finetune")
    choose(form, "data.source", "files")
    form.path.set_text(str(table))
    form.fail_preview(str(table), protocol.Failed("data.empty", f"{table} holds no rows.", "Choose another."))
    assert "holds no rows" in form.preview_view.error.text()
    assert form.problems


def test_each_source_remembers_its_own_path(form, table, archive):
    form.choose("finetune")
    choose(form, "data.source", "imdb")
    form.path.set_text(str(archive))
    choose(form, "data.source", "files")
    assert form.path.text == ""
    form.path.set_text(str(table))
    choose(form, "data.source", "imdb")
    assert form.path.text == str(archive)
    choose(form, "data.source", "files")
    assert form.recipe().data.path == str(table)


# ------------------------------------------------------------------------------------------- files


def test_a_saved_recipe_is_in_the_list_and_gives_the_same_run(qtbot, form, tmp_path):
    form.choose("finetune")
    type_into(qtbot, form, "training.learning_rate", "0.00012345678")
    saved = form.recipe()
    path = places.recipes() / "mine.toml"
    form.save(str(path))
    assert form.picker.current.title == "mine"
    assert form.picker.changes.text() == "Nothing is changed"
    form.choose("sample-quick")
    form.begin_with(form.picker.find(str(path)))
    assert form.recipe() == saved


def test_a_recipe_file_that_is_broken_is_refused_and_the_form_stays(qtbot, form, tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("task = [")
    type_into(qtbot, form, "training.batch_size", "16")
    with qtbot.waitSignal(form.recipe_refused) as refused:
        form.begin_with(own_recipe(path))
    assert "broken.toml" in refused.args[0].message
    assert form.picker.current.key == "sample-quick"
    assert form.recipe().training.batch_size == 16


def test_the_recipe_of_a_run_can_be_chosen_again(form):
    recipe = recipes.load(recipes.bundled("sample-quick"), {"data.sequence_length": "16"})
    form.show_recipe(recipe, of_run("run-1", "Mine", recipe))
    box = form.picker.box
    form.choose("finetune")
    assert form.recipe(template=True) != recipe
    place = box.findText("Mine")
    box.setCurrentIndex(place)
    box.activated.emit(place)
    assert box.currentText() == "Mine"
    assert form.recipe() == recipe


def test_a_preset_that_is_not_there_is_named_at_its_field(form, tmp_path):
    path = tmp_path / "far.toml"
    recipe = recipes.load(recipes.bundled("finetune"), {"model.preset": "no-such-preset"})
    recipes.save(recipe, path)
    form.begin_with(own_recipe(path))
    assert form.rows["model.preset"].text == "no-such-preset"
    assert "no-such-preset" in form.rows["model.preset"]._error.text()
    assert form.problems


def test_the_word_download_stands_for_an_archive_and_shows_its_address(form):
    form.choose("imdb-best")
    assert form.problems
    assert "data.url" not in form.counting
    form.path.set_text("download")
    assert not form.problems
    assert "data.url" in form.counting
    assert form.recipe().data.path == "download"


def test_a_data_set_of_the_list_puts_its_files_columns_and_labels_into_the_form(form, table):
    assert not form.data_sets.isVisible()
    chosen = DataRecipe(source="files", path=str(table), label_column="stars", labels="0=bad,1=good")
    one = data_sets.add("My reviews", chosen)
    form.refresh()
    box = form.data_sets.box
    assert [box.itemText(place) for place in range(box.count())] == ["None of these", "My reviews"]
    box.setCurrentIndex(1)
    box.activated.emit(1)
    assert form.recipe().data.labels == chosen.labels
    assert {key: form.rows[key].text for key in one.settings if key in form.rows} | {"data.path": form.path.text} == (
        {key: text for key, text in one.settings.items() if key in form.rows or key == "data.path"}
    )
    assert box.currentText() == "My reviews"
    form.path.set_text(str(table.parent))
    assert box.currentText() == "None of these"


def test_data_of_ones_own_stay_when_another_way_of_training_is_chosen(form, table):
    own_table(form, table)
    choose(form, "data.label_column", "stars")
    for name in ("finetune", "masked-lm", "adapt-then-finetune"):
        form.choose(name)
        assert (form.rows["data.source"].text, form.path.text) == ("files", str(table)), name
    own = {"data.source": "files", "data.path": str(table), "data.label_column": "stars"}
    assert form.recipe().data == recipes.load(recipes.bundled("adapt-then-finetune"), own).data
    form.reset()
    assert form.rows["data.source"].text == "sample"


def source_of(form):
    return form.rows["data.source"].text, form.path.text


@pytest.mark.parametrize("name", ["imdb-fnet", "sample-quick"])
def test_a_recipe_that_is_for_certain_data_brings_them_and_ones_own_come_back_with_the_next(form, table, name):
    form.choose("finetune")
    own_table(form, table)
    form.choose(name)
    assert form.rows["data.source"].text == recipes.load(recipes.bundled(name), template=True).data.source
    assert form.picker.changes.text() == "Nothing is changed"
    form.choose("finetune")
    assert source_of(form) == ("files", str(table))


def test_a_saved_recipe_on_the_sample_is_shown_as_it_was_saved(form, table, tmp_path):
    form.choose("finetune")
    form.save(str(tmp_path / "mine.toml"))
    own_table(form, table)
    form.begin_with(own_recipe(tmp_path / "mine.toml"))
    assert source_of(form)[0] == "sample"


def test_a_recipe_that_goes_over_to_the_sample_names_no_file(form, table):
    data = {"source": "files", "path": str(table), "test_path": str(table), "validation_path": str(table)}
    form.show_recipe(recipes.from_mapping({"data": data}), form.picker.find("sample-quick"))
    choose(form, "data.source", "sample")
    assert form.recipe().data == DataRecipe()


@pytest.mark.parametrize("back", ["reset", "choose"])
def test_who_goes_back_to_the_sample_keeps_it_in_the_next_recipe(form, table, back):
    form.choose("finetune")
    own_table(form, table)
    if back == "reset":
        form.picker.reset_wanted.emit()
    else:
        form.show_recipe(form.recipe(), form.picker.find("finetune"))
        choose(form, "data.source", "sample")
    form.choose("adapt-then-finetune")
    assert source_of(form)[0] == "sample"


def test_plain_text_does_not_go_along_to_a_recipe_that_needs_labels(form, table):
    form.choose("masked-lm")
    own_table(form, table, kind="text", columns=())
    form.choose("finetune")
    assert source_of(form)[0] == "sample"
    form.choose("masked-lm")
    assert source_of(form) == ("files", str(table))


@pytest.mark.parametrize("name", ["imdb-fnet", "pretrain"])
def test_a_source_that_came_with_a_recipe_goes_with_it(form, name):
    form.choose(name)
    form.choose("finetune")
    assert source_of(form)[0] == "sample"
    assert form.picker.changes.text() == "Nothing is changed"


def test_the_words_beside_a_setting_are_those_of_its_task(form):
    told = {}
    for name in ("imdb-fnet", "masked-lm", "pretrain", "finetune"):
        form.choose(name)
        told[name] = {
            key: form.rows[key].editor.toolTip()
            for key in ("data.path", "data.vocabulary_size", "model.dropout", "training.epochs", "training.batch_size")
        }
    assert "SentencePiece" in told["pretrain"]["data.vocabulary_size"]
    assert "WordPiece" in told["imdb-fnet"]["data.vocabulary_size"]
    assert "in every block" in told["pretrain"]["model.dropout"]
    assert told["finetune"]["model.dropout"] == told["imdb-fnet"]["model.dropout"]
    assert not told["pretrain"]["training.epochs"].startswith("Passes")
    assert "CSV" not in told["pretrain"]["data.path"]
    assert [told[name]["training.batch_size"].partition(" ")[0] for name in told] == [
        "Texts",
        "Windows",
        "Windows",
        "Texts",
    ]


@pytest.mark.parametrize("key", ["data.path", "training.batch_size"])
def test_all_parts_of_a_row_tell_the_same(form, key):
    form.choose("pretrain")
    row = form.rows[key]
    assert row._label.toolTip() == row.editor.toolTip() != recipes.fields()[key].description


def test_thousands_are_apart_in_all_bounds_of_the_form(form):
    bounds = {key: form.rows[key]._hint.text() for key in form.rows if hasattr(form.rows[key], "_hint")}
    assert bounds["saving.checkpoint_every_s"] == "0 to 86\u202f400"
    assert bounds["optimisation.clip_norm"] == "0 to 1\u202f000"
    assert bounds["model.ngram_buckets"] == "from 1\u202f024"
    assert (bounds["model.dropout"], bounds["training.learning_rate"]) == ("0 to 0.9", "above 0 to 1")
    assert not [text for text in bounds.values() if re.search(r"(?<![.\d])\d{4}", text)]
