"""What a run is estimated to need before it starts, and what it then needed: one struct for both, to be compared."""

import math
from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct

from fnet_studio.core.files import size
from fnet_studio.core.recipe import LANGUAGE_TASKS, Recipe

Severity = Literal["error", "warning", "note"]


class Problem(Struct, frozen=True):
    """Something that a person should know before a start. severity: `error` means that the run cannot succeed as it
    is, `warning` that its result would be worse than it has to be, `note` that there is nothing to do."""

    severity: Severity
    kind: str
    """A stable, dotted name, such as `memory.short` or `data.overlap`."""
    message: str
    advice: str = ""


class Cost(Struct, frozen=True):
    """Of one run, from its start to its end. As an estimate, or as it was measured."""

    duration_s: float = -1.0
    """-1 when unknown: a model that does not fit into memory is not tried."""
    memory_bytes: int = 0
    """Largest amount of main memory that the worker holds at one time."""
    device_memory_bytes: int = 0
    """The same on the accelerators, all together; 0 on a CPU."""
    disk_bytes: int = 0
    """The run's folder when the run has ended."""
    phases_s: dict[str, float] = {}
    """Seconds by phase, of the names in `core.run_state.PHASES`."""


def ratios(estimate: Cost, outcome: Cost) -> dict[str, float]:
    """What was needed over what was estimated, by name: 1 is exact. What either side does not know is left out."""
    found = {}
    for name in ("duration_s", "memory_bytes", "device_memory_bytes", "disk_bytes"):
        wanted, needed = getattr(estimate, name), getattr(outcome, name)
        if wanted > 0 and needed > 0:
            found[name] = needed / wanted
    return found


CUT_SHARE = 0.1
UNEVEN = 3.0
"""How many times the texts of the smallest class the largest may have before it is worth a word."""
FEWEST_STEPS, SOME_STEPS, SMALL_BATCH = 50, 100, 8
"""With fewer steps in all a classifier learns little; so many, in batches of that size, are advised."""
MOST_NAMES = 5
"""Of classes in one sentence."""
OVERLAP_SHARE = 0.01


def data_problems(data: dict[str, Any], recipe: Recipe) -> list[Problem]:
    """What is worth saying of a data set before it is trained on by a recipe, from a task's summary
    (`engine.task.Task.summary`), worst first."""
    report = data.get("report")
    if not report:
        return [Problem("note", "data.note", note) for note in data.get("notes", ())]
    found: list[Problem] = []
    splits = {split["name"]: split for split in report["splits"]}
    tests = splits["test"]["texts"]
    if report["test_overlap"]:
        share = report["test_overlap"] / max(tests, 1)
        found.append(
            Problem(
                "warning" if share > OVERLAP_SHARE else "note",
                "data.overlap",
                f"{report['test_overlap']:,} of the {tests:,} test texts ({share:.2%}) also stand in the training or "
                "validation texts.",
                "Remove them from the training file, or read the test figures as too good.",
            )
        )
    if report["validation_overlap"]:
        validating = splits["validation"]["texts"]
        share = report["validation_overlap"] / max(validating, 1)
        found.append(
            Problem(
                "warning" if share > OVERLAP_SHARE else "note",
                "data.validation-overlap",
                f"{report['validation_overlap']:,} of the {validating:,} validation texts ({share:.2%}) also stand in "
                "the training texts.",
                "Remove duplicates, or expect validation figures that are too good.",
            )
        )
    found += _of_classes(splits["train"], data.get("class_names", ()), recipe)
    found += _of_classes_not_measured(splits, data.get("class_names", ()), recipe)
    for split in report["splits"]:
        found += _of_split(split, int(data.get("sequence_length", 0)))
    if not tests:
        found.append(
            Problem(
                "note",
                "data.no-test",
                "There are no test texts, so there will be no test figures.",
                "Name a test file.",
            )
        )
    found += [Problem("note", "data.note", note) for note in report.get("notes", ())]
    return sorted(found, key=lambda problem: ("error", "warning", "note").index(problem.severity))


