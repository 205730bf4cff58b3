"""The installed command line, as an ordinary user: answers, trainings, checkpoints, bundles."""

import bz2
import gzip
import importlib
import lzma
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import figures
from clean_machine import START_S, USER, CleanMachine, use
from report import Report

from fnet_studio import __version__

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
stand_in_wheels = importlib.import_module("stand_in_wheels")
power_manager = importlib.import_module("power_manager")
workbooks = importlib.import_module("workbooks")

TRAIN_S = 600


def check_command(report: Report, machine: CleanMachine) -> None:
    report.say("The command line, as an ordinary user")
    began = time.monotonic()
    code, said = use(machine, "--version")
    report.expect(code == 0 and __version__ in said, f"--version: {said.strip()}", said)
    began = time.monotonic()
    use(machine, "--version")
    figures.put({"command_s": round(time.monotonic() - began, 2)})
    code, said = use(machine, "--help")
    report.expect(code == 0 and "fill-mask" in said, "--help names the commands", said)
    code, said = use(machine, "doctor")
    report.expect(code == 0 and "GFLOP/s" in said, "doctor: the frozen worker multiplies", said)
    code, said = use(machine, "fill-mask", "The capital of France is [MASK].", "--json")
    answers = re.findall(r'"text": ?"([^"]+)"', said)
    report.expect(code == 0 and answers, f"fill-mask answers: {' '.join(answers[:5])}", said)
    check_tables(report, machine)
    check_training(report, machine)
    check_pretraining(report, machine)
    check_resuming(report, machine)
    check_bundle(report, machine)
    check_gpu_support(report, machine)
    left = [path for path in machine.home.iterdir() if path.name == ".keras"]
    report.expect(not left, "Keras wrote nothing into the home")
    seen = subprocess.run(
        machine.as_user(["fnet-studio", "worker", "--help"]), capture_output=True, text=True, check=False
    )
    report.expect(
        seen.returncode == 0 and "protocol" in seen.stdout + seen.stderr,
        "`fnet-studio worker` is the worker, as over ssh",
    )


def check_tables(report: Report, machine: CleanMachine) -> None:
    """Of each kind that needs a library of its own."""
    rows = [["text", "label"], ["A joy.", "pos"], ["Dull.", "neg"]]
    workbooks.xlsx(machine.home / "a.xlsx", {"One": rows})
    workbooks.ods(machine.home / "a.ods", rows)
    table = "\n".join(",".join(row) for row in rows).encode()
    for ending, pack in {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}.items():
        (machine.home / f"a.csv.{ending}").write_bytes(pack(table))
    for name in ("a.xlsx", "a.ods", "a.csv.gz", "a.csv.bz2", "a.csv.xz"):
        code, said = use(machine, "data", "preview", f"/home/{USER}/{name}")
        report.expect(code == 0 and "label: label" in said, f"{name} is read", said)


def check_training(report: Report, machine: CleanMachine) -> None:
    """Beside a desktop's power manager, whose bus reaches into the machine by a socket."""
    power = power_manager.PowerManager(machine.root / "tmp/bus")
    try:
        small = ["--no-plan", "--json", "--set", "training.epochs=2", "--name", "packaged"]
        bus = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/tmp/bus"}
        code, said = use(machine, "train", "sample-quick", *small, limit_s=TRAIN_S, **bus)
    finally:
        power.end()
        for path in (machine.root / "tmp").glob("bus*"):
            path.unlink()
    report.expect(code == 0, "train sample-quick: a WordPiece vocabulary is trained, then the model", said)
    told = " ".join(power.told)
    report.expect(told == "Inhibit UnInhibit", "the machine is kept awake during it, and not longer", told)


