"""The commands as a user types them: real processes, the real worker. Of many alike, one is a process, and the others
are run in this one."""

import contextlib
import csv
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import tarfile
import time

import pytest

from fnet_studio.cli.main import main
from fnet_studio.core import places, run_evaluation, run_store

QUICK = [
    "training.epochs=2",
    "data.sequence_length=32",
    "data.vocabulary_size=400",
    "model.hidden_dim=16",
    "model.intermediate_dim=32",
]


def fnet_studio(*words, **options):
    return subprocess.run(
        [sys.executable, "-m", "fnet_studio", *words], capture_output=True, text=True, timeout=120, **options
    )


@pytest.fixture
def ran(capsys):
    """A command in this process: (exit status, what it printed, what it told as an error)."""

    def ran(*words):
        status = main(list(words))
        return status, *capsys.readouterr()

    return ran


def settings(changes):
    """Without the estimate, which takes longer than these runs."""
    return ["--no-plan", *(word for change in changes for word in ("--set", change))]


def test_fill_mask_answers_in_words():
    done = fnet_studio("fill-mask", "The capital of France is [MASK].", "--top", "3")
    assert done.returncode == 0, done.stderr
    text, *answers = done.stdout.rstrip("\n").split("\n")
    assert text == "The capital of France is [MASK]."
    assert len(answers) == 3
    assert all(line.split()[1].endswith("%") for line in answers)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("environment", "encoding", "bar"),
    [
        ({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, "utf-8", "█"),
        ({"PYTHONIOENCODING": "cp1252"}, "cp1252", "?"),
    ],
)
def test_answers_are_written_whatever_letters_the_surroundings_know(environment, encoding, bar):
    words = [sys.executable, "-m", "fnet_studio", "fill-mask", "--engine", "scripted", "A [MASK]."]
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONIOENCODING"} | environment
    done = subprocess.run(words, capture_output=True, timeout=120, env=surroundings)
    assert done.returncode == 0, done.stderr
    assert all(line.endswith(bar) for line in done.stdout.decode(encoding).splitlines()[1:])


def test_fill_mask_as_json_has_one_object_a_text():
    done = fnet_studio("fill-mask", "One [MASK].", "Two [MASK] and [MASK].", "--json")
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert [len(item["masks"]) for item in objects] == [1, 2]


def test_alternatives_are_answered_one_after_the_other_and_too_many_are_refused():
    done = fnet_studio("fill-mask", "--engine", "scripted", "The {capital|river} of France is [MASK].", "--json")
    texts = [json.loads(line)["text"] for line in done.stdout.splitlines()]
    assert texts == ["The capital of France is [MASK].", "The river of France is [MASK]."]
    done = fnet_studio("fill-mask", "--engine", "scripted", "{a|b}" * 5 + " [MASK]")
    assert done.returncode == 1
    assert "32 sentences" in done.stderr


def test_a_file_of_sentences_is_answered_as_one_table_in_its_order(tmp_path):
    (tmp_path / "s.csv").write_text('text\n"First, a [MASK]."\nNo gap.\nA [MASK] and a [MASK].\n')
    done = fnet_studio("fill-mask", "--engine", "scripted", "--file", str(tmp_path / "s.csv"), "--csv", "--top", "2")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [(row["text"], row["mask"]) for row in rows] == [
        *[("First, a [MASK].", "1")] * 2,
        ("No gap.", ""),
        *[("A [MASK] and a [MASK].", mask) for mask in "1122"],
    ]
    assert "no mask" in rows[2]["answer"]


@pytest.mark.parametrize(
    ("options", "key", "part"),
    [
        (["--joint", "--top", "2"], "joint", "nats"),
        (["--left-to-right"], "joint", "nats"),
        (["--mask", "capital", "--candidates", "Oslo,New York"], "candidates", "pseudo-log-likelihood of 2 pieces"),
        (["--against", "The [MASK] of [MASK]."], "masks", "percentage points"),
        (["--surprise"], "pseudo_log_likelihood", "bits a token"),
    ],
)
def test_every_question_is_answered_in_words_as_json_and_as_a_table(ran, options, key, part):
    question = ["fill-mask", "--engine", "scripted", "The [MASK] of France, its capital, is [MASK].", *options]
    (_, words, errors), (_, told, _), (_, table, _) = (ran(*question, *form) for form in ([], ["--json"], ["--csv"]))
    assert part in words, errors
    assert json.loads(told)[key]
    assert len(list(csv.DictReader(table.splitlines()))) >= 1