def step_problems(recipe: Recipe, texts: int, total_steps: int) -> list[Problem]:
    """Whether a classifier takes too few steps to learn. texts: of its training part. A language model's steps are
    large, and one that goes on from a preset is not worse for having taken few."""
    training = recipe.training
    if recipe.task in LANGUAGE_TASKS or total_steps >= FEWEST_STEPS:
        return []
    batch, changes = training.batch_size, []
    if batch > SMALL_BATCH and SMALL_BATCH % training.accumulation == 0:
        batch = SMALL_BATCH
        changes.append(f"training.batch_size={batch}")
    per_epoch = math.ceil(texts / batch)
    epochs = max(training.epochs, math.ceil(SOME_STEPS / per_epoch))
    if epochs > training.epochs:
        changes.append(f"training.epochs={epochs}")
    return [
        Problem(
            "warning",
            "training.few-steps",
            f"Only {total_steps:,} step{'s' * (total_steps > 1)} in all: a model hardly learns in so few.",
            f"Train in smaller batches or longer: with {' and '.join(changes)} it takes {per_epoch * epochs:,} steps.",
        )
    ]


def _of_classes(train: dict[str, Any], names: Sequence[str], recipe: Recipe) -> list[Problem]:
    counts = dict(zip(names, train["class_counts"], strict=False))
    if len(counts) < 2:
        return []
    found = []
    missing = [name for name, count in counts.items() if not count]
    if missing:
        found.append(
            Problem(
                "warning",
                "data.missing-class",
                f"No training text is labelled {', '.join(missing)}: the model can never learn it.",
                "Add texts of that class, or another split.",
            )
        )
    by_folded: dict[str, list[str]] = {}
    for name in counts:
        by_folded.setdefault(name.casefold(), []).append(name)
    alike = [names for names in by_folded.values() if len(names) > 1]
    if alike:
        words = "; ".join(" and ".join(names) for names in alike)
        commonest_of = {name: max(names, key=counts.__getitem__) for names in alike for name in names}
        joined = ", ".join(f"{name}={common}" for name, common in commonest_of.items() if name != common)
        found.append(
            Problem(
                "warning",
                "data.classes-alike",
                f"These classes differ in letter case alone: {words}.",
                f"If they mean the same, join them by the meaning of labels (data.labels): {joined}.",
            )
        )
    rarest, commonest = (choose(counts, key=lambda name: counts[name]) for choose in (min, max))
    advice = on_uneven_classes(recipe)
    if uneven(list(counts.values())) and advice:
        found.append(
            Problem(
                "warning",
                "data.imbalance",
                f"The classes are uneven: {counts[commonest]:,} training texts are {commonest}, {counts[rarest]:,} "
                f"{rarest}. Always answering {commonest} is right {counts[commonest] / max(train['texts'], 1):.0%} of "
                "the time.",
                f"{advice} Read F1 and the confusion matrix rather than accuracy.",
            )
        )
    return found


def uneven(counts: Sequence[int]) -> bool:
    """counts: training texts of each class."""
    return 0 < UNEVEN * min(counts) < max(counts)


def on_uneven_classes(recipe: Recipe) -> str:
    """What the recipe does not do about them yet, in sentences; '' when it does everything."""
    advice, optimisation = [], recipe.optimisation
    if optimisation.class_weights != "balanced":
        advice.append("Balance the class weights (optimisation.class_weights=balanced).")
    if not optimisation.keeps_best:
        advice.append("Keep the best epoch by macro F1 (optimisation.keep=best, optimisation.monitor=macro-f1).")
    elif optimisation.monitor != "macro-f1":
        advice.append("Choose the best epoch by macro F1 (optimisation.monitor=macro-f1).")
    return " ".join(advice)


def classes_not_in(counts: Sequence[int], trained: Sequence[int]) -> list[int]:
    """Classes that are trained and have no text in another part, by their place. Both: texts by class."""
    return [at for at, count in enumerate(counts) if trained[at] and not count]


def first_of(names: Sequence[str]) -> str:
    """Of many classes the first few, in words."""
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" or of {more} more class{'es' * (more > 1)}" if more > 0 else "")


