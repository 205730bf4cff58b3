"""Two runs from one recipe, through the command line and the real worker."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from fnet_studio.core import chain, places, presets, queue, run_store

WORDS = [
    "adapt-then-finetune",
    "--set",
    "training.epochs=1",
    "--set",
    "adapt.epochs=2",
    "--set",
    "model.preset=small",
]


@pytest.fixture(autouse=True)
def _small_preset(small_preset, home):
    shutil.copytree(small_preset, places.presets() / "small")


def fnet_studio(*words):
    return subprocess.run([sys.executable, "-m", "fnet_studio", *words], capture_output=True, text=True, timeout=300)


def pair():
    """(first, second) of the only chain on disk; the second may be None."""
    records = run_store.list_runs()[0]
    (first,) = [record for record in records if record.task == "masked-lm"]
    second = [record for record in records if record.task == "finetune"]
    return first, second[0] if second else None


def assert_they_know_each_other(first, second):
    assert second is not None
    assert (first.status, second.status) == ("finished", "finished")
    assert second.parent == first.id
    assert [child.id for child in chain.children(first.id)] == [second.id]
    assert second.recipe["model"]["preset"] == f"run:{first.id}"
    assert first.then == second.recipe
    assert presets.folder(second.recipe["model"]["preset"]) == run_store.folder(first.id) / "preset"
    assert second.test_accuracy is not None


def test_killed_in_its_first_half_a_recipe_of_two_runs_is_resumed_to_its_end():
    words = [*WORDS, "--set", "adapt.epochs=20"]  # long enough to be caught in
    process = subprocess.Popen(
        [sys.executable, "-m", "fnet_studio", "train", *words, "--name", "mine", "--no-plan", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["type"] == "metrics":
            os.kill(pair()[0].pid, signal.SIGKILL)
            break
    process.communicate(timeout=60)
    first, second = pair()
    assert (first.status, second) == ("interrupted", None)
    assert first.name == "mine-adapt"
    done = fnet_studio("resume", first.id)
    assert done.returncode == 0, done.stderr
    first, second = pair()
    assert_they_know_each_other(first, second)
    assert second is not None
    assert second.name == "mine"
    again = fnet_studio("resume", first.id)
    assert again.returncode == 1
    assert "has finished" in again.stderr


def test_the_queue_runs_both_halves_and_goes_on_after_a_failure(tmp_path):
    for words in (
        ["sample-quick", "--set", f"data.path={tmp_path / 'gone.csv'}", "--set", "data.source=files", "--name", "bad"],
        [*WORDS, "--name", "pair"],
    ):
        assert fnet_studio("queue", "add", *words).returncode == 0
    done = fnet_studio("queue", "--json", "run", "--no-plan")
    assert done.returncode == 1, done.stderr
    bad, both = queue.entries()
    assert bad.state == "failed"
    assert bad.failure is not None
    assert "gone.csv" in bad.failure["message"]
    first, second = pair()
    assert_they_know_each_other(first, second)
    assert second is not None
    assert (both.state, both.run) == ("done", second.id)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["type"] for line in lines].count("run-finished") == 2
    (failed,) = [line for line in lines if line["type"] == "failed"]
    assert failed == {"type": "failed", "entry": bad.id, "run": "", **bad.failure}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["train", "finetune", "--set", "model.preset=run:none"], "none"),
        (["queue", "move", "1", "1"], "no entry '1'"),
        (["queue", "add", "sample-quick", "--set", "training.epochs=0"], "training.epochs"),
    ],
)
def test_wrong_words_are_told_without_a_traceback(words, part):
    done = fnet_studio(*words)
    assert done.returncode == 1
    assert part in done.stderr
    assert "Traceback" not in done.stderr
