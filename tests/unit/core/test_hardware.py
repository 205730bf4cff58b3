import pytest

from fnet_studio.core import hardware
from fnet_studio.core.hardware import Gpu, Hardware

TABLE = "NVIDIA L4, 23034, 550.54.15\nNVIDIA L4, 23034, 550.54.15\n"
VERSION = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version: 12.2\n"


@pytest.fixture
def machine(tmp_path):
    """The files of a driver without nvidia-smi."""
    place = tmp_path / "proc/driver/nvidia"
    (place / "gpus/0000:01:00.0").mkdir(parents=True)
    (place / "gpus/0000:01:00.0/information").write_text("Model: \t\t NVIDIA L4\nIRQ:   24\nGPU UUID: GPU-1\n")
    (place / "version").write_text(VERSION)
    (tmp_path / "proc/cpuinfo").write_text("processor : 0\nmodel name\t: A Fine Processor\n")
    return tmp_path


def silent(_words):
    return ""


def test_gpus_are_those_of_the_drivers_program(tmp_path):
    found = hardware.look(tmp_path, lambda words: TABLE if words[0] == "nvidia-smi" else "")
    assert found.gpus == (Gpu("NVIDIA L4", 23034 * 2**20),) * 2
    assert found.driver == "550.54.15"


def test_without_that_program_the_drivers_files_are_read(machine):
    found = hardware.look(machine, silent)
    assert (found.gpus, found.driver, found.processor) == ((Gpu("NVIDIA L4"),), "550.54.15", "A Fine Processor")


def test_a_machine_without_a_driver_has_no_gpu(tmp_path):
    found = hardware.look(tmp_path, silent)
    assert (found.gpus, found.driver) == ((), "")
    assert found.cores > 0
    assert found.memory_bytes > 0
    assert ("GPU", "no NVIDIA GPU with a driver") in found.facts()


@pytest.mark.parametrize("said", ["", "No devices were found\n", "a,b\n", ", ,\n", "NVIDIA L4, [N/A], 550.1\n"])
def test_whatever_a_driver_says_is_no_failure(tmp_path, said):
    found = hardware.look(tmp_path, lambda _: said)
    assert all(gpu == Gpu("NVIDIA L4") for gpu in found.gpus)


def test_a_program_that_is_not_there_or_fails_says_nothing():
    assert hardware.ask(["/nowhere/nvidia-smi"]) == ""
    assert hardware.ask(["false"]) == ""


def words(system="linux", gpus=(), memory_bytes=16 * 2**30, **state):
    return " ".join(Hardware(system, "P", 8, memory_bytes, gpus, "550.1").meaning(**state))


def test_each_machine_is_told_what_it_means():
    gpu = (Gpu("NVIDIA L4"),)
    assert "idle until its support is added" in words(gpus=gpu, offered=True)
    assert "pip install" in words(gpus=gpu)
    assert "Trainings use the GPU" in words(gpus=gpu, added=True)
    assert "WSL" in words("windows", gpus=gpu)
    assert "WSL" not in words("windows")
    assert "On a Mac" in words("macos")
    assert "On the processor" in words()
    assert "Trainings use the GPU" not in words(added=True), "the support alone brings no GPU"
    assert "Memory is short" in words(memory_bytes=2**31)