@pytest.mark.usefixtures("one_worker")
@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["fill-mask", "No mask here."], "no mask"),
        (["fill-mask", "A [MASK].", "--preset", "f_net_huge"], "f_net_huge"),
        (["fill-mask", "--engine", "scripted", "A word.", "--mask", "sea"], "“sea” is not a word"),
        (["fill-mask", "--file", "gone.txt"], "gone.txt"),
        (["fill-mask"], "no text"),
        (["train", "nothing.toml"], "nothing.toml"),
        (["train", "sample-quick", "--set", "training.batch_size=0"], "training.batch_size"),
        (["train", "sample-quick", "--set", "training.batch_size"], "key=value"),
        (["train", "imdb-fnet"], "data.path"),
        (["train", "imdb-fnet", "--set", "data.path=/no/such/file.tar.gz"], "/no/such/file.tar.gz"),
        (["evaluate", "20200101-000000-none-0000"], "20200101"),
    ],
)
def test_wrong_input_is_told_in_words_without_a_traceback(ran, words, part):
    status, _, errors = ran(*words)
    assert status == 1
    assert part in errors
    assert "Traceback" not in errors
    assert run_store.list_runs() == ([], [])


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["fill-mask", "A [MASK].", "--top", "0"], "0 is not a whole number of 1 or more"),
        (["fill-mask", "A [MASK].", "--joint", "--beam", "wide"], "wide is not a whole number of 1 or more"),
        (["data", "tokens", "sample", "--row", "-1"], "-1 is not a whole number of 0 or more"),
    ],
)
def test_a_number_that_cannot_be_meant_is_refused_with_what_can_be(words, part):
    done = fnet_studio(*words)
    assert done.returncode == 2
    assert part in done.stderr
    assert done.stdout == ""


@pytest.mark.usefixtures("one_worker")
@pytest.mark.parametrize("kind", ["truncated", "escaping", "link"])
def test_a_hostile_or_broken_archive_is_refused_and_writes_nothing_outside(ran, tmp_path, kind):
    archive = tmp_path / "aclImdb.tar.gz"
    with tarfile.open(archive, "w:gz") as made:
        info = tarfile.TarInfo("aclImdb/../../escaped.txt" if kind == "escaping" else "aclImdb/train/pos/0_9.txt")
        if kind == "link":
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(info)
    if kind == "truncated":
        archive.write_bytes(os.urandom(4) + archive.read_bytes()[:40])
    status, _, errors = ran("train", "imdb-fnet", "--set", f"data.path={archive}")
    assert status == 1
    assert "aclImdb" in errors
    assert "Traceback" not in errors
    assert not list(tmp_path.rglob("escaped.txt"))
    assert run_store.list_runs() == ([], [])