def check_pretraining(report: Report, machine: CleanMachine) -> None:
    lines = (
        "The old bridge stands by the river.\nA grey goose waits on the quiet lake.\nEvery field belongs to the town!\n"
    )
    corpus = machine.home / "corpus"
    corpus.mkdir(exist_ok=True)
    (corpus / "one.txt").write_text(
        "\n".join(f"{lines}{number} boats are seen from the pier.\n" for number in range(300))
    )
    settings = {
        "data.path": f"/home/{USER}/corpus",
        "data.vocabulary_size": 100,
        "data.sequence_length": 32,
        "model.num_layers": 1,
        "model.hidden_dim": 16,
        "model.intermediate_dim": 32,
        "training.epochs": 1,
        "training.batch_size": 8,
        "pretraining.steps_per_epoch": 5,
        "pretraining.vocabulary_lines": 500,
    }
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    code, said = use(machine, "train", "pretrain", "--no-plan", "--json", *words, limit_s=TRAIN_S)
    report.expect(code == 0, "train pretrain: a SentencePiece vocabulary is trained, then a preset", said)
    kept = list(machine.home.glob(".local/share/fnet-studio/runs/*pretrain*/**/vocabulary.spm"))
    report.expect(kept, "and is kept with its vocabulary")


def check_resuming(report: Report, machine: CleanMachine) -> None:
    """A training is told to end while it learns, and goes on from its checkpoint."""
    words = ["train", "sample-quick", "--no-plan", "--json", "--set", "training.epochs=40", "--name", "cut-off"]
    # the pid is needed of the program itself, so without a shell in between
    line = machine.as_user(["fnet-studio", *words])
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said = []
    for text in process.stdout:
        said.append(text)
        if '"metrics"' in text:
            process.send_signal(signal.SIGTERM)
            break
    said += process.stdout.readlines()
    code = process.wait(START_S)
    report.expect(code == 143, "SIGTERM pauses a training: a checkpoint is written", "".join(said))
    checkpoints = list(machine.home.glob(".local/share/fnet-studio/runs/*cut-off*/checkpoints/*"))
    report.expect(checkpoints, f"{len(checkpoints)} files of its checkpoint are there")
    if not checkpoints:
        return
    run = checkpoints[0].parents[1].name
    code, resumed = use(machine, "resume", run, "--json", limit_s=TRAIN_S)
    report.expect(code == 0, "resume loads it and goes on to the end", resumed)


def check_bundle(report: Report, machine: CleanMachine) -> None:
    runs = sorted((machine.home / ".local/share/fnet-studio/runs").glob("*packaged*"))
    if not report.expect(runs, "the run is on the disk"):
        return
    code, said = use(machine, "evaluate", runs[0].name, "--text", "A slow start, but worth it.")
    report.expect(code == 0, "evaluate asks the trained model about a text", said)
    code, said = use(machine, "runs", "export", runs[0].name, "-o", f"/home/{USER}/one.fnetrun")
    report.expect(code == 0 and (machine.home / "one.fnetrun").is_file(), "a run becomes one file", said)
    code, said = use(machine, "runs", "import", f"/home/{USER}/one.fnetrun")
    report.expect(code == 0, "which can be imported again", said)


def check_gpu_support(report: Report, machine: CleanMachine) -> None:
    """Small wheels in the place of NVIDIA's, from a server on this machine: what they hold is imported by JAX in the
    frozen worker, and says so by failing."""
    with tempfile.TemporaryDirectory() as folder:
        stand_in_wheels.write(Path(folder))
        with stand_in_wheels.Index(Path(folder)) as index:
            index.cut[stand_in_wheels.LIBRARY] = 1000
            code, said = use(machine, "gpu", "add", "--list", index.list)
            report.expect(code == 1 and "kept" in said, "gpu add: a download that breaks off is told and kept", said)
            code, said = use(machine, "gpu", "add")
            report.expect(code == 0 and bool(index.ranges), "gpu add: goes on where it ended", said)
            report.expect(stand_in_wheels.WORDS in said, "the frozen worker imports the plugin that was added", said)
    code, said = use(machine, "doctor")
    report.expect(
        code == 0 and stand_in_wheels.WORDS in said and "CPU" in said,
        "doctor says why no GPU is used, and the processor works on",
        said,
    )
    code, said = use(machine, "gpu", "remove")
    place = machine.home / ".local/share/fnet-studio/gpu/site"
    report.expect(code == 0 and not place.exists(), "gpu remove takes it away", said)
    code, said = use(machine, "doctor")
    report.expect(code == 0 and stand_in_wheels.WORDS not in said, "and the worker no longer looks for it", said)
