import shlex

import pytest

from fnet_studio.cli.train import changes
from fnet_studio.core import provenance, recipe


def read_back(command):
    words = shlex.split(command)
    assert words[:2] == ["fnet-studio", "train"]
    sets = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
    return recipe.load(recipe.bundled(words[2]), changes(sets))


@pytest.mark.parametrize("name", recipe.bundled_names())
def test_a_bundled_recipe_is_named_and_nothing_else(name):
    needs_data = "imdb" in name or name == "pretrain"
    chosen = recipe.load(recipe.bundled(name), {"data.path": "aclImdb.tar.gz"} if needs_data else {})
    command = provenance.as_command(chosen)
    assert command == f"fnet-studio train {name}" + (" --set data.path=aclImdb.tar.gz" if needs_data else "")


def test_a_command_says_only_what_differs_and_reads_back_as_the_same_recipe():
    chosen = recipe.load(
        recipe.bundled("finetune"),
        {
            "data.source": "files",
            "data.path": "/data/my reviews' best.csv",
            "training.learning_rate": "3e-5",
            "training.auto_batch": "true",
            "observe.probe": 'It said: "so-so", $HOME; and a\nline.',
        },
    )
    command = provenance.as_command(chosen)
    assert command.count("--set") == 5
    assert read_back(command) == chosen


def test_a_file_that_is_not_read_is_no_part_of_a_command():
    chosen = recipe.load(recipe.bundled("sample-quick"), {"data.path": "left-over.csv", "training.epochs": "2"})
    assert provenance.as_command(chosen) == "fnet-studio train sample-quick --set training.epochs=2"


def test_a_runs_own_name_is_part_of_its_command():
    chosen = recipe.load(recipe.bundled("sample-quick"))
    assert provenance.as_command(chosen, "second try").endswith("--name 'second try'")


def test_the_python_snippet_makes_the_same_recipe():
    chosen = recipe.load(recipe.bundled("masked-lm"), {"training.seed": "7"})
    code = provenance.as_python(chosen, "mine")
    values = code[code.index("values =") : code.index("with Worker")]
    found: dict = {}
    exec(values, found)
    assert recipe.from_mapping(found["values"]) == chosen
    compile(code, "snippet", "exec")
    assert "'mine'" in code


def test_the_state_of_a_checkout_is_its_commit_and_whether_files_differ():
    state = provenance.git_state()
    if state is None:
        pytest.skip("the tests do not run from a checkout with git")
    assert len(state.commit) == 40
    assert isinstance(state.dirty, bool)