@pytest.mark.usefixtures("one_worker")
def test_a_training_tells_its_events_as_json_lines_and_is_listed_asked_and_measured_afterwards(ran, tmp_path):
    done = fnet_studio("train", "sample-quick", *settings(QUICK), "--name", "mine")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["type"] == "run-finished"
    steps = [step for line in lines if line["type"] == "metrics" for step in line["step"]]
    assert steps == list(range(1, 33))
    listed = json.loads(fnet_studio("runs", "--json").stdout)
    assert [(item["name"], item["status"]) for item in listed] == [("mine", "finished")]
    again = fnet_studio("evaluate", lines[-1]["run"])
    assert f"accuracy {lines[-1]['test_accuracy']:.2%}" in again.stdout
    report = run_evaluation.read(lines[-1]["run"], "test")
    assert f"macro F1 {report.macro_f1:.4f}, area under the ROC curve {report.roc_auc:.4f}, " in again.stdout
    told = json.loads(ran("evaluate", lines[-1]["run"], "--json")[1])
    for name in ("loss", "accuracy", "macro_f1", "roc_auc", "average_precision", "naive_bayes"):
        assert told[name] == getattr(report, name)
    assert told["expected_error"] == report.calibration.expected_error
    for place, (one, row) in enumerate(zip(told["classes"], report.confusion, strict=True)):
        assert (one["name"], one["texts"]) == (report.class_names[place], sum(row))
        assert one["recall"] == row[place] / sum(row)
        assert f"{one['recall']:.2%} {one['f1']:>8.4f}" in again.stdout
    assert f"accuracy of naive Bayes {told['naive_bayes']:.4f}" in again.stdout
    assert sum(one["f1"] for one in told["classes"]) / 2 == pytest.approx(told["macro_f1"])
    _, asked, _ = ran("evaluate", lines[-1]["run"], "--text", "A wonderful film.", "--json")
    assert sum(json.loads(asked)["probabilities"][0]) == pytest.approx(1)
    status, printed, errors = ran("evaluate", lines[-1]["run"], "--text", "A wonderful film.", "--pair", "A dull one.")
    assert (status, printed) == (1, "")
    assert "single texts" in errors
    (tmp_path / "texts.csv").write_text("id,text,kind\n1,A wonderful film.,pos\n2,,neg\n")
    _, table, errors = ran("classify", lines[-1]["run"], str(tmp_path / "texts.csv"))
    first, empty = csv.DictReader(io.StringIO(table))
    assert float(first["p(pos)"]) == pytest.approx(json.loads(asked)["probabilities"][0][1], abs=1e-4)
    assert (empty["label"], empty["predicted"]) == ("neg", "")
    assert "of 1 labels right" in errors