def _of_classes_not_measured(splits: dict[str, Any], names: Sequence[str], recipe: Recipe) -> list[Problem]:
    """Classes that are trained, and that the validation or the test texts lack."""
    found, trained = [], splits["train"]["class_counts"]
    for part in ("validation", "test"):
        missing = classes_not_in(splits[part]["class_counts"], trained)
        if not splits[part]["texts"] or not missing:
            continue
        chooses = part == "validation" and recipe.optimisation.keeps_best
        choosing = ", which decide on the best epoch," if chooses else ""
        # where a stratified split leaves a class out, it has one text, or these texts have a place of their own
        drawn = part == "validation" and not recipe.data.stratified and recipe.data.validation_path == "none"
        found.append(
            Problem(
                "warning",
                "data.unvalidated-class" if part == "validation" else "data.untested-class",
                f"No {part} text is labelled {first_of([names[at] for at in missing])}: the {part} figures{choosing} "
                "say nothing of it.",
                "Give each class its share of them (data.split=stratified), choose another data.split_seed, or name a "
                "validation file."
                if drawn and any(trained[at] > 1 for at in missing)
                else "Add such texts.",
            )
        )
    return found


def _of_split(split: dict[str, Any], length: int) -> list[Problem]:
    found, name = [], "training" if split["name"] == "train" else split["name"]
    if split["cut_share"] > 0 and name == "training":
        found.append(
            Problem(
                "warning" if split["cut_share"] > CUT_SHARE else "note",
                "data.cut",
                f"{split['cut_share']:.0%} of the training texts are longer than {length} tokens and get cut; "
                f"{split['cut_tokens_share']:.0%} of all their tokens are lost.",
                f"The 95th percentile is {split['lengths']['p95']:,.0f} tokens. A greater length takes more time and "
                "memory, and makes another model; data.cut says whether their end, start or middle goes.",
            )
        )
    if split["empty"]:
        found.append(
            Problem(
                "warning",
                "data.empty-rows",
                f"{split['empty']:,} of the {split['texts']:,} {name} texts are empty.",
                "Remove those rows: a model learns a guess from them.",
            )
        )
    if split["duplicates"]:
        share = split["duplicates"] / max(split["texts"], 1)
        found.append(
            Problem(
                "warning" if share > OVERLAP_SHARE else "note",
                "data.duplicates",
                f"{split['duplicates']:,} of the {split['texts']:,} {name} texts ({share:.2%}) repeat an earlier one.",
                "Remove them, unless the repetition is meant." if name == "training" else "They count more than once.",
            )
        )
    return found


def resource_problems(
    estimate: Cost,
    *,
    memory_free_bytes: int,
    device_free_bytes: int,
    disk_free_bytes: int,
    disk_peak_bytes: int,
    disk_floor_bytes: int,
) -> list[Problem]:
    """What there is not enough of. Sizes of 0 are unknown, and say nothing. disk_floor_bytes: what the run leaves free
    (`saving.free_space_mb`): with less it waits."""
    found = []
    advice = "Choose a smaller batch or a greater training.accumulation, or close other programs."
    for kind, where, needed, free in (
        ("memory.short", "main memory", estimate.memory_bytes, memory_free_bytes),
        ("device-memory.short", "memory on the device", estimate.device_memory_bytes, device_free_bytes),
    ):
        if needed and free and needed > free:
            words = f"The run needs about {size(needed)} of {where}, and {size(free)} are free."
            found.append(Problem("error", kind, words, advice))
        elif needed and free and needed > 0.8 * free:
            words = f"The run takes most of the {where}: about {size(needed)} of {size(free)}."
            found.append(Problem("warning", kind, words, advice))
    if disk_free_bytes and disk_peak_bytes and disk_peak_bytes + disk_floor_bytes > disk_free_bytes:
        left = f" and leaves {size(disk_floor_bytes)} free (saving.free_space_mb)" if disk_floor_bytes else ""
        found.append(
            Problem(
                "error",
                "disk.short",
                f"The run writes up to {size(disk_peak_bytes)}{left}, but only {size(disk_free_bytes)} are free on the "
                "disk.",
                "Free some space, or keep fewer checkpoints (saving.keep_last).",
            )
        )
    return found
