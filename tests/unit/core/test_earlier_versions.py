"""Files of earlier versions: each run and settings file in ``tests/fixtures/earlier`` was written by a program of its
time, not by hand."""

import json
import shutil
import tomllib
from pathlib import Path

import msgspec
import pytest

from fnet_studio.core import (
    curves,
    migrations,
    places,
    recipe,
    recipe_diff,
    run_bundle,
    run_evaluation,
    run_report,
    run_store,
    settings,
)
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_store import RunWriter

EARLIER = Path(__file__).parents[2] / "fixtures" / "earlier"
RUNS = sorted(path.name for path in (EARLIER / "runs").iterdir())
ABSENT = [
    (section, name)
    for absent in (migrations.ABSENT_IN_1, migrations.ABSENT_IN_2)
    for section, settings in absent.items()
    for name in settings
]
"""Settings that came later: (section, name)."""
FINISHED = [name for name in RUNS if (EARLIER / "runs" / name / "evaluation-test.json").is_file()]


@pytest.fixture
def store() -> Path:
    """A home with all the earlier runs."""
    shutil.copytree(EARLIER / "runs", places.runs())
    return places.runs()


def stored(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text())


def test_there_is_a_run_of_every_earlier_schema():
    schemas = {stored(EARLIER / "runs" / name)["schema"] for name in RUNS}
    assert schemas == set(range(1, run_store.SCHEMA))