def test_a_plan_is_told_and_nothing_is_run():
    done = fnet_studio("train", "sample-quick", *settings(QUICK)[1:], "--plan")
    assert done.returncode == 0, done.stderr
    (planned,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert planned["type"] == "planned"
    assert planned["total_steps"] == 32
    assert run_store.list_runs() == ([], [])


def test_a_run_can_be_copied_as_the_command_that_starts_it_again(tmp_path):
    words = ["sample-quick", "--set", "training.epochs=1", "--name", "it's mine"]
    done = fnet_studio("train", *words, "--engine", "scripted", "--no-plan")
    run = json.loads(done.stdout.splitlines()[-1])["run"]
    assert shlex.split(fnet_studio("runs", "command", run).stdout) == ["fnet-studio", "train", *words]
    record = run_store.read(run)
    assert shlex.split(record.typed)[:4] == ["fnet-studio", "train", *words[:2]]
    compile(fnet_studio("runs", "command", run, "--python").stdout, "cell", "exec")


def test_ctrl_c_keeps_the_model_so_far():
    process = subprocess.Popen(
        [sys.executable, "-m", "fnet_studio", "train", "sample-quick", *settings([*QUICK, "training.epochs=1000"])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if '"metrics"' in line:
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped" in errors
    (record,), _ = run_store.list_runs()
    assert record.status == "stopped"
    assert (places.runs() / record.id / "model.safetensors").is_file()


def scripted(*words, **options):
    """The scripted engine: 300 steps, 60 a second."""
    return subprocess.Popen(
        [sys.executable, "-m", "fnet_studio", *words, "--engine", "scripted"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_signals_save_measure_and_pause_a_training_and_it_can_be_resumed():
    process = scripted("train", "sample-quick", "--no-plan")
    assert process.stdout is not None
    assert process.stderr is not None
    asked = {"metrics": signal.SIGUSR1, "annotation": signal.SIGUSR2, "evaluated": signal.SIGTERM}
    lines = []
    for line in process.stdout:
        lines.append(json.loads(line))
        if lines[-1]["type"] == "evaluated" and not lines[-1]["asked"]:
            continue  # an epoch's own
        number = asked.pop(lines[-1]["type"], None)
        if number is not None:
            process.send_signal(number)
    errors = process.stderr.read()
    process.stderr.close()
    process.stdout.close()
    assert process.wait() == 143
    assert "evaluated" not in asked
    (record,), _ = run_store.list_runs()
    assert record.status == "paused"
    assert f"Checkpoint at step {next(line['step'] for line in lines if line['type'] == 'annotation')}." in errors
    assert f"fnet-studio resume {record.id}" in errors
    resumed = fnet_studio("resume", record.id, "--engine", "scripted")
    assert resumed.returncode == 0, resumed.stderr
    assert run_store.read(record.id).status == "finished"


@pytest.mark.skipif(os.name == "nt", reason="signals and a pseudo-terminal of POSIX")
@pytest.mark.parametrize("end", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_command_that_is_ended_writes_what_was_answered(tmp_path, end):
    import pty

    trained = fnet_studio("train", "sample-quick", "--engine", "scripted", "--no-plan")
    (tmp_path / "texts.csv").write_text("text\n" + "A good film.\n" * 200_000)
    ours, theirs = pty.openpty()
    words = ["classify", json.loads(trained.stdout.splitlines()[-1])["run"], "texts.csv", "-o", "answers.csv"]
    command = [sys.executable, "-m", "fnet_studio", *words, "--engine", "scripted"]
    process = subprocess.Popen(command, stderr=theirs, cwd=tmp_path)
    os.close(theirs)
    heard = ""
    while "\r64 of" not in heard:
        heard += os.read(ours, 4096).decode()
    number = getattr(signal, end)
    process.send_signal(number)
    with contextlib.suppress(OSError):  # the other end is closed
        while os.read(ours, 4096):
            pass
    os.close(ours)
    assert process.wait() == 128 + number
    answers = (tmp_path / "answers.csv").read_text().splitlines()
    assert 64 < len(answers) < 200_000
    assert answers[0].startswith("row,text,predicted,")


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal of POSIX")
def test_keys_of_a_terminal_hold_a_training_let_it_go_on_and_pause_it():
    """Also after a shell had the terminal in between, and set it as it wants it."""
    import pty
    import termios

    ours, theirs = pty.openpty()
    of_a_shell = termios.tcgetattr(ours)
    command = [sys.executable, "-m", "fnet_studio", "train", "sample-quick", "--engine", "scripted", "--no-plan"]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    heard, keys = "", [("loss", b"p"), ("Paused", b"p"), ("Training", b"c"), ("Checkpoint at step", b"f"), ("\0", b"")]
    while True:
        try:
            heard += os.read(ours, 4096).decode(errors="replace")
        except OSError:  # the other end is closed
            break
        word, key = keys[0]
        if word in heard:
            heard = heard.partition(word)[2]
            if word == "Paused":
                termios.tcsetattr(ours, termios.TCSANOW, of_a_shell)
            os.write(ours, key)
            del keys[0]
    os.close(ours)
    assert process.wait() == 143
    assert len(keys) == 1, f"still waiting for {keys[0][0]!r}; heard {heard!r}"
    assert "\r\x1b[Kfnet-studio: paused, all memory given back" in heard, "in the place of the progress bar"
    (record,), _ = run_store.list_runs()
    assert record.status == "paused"
    notes = [row["note"] for row in run_store.read_log(record.id) if "note" in row]
    assert [note for note in notes if note in ("paused", "continued")] == ["paused", "continued"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_worker_that_crashes_leaves_the_lines_that_its_words_point_to():
    """And with its output closed from the beginning the command goes on all the same."""
    process = subprocess.Popen(
        [
            *CLOSED_STDOUT,
            sys.executable,
            "-m",
            "fnet_studio",
            "train",
            "sample-quick",
            "--engine",
            "scripted",
            "--no-plan",
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not run_store.list_runs()[0] and time.monotonic() < deadline:
        time.sleep(0.05)
    (record,), _ = run_store.list_runs()
    os.kill(record.pid, signal.SIGSEGV)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    words, _, lines = errors.partition("lines below")
    assert "crashed (SIGSEGV)" in words
    assert "Segmentation fault" in lines
    assert "Traceback" not in errors


def test_a_run_whose_folder_goes_is_told_so_and_goes_on_once_it_is_back():
    process = scripted("train", "sample-quick", "--no-plan")
    assert process.stdout is not None
    next(line for line in process.stdout if '"annotation"' in line)  # its first checkpoint
    (record,), _ = run_store.list_runs()
    folder, aside = run_store.folder(record.id), places.data() / "aside"
    folder.rename(aside)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"The folder of the run has gone: {folder}." in errors
    assert f"Type: fnet-studio resume {record.id}" in errors
    assert not folder.exists()
    aside.rename(folder)
    resumed = fnet_studio("resume", record.id, "--engine", "scripted")
    assert resumed.returncode == 0, resumed.stderr
    assert run_store.read(record.id).status == "finished"


CLOSED_STDOUT = ("sh", "-c", 'exec "$@" >&-', "sh")


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal of POSIX")
def test_a_terminal_that_is_closed_pauses_the_training():
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "fnet_studio", "train", "sample-quick", "--engine", "scripted", "--no-plan"]
    # whoever runs the tests may ignore it, as nohup does: then the command would too, and rightly
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    signal.signal(signal.SIGHUP, before)
    os.close(theirs)
    heard = ""
    while "loss" not in heard:
        heard += os.read(ours, 4096).decode(errors="replace")
    os.close(ours)
    os.killpg(process.pid, signal.SIGHUP)  # as a shell does for all that it started
    assert process.wait() == 143
    (record,), _ = run_store.list_runs()
    assert record.status == "paused"
    assert record.saved_step == record.steps


def test_a_killed_command_leaves_no_worker_and_an_interrupted_run():
    process = subprocess.Popen(
        [sys.executable, "-m", "fnet_studio", "train", "sample-quick", *settings([*QUICK, "training.epochs=1000"])],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if '"metrics"' in line:
            break
    (record,), _ = run_store.list_runs()
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 10
    while run_store.read(record.id).status == "running" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert run_store.read(record.id).status == "interrupted"


def test_a_worker_killed_at_any_step_goes_on_to_the_same_losses():
    """SIGKILL of the worker itself, with a checkpoint after each step; then `resume` in a new process, which is killed
    too, and again. Dropout, accumulation, averaged weights and a falling rate are all on."""
    options = ["training.epochs=8", "saving.checkpoint_every_s=0", "training.accumulation=2", "optimisation.ema=0.9"]
    words = [*settings([*QUICK, *options, "optimisation.schedule=cosine", "model.dropout=0.2"]), "--json", "--no-plan"]
    assert fnet_studio("train", "sample-quick", *words, "--name", "whole").returncode == 0
    (whole,) = [record.id for record in run_store.list_runs()[0]]
    begun = ["train", "sample-quick", *words, "--name", "killed"]
    for kill_after_steps in (1, 20, 50):
        process = subprocess.Popen(
            [sys.executable, "-m", "fnet_studio", *begun], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["type"] == "metrics" and event["step"][-1] >= kill_after_steps:
                (record,) = [record for record in run_store.list_runs()[0] if record.name == "killed"]
                os.kill(record.pid, signal.SIGKILL)
                break
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "killed" in errors
        assert run_store.read(record.id).status == "interrupted"
        begun = ["resume", record.id, "--json"]
    resumed = fnet_studio("resume", record.id)
    assert resumed.returncode == 0, resumed.stderr
    assert _losses(record.id) == _losses(whole)


def _losses(run):
    return [(row.get("split"), row["step"], row["loss"]) for row in run_store.read_metrics(run)]


def test_presets_are_listed_without_starting_a_worker():
    cards = json.loads(fnet_studio("presets", "--json").stdout)
    assert [card["key"] for card in cards][:2] == ["fnet_small_en", "fnet_mini_en"]


def test_the_command_line_never_imports_qt_or_the_models():
    code = (
        "import sys; from fnet_studio.__main__ import main; main(['presets']); main(['runs']);"
        "bad = {'PySide6', 'jax', 'keras', 'sentencepiece', 'tokenizers', 'h5py', 'pyqtgraph'} & set(sys.modules);"
        "sys.exit(' '.join(bad) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_without_arguments_that_are_known_the_help_says_what_there_is():
    done = fnet_studio("--help")
    for command in ("fill-mask", "train", "evaluate", "presets", "runs", "doctor", "tour", "worker"):
        assert command in done.stdout
