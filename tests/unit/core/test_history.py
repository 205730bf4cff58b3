import msgspec
import pytest

from fnet_studio.core.errors import UserError
from fnet_studio.core.history import KEPT, History, Prompt


def ask(history, text, at, **options):
    history.add(Prompt(text, "mini", asked_at=at, **options))


def texts(history):
    return [prompt.text for prompt in history.prompts]


def test_pinned_prompts_come_first_then_the_newest_and_all_survive_a_restart():
    history = History()
    for at, text in enumerate(("one", "two", "three")):
        ask(history, text, at)
    history.pin(history.prompts[-1], True)
    assert texts(history) == ["one", "three", "two"]
    assert History().prompts == history.prompts


def test_the_same_question_is_kept_once_with_its_newest_answer_and_its_pin():
    history = History()
    ask(history, "one", 1, best=("a",))
    history.pin(history.prompts[0], True)
    ask(history, "one", 2, best=("b",))
    assert history.prompts == (Prompt("one", "mini", best=("b",), asked_at=2, pinned=True),)


def test_a_pinned_prompt_is_never_pushed_out_nor_cleared():
    history = History()
    history.add(Prompt("pinned", "mini", pinned=True))
    history.prompts += tuple(Prompt(str(at), "mini", asked_at=at) for at in range(KEPT + 5))
    ask(history, "last", 1e9)
    assert len(history.prompts) == KEPT + 1
    assert texts(history)[:2] == ["pinned", "last"]
    history.clear()
    assert texts(history) == ["pinned"]
    history.remove(history.prompts[0])
    assert History().prompts == ()


def test_a_broken_file_is_set_aside_and_said():
    history = History()
    history.path.parent.mkdir(parents=True, exist_ok=True)
    history.path.write_text("{ not json")
    again = History()
    assert "set aside" in again.warning
    assert again.prompts == ()
    assert [path.read_text() for path in history.path.parent.glob("prompts.broken-*")] == ["{ not json"]
    ask(again, "one", 1)
    assert texts(History()) == ["one"]


def test_a_disk_that_refuses_is_told_in_words(tmp_path):
    (tmp_path / "file").write_text("in the way")
    history = History(tmp_path / "prompts.json")
    history.path = tmp_path / "file" / "prompts.json"
    with pytest.raises(UserError) as caught:
        ask(history, "one", 1)
    assert caught.value.kind == "disk.unwritable"


def test_a_file_of_a_newer_version_keeps_what_this_one_knows():
    history = History()
    ask(history, "one", 1)
    values = msgspec.json.decode(history.path.read_bytes())
    values["prompts"][0]["colour"] = "red"
    history.path.write_bytes(msgspec.json.encode(values))
    assert texts(History()) == ["one"]