def test_all_earlier_runs_are_listed_without_a_problem(store):
    records, problems = run_store.list_runs()
    assert problems == []
    assert {record.id for record in records} == set(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_reading_an_earlier_run_changes_no_byte_of_it(store, name):
    before = {path: path.read_bytes() for path in (store / name).rglob("*") if path.is_file()}
    record = run_store.read(name)
    curves.read_curves(record)
    run_store.read_log(name)
    assert {path: path.read_bytes() for path in (store / name).rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", RUNS)
def test_an_earlier_run_keeps_every_value_that_it_had(store, name):
    old, now = stored(store / name), msgspec.to_builtins(run_store.read(name))
    for key in set(old) - {"schema", "recipe"}:
        assert now[key] == old[key], key
    for section, values in old["recipe"].items():
        for key, value in values.items() if isinstance(values, dict) else ():
            assert now["recipe"][section][key] == value, key


@pytest.mark.parametrize("name", RUNS)
def test_the_recipe_of_an_earlier_run_says_everything_and_can_be_started_again(store, name):
    values = run_store.read(name).recipe
    today = recipe.to_mapping(recipe.from_mapping(values))
    for section, known in values.items():
        assert today[section] == known or {**today[section], **known} == today[section]
    assert all(key in values[section] for section, key in ABSENT)


def test_a_setting_that_an_earlier_recipe_names_is_not_replaced():
    values = migrations.upgrade_run({"schema": 1, "recipe": {"task": "classify", "optimisation": {"ema": 0.9}}})
    assert values["recipe"]["optimisation"]["ema"] == 0.9
    assert values["recipe"]["optimisation"]["keep"] == "last"


def test_a_run_of_before_there_was_a_choice_did_what_its_time_did_and_a_later_one_what_it_says():
    """Schema 2 went on for a while as settings came, so its runs hold some of them."""
    named = {"data": {"cut": "middle"}, "optimisation": {"class_weights": "balanced"}}
    values = migrations.upgrade_run({"schema": 2, "recipe": {"task": "classify", **named}})["recipe"]
    assert values["data"] == {"cut": "middle", "split": "random"}
    assert values["optimisation"] == {"class_weights": "balanced"}
    assert values["pretraining"] == {"openings": 0.0, "subsampling": 0.0, "one_piece": False}
    stratified = migrations.upgrade_run({"schema": 2, "recipe": {"data": {"split": "stratified"}}})["recipe"]
    assert stratified["data"] == {"cut": "end", "split": "stratified"}


def test_the_settings_of_a_recipe_and_what_they_may_be_are_those_of_its_schema():
    """When this fails, an earlier version would call files of this one broken: raise `migrations.RUN_SCHEMA`, say in a
    new `ABSENT_IN_…` what was done before, and put the fixture of the new number beside the others (with a run of the
    number before in ``earlier/runs``)."""
    known = json.loads((EARLIER.parent / f"recipe.schema-{migrations.RUN_SCHEMA}.json").read_text("utf-8"))
    today = {"task": ", ".join(recipe.TASKS)} | {key: field.bounds for key, field in recipe.fields().items()}
    assert today == known


def test_runs_of_two_versions_differ_only_in_what_was_chosen(store):
    recipes = [run_store.read(name).recipe for name in RUNS]
    since = [f"{section}.{key}" for section, key in ABSENT]
    different = [difference.key for difference in recipe_diff.differences(recipes)]
    assert "model.num_layers" in different
    assert not set(different) & set(since)


@pytest.mark.parametrize("name", FINISHED)
def test_curves_results_report_and_bundle_of_an_earlier_run_are_made(store, tmp_path, name):
    record = run_store.read(name)
    assert record.status == "finished"
    assert run_evaluation.read(name, "test") is not None
    assert record.name in run_report.write(name)
    bundle = tmp_path / "one.fnetrun"
    run_bundle.export(name, bundle)
    shutil.rmtree(store / name)
    assert run_bundle.bring_in(bundle).id == name


@pytest.mark.parametrize("name", RUNS[-2:])
def test_going_on_with_an_earlier_run_keeps_its_record_as_it_was(store, name):
    old = (store / name / "run.json").read_bytes()
    copy = store / name / f"run.schema-{json.loads(old)['schema']}.json"
    writer = RunWriter.reopen(name)
    writer.finish("stopped")
    assert stored(store / name)["schema"] == run_store.SCHEMA
    assert copy.read_bytes() == old
    RunWriter.reopen(name).finish("stopped")  # of today's schema now: the first copy stays
    assert copy.read_bytes() == old


@pytest.mark.parametrize("more", [{}, {"status": "elsewhere"}, {"recipe": {"data": {"sampling": "all"}}}])
def test_a_run_of_a_newer_version_is_refused_in_words(store, more):
    path = store / RUNS[0] / "run.json"
    path.write_text(json.dumps({**stored(store / RUNS[0]), "schema": run_store.SCHEMA + 1, **more}))
    with pytest.raises(UserError, match="newer version") as caught:
        run_store.read(RUNS[0])
    assert caught.value.kind == "run.newer"


@pytest.mark.parametrize("schema", range(1, migrations.SETTINGS_SCHEMA))
def test_earlier_settings_are_read_and_kept_when_today_writes_its_own(schema):
    earlier = EARLIER / f"settings.schema-{schema}.toml"
    path = places.config() / "settings.toml"
    path.parent.mkdir(parents=True)
    shutil.copy(earlier, path)
    loaded, problem = settings.load()
    assert problem == ""
    was = tomllib.loads(earlier.read_text())
    assert {name: getattr(loaded, name) for name in was} == was
    assert path.read_bytes() == earlier.read_bytes()
    loaded.theme = "light"
    settings.save(loaded)
    assert tomllib.loads(path.read_text())["schema"] == migrations.SETTINGS_SCHEMA
    assert (path.parent / earlier.name).read_bytes() == earlier.read_bytes()
    assert settings.load()[0] == loaded


def test_settings_of_a_newer_version_are_kept_before_they_are_written_over():
    path = places.config() / "settings.toml"
    path.parent.mkdir(parents=True)
    path.write_text('schema = 9\ntheme = "dark"\nfuture = [1, 2]\n')
    loaded, problem = settings.load()
    assert (loaded.theme, problem) == ("dark", "")
    settings.save(loaded)
    values = tomllib.loads(path.read_text())
    assert (values["schema"], values["future"]) == (9, [1, 2])
    assert (path.parent / "settings.schema-9.toml").read_text().startswith("schema = 9")


def test_nothing_is_written_when_the_old_file_cannot_be_kept(monkeypatch):
    path = places.config() / "settings.toml"
    path.parent.mkdir(parents=True)
    path.write_text('theme = "dark"\n')

    def refused(*_arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "copy2", refused)
    with pytest.raises(UserError):
        settings.save(settings.Settings(theme="light"))
    assert path.read_text() == 'theme = "dark"\n'
