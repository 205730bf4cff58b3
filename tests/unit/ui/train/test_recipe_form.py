"""The recipe as a form."""

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from fnet_studio.core import recipe as recipes
from fnet_studio.core.errors import UserError
from fnet_studio.ui.train.recipe_form import QUICK, RecipeForm


@pytest.fixture
def form(qtbot, colours):
    form = RecipeForm()
    qtbot.addWidget(form)
    form.show()
    return form


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "aclImdb.tar.gz"
    path.write_bytes(b"")
    return path


def type_into(qtbot, form, key, text):
    editor = form.rows[key].editor
    editor.selectAll()
    qtbot.keyClicks(editor, text)


@pytest.mark.parametrize("name", [name for name, _ in QUICK])
def test_every_quick_choice_gives_its_bundled_recipe_unchanged(form, name, archive):
    form.choose(name)
    form.path.set_text(str(archive))
    changes = {"data.path": str(archive)} if name.startswith("imdb") else {}
    assert form.recipe() == recipes.load(recipes.bundled(name), changes)


def test_all_settings_of_a_recipe_can_be_reached_in_the_form(form):
    assert {*form.rows, "data.path"} == set(recipes.fields())


def test_a_typed_value_goes_into_the_recipe(qtbot, form):
    type_into(qtbot, form, "training.batch_size", "32")
    type_into(qtbot, form, "training.learning_rate", "0,002")
    recipe = form.recipe()
    assert recipe.training.batch_size == 32
    assert recipe.training.learning_rate == 0.002
    assert form.summary.text().startswith("2 settings changed")


def test_a_value_out_of_range_is_refused_in_words_that_name_field_and_bounds(qtbot, form):
    type_into(qtbot, form, "training.batch_size", "0")
    assert "training.batch_size" in form.problems[0]
    assert "1 to 4096" in form.problems[0]
    with pytest.raises(UserError):
        form.recipe()


def test_the_cursor_goes_to_the_field_that_is_wrong_even_when_it_was_folded_away(qtbot, form):
    form.rows["training.seed"].set_text("many")
    form.focus_problem()
    assert form.rows["training.seed"].isVisible()
    assert form.rows["training.seed"].editor.hasFocus()


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


def test_dropping_an_archive_anywhere_on_the_form_chooses_imdb(qtbot, form, archive):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(archive))])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    form.dropEvent(event)
    assert form.path.text == str(archive)
    assert form.recipe().data.source == "imdb"


def test_heads_are_asked_for_only_where_attention_mixes(form):
    assert not form.rows["model.num_heads"].isVisible()
    form.choose("imdb-transformer")
    assert form.rows["model.num_heads"].isVisible()


def test_another_quick_choice_takes_back_what_was_typed(qtbot, form):
    type_into(qtbot, form, "training.batch_size", "7")
    form.choose("imdb-fnet")
    assert form.rows["training.batch_size"].text == "64"
    assert not form.rows["training.batch_size"].is_changed


def test_while_a_run_goes_on_the_form_can_be_read_and_not_changed(form):
    form.set_editable(False)
    assert not any(row.isEnabled() for row in form.rows.values())
    form.set_editable(True)
    assert all(row.isEnabled() for row in form.rows.values())
