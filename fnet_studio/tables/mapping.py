"""Which column is what, and which label is which class."""

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import class_names
from fnet_studio.core.recipe_sections import NO_LABEL, DataRecipe
from fnet_studio.tables.table import Table

TEXT_NAMES = ("text", "sentence", "review", "content", "comment", "body", "message", "tweet", "document", "title")
LABEL_NAMES = (
    *("label", "labels", "class", "category", "sentiment", "target", "polarity", "gold_label", "rating", "stars"),
    *("score", "topic", "emotion", "intent", "y"),
)
PAIR_NAMES = (
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("question1", "question2"),
    ("question", "sentence"),
    ("text_a", "text_b"),
    ("text1", "text2"),
)
NO_LABELS = ("predicted", "prediction", "id", "index", "row")
"""May hold names of classes, and are no labels: what a model answered, and numbers of rows."""
_FIRST_OF_PAIRS = tuple(one for one, _ in PAIR_NAMES)
MOST_CLASSES = 1000


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of columns; an empty one is looked for. pair: the second text of each row, if the task has two. label:
    NO_LABEL where the texts have none.

    classes: label as it stands in the file to the class name it means; two labels may share a name. Empty: the
    labels are the names."""

    text: str = ""
    label: str = ""
    pair: str = ""
    classes: Mapping[str, str] = field(default_factory=dict)


def columns_of_part(table: Table, wanted: Columns, training: Columns) -> Columns:
    """Those of a part beside the training part: the same where it has them, since its content might make another guess.
    UserError as `find_columns`."""
    names = {role: name for role in ("text", "label", "pair") if (name := getattr(training, role)) in table.columns}
    return find_columns(table, replace(wanted, **names), by_content=not names)


def find_columns(table: Table, wanted: Columns, *, by_content: bool = True) -> Columns:
    """The columns to use: those asked for, the others by their names, else by their content if that may be. UserError
    `data.columns` names what is missing and what there is."""
    names = list(table.columns)
    if wanted.label == NO_LABEL and NO_LABEL not in table.columns:
        raise UserError(
            "data.columns",
            f"{table.path} was said to have no labels, and a classifier needs them.",
            "Choose the column of the labels (data.label_column), or masked-LM training, which needs none.",
        )
    _require_columns(table, wanted)
    by_lower = {name.lower(): name for name in reversed(names)}
    text, pair, label = wanted.text, wanted.pair, wanted.label
    label = label or _first(by_lower, LABEL_NAMES, (text, pair))
    if not text and not pair:
        text, pair = _usual_pair(by_lower)
    text = text or _first(by_lower, TEXT_NAMES, (label, pair))
    if by_content:
        text = text or _longest(table, (label, pair))
        label = label or _fewest_values(table, (text, pair))
    if not text:
        raise _columns_error(table, "has no column that could be the text")
    if not label:
        raise _columns_error(table, "has no column that could be the label")
    if len({text, label, pair or "\0"}) < 3:
        raise _columns_error(table, "needs different columns for text, second text and label")
    return Columns(text, label, pair, wanted.classes)


def find_columns_to_classify(
    table: Table, wanted: Columns, training: Columns, *, class_names: Sequence[str], paired: bool | None
) -> Columns:
    """The columns of texts that a trained classifier is to sort: those asked for, else those of its training where the
    table has them, else by usual names, else by their content: labels are names of its classes and nothing else. label
    is "" where there is none, or none is wanted (NO_LABEL). UserError `data.columns`."""
    unlabelled = wanted.label == NO_LABEL and NO_LABEL not in table.columns
    _require_columns(table, replace(wanted, label="") if unlabelled else wanted)
    known = [getattr(wanted, role) or getattr(training, role) for role in ("text", "label", "pair")]
    text, label, pair = (name if name in table.columns else "" for name in known)
    by_lower = {name.lower(): name for name in reversed(list(table.columns))}
    if paired and not pair:  # beside one that is known the text is looked for as in training
        first, pair = _usual_pair(by_lower)
        text = text or first
        if not pair:
            raise _columns_error(table, "needs two columns of texts, since this run learnt to sort pairs: name them")
    if paired is False:
        if wanted.pair:
            raise _columns_error(table, "needs one column of texts alone, since this run learnt to sort single texts")
        pair = ""
    named = label or _first(by_lower, LABEL_NAMES, (text, pair))
    label = "" if unlabelled else named
    told = named and named in known
    if not unlabelled and not told and not _has_classes(table, named, training.classes, class_names):
        label = _only_classes(table, training.classes, class_names, (text, pair)) or named
    text = text or _first(by_lower, TEXT_NAMES + _FIRST_OF_PAIRS, (label, pair)) or _longest(table, (label, pair))
    if not text or len({text, label or "\0", pair or "\1"}) < 3:
        raise _columns_error(table, "needs different columns for text, second text and label")
    return Columns(text, label, pair, training.classes)


def columns_of(data: DataRecipe) -> Columns:
    """What a recipe says of its files' columns."""
    text, label, pair = (
        "" if name == "auto" else name for name in (data.text_column, data.label_column, data.pair_column)
    )
    return Columns(text, label, pair, class_names(data))


def text_column(table: Table, wanted: str) -> str:
    """The column of texts that need no label: the one asked for, or "" to look for a usual name; a column that is
    alone needs none. UserError `data.columns`."""
    by_lower = {name.lower(): name for name in reversed(list(table.columns))}
    found = wanted if wanted in table.columns else ""
    if not wanted:
        alone = next(iter(table.columns)) if len(table.columns) == 1 else ""
        found = _first(by_lower, TEXT_NAMES + _FIRST_OF_PAIRS, ()) or alone
    if not found:
        raise _columns_error(table, "is a table, and data.text_column names none of its columns")
    return found


def composed(label: str) -> str:
    """One that is written with its accents apart, as names of a Mac's files are, is the same label (Unicode's NFC)."""
    return unicodedata.normalize("NFC", label)


def names_meant(labels: Iterable[str], classes: Mapping[str, str]) -> dict[str, str]:
    """What each label means by `Columns.classes`, as it is written there, or else in the file."""
    given = {composed(label): name for label, name in classes.items()}
    return {label: given.get(composed(label), label) for label in set(labels)}


def class_names_of(labels: Sequence[str], classes: Mapping[str, str], where: str) -> tuple[str, ...]:
    """The classes of the training labels: numbers in their order, words in the alphabet's. UserError `data.labels`
    when there is only one, or so many that the column can hardly be a label."""
    meant = sorted(names_meant(labels, classes).items(), reverse=True)
    found = {composed(name): name for label, name in meant if label}
    if len(found) < 2:
        only = f"only the label {next(iter(found))!r}" if found else "no label at all"
        raise UserError("data.labels", f"{where} holds {only}.", "Choose the column that tells the classes apart.")
    if len(found) > MOST_CLASSES or (len(found) > 20 and len(found) > len(labels) / 2):
        raise UserError(
            "data.labels",
            f"{where} holds {len(found):,} different labels in {len(labels):,} rows.",
            "Choose the column with the classes; a text or a number to predict is no class.",
        )
    # as they are written: runs of before learnt them in this order, and a letter with an accent has another place
    return tuple(sorted(found, key=lambda name: _by_number(found[name])))


def _require_columns(table: Table, wanted: Columns) -> None:
    for name in (wanted.text, wanted.label, wanted.pair):
        if name and name not in table.columns:
            raise _columns_error(table, f"has no column {name!r}")


def _by_number(label: str) -> tuple[int, float, str]:
    """What is not finite counts as a word: nothing lies below or above "nan", and the order would be chance."""
    try:
        value = float(label)
    except ValueError:
        value = math.nan
    return (0, value, label) if math.isfinite(value) else (1, 0.0, label)


def _usual_pair(by_lower: dict[str, str]) -> tuple[str, str]:
    """The two columns of texts by their names; empty ones where there are none."""
    found = ((by_lower[one], by_lower[two]) for one, two in PAIR_NAMES if one in by_lower and two in by_lower)
    return next(found, ("", ""))


def _first(by_lower: dict[str, str], known: Sequence[str], taken: Sequence[str]) -> str:
    return next((by_lower[name] for name in known if name in by_lower and by_lower[name] not in taken), "")


def _longest(table: Table, taken: Sequence[str]) -> str:
    lengths = {name: sum(map(len, values[:1000])) for name, values in table.columns.items() if name not in taken}
    return max(lengths, key=lengths.__getitem__, default="")


def _fewest_values(table: Table, taken: Sequence[str]) -> str:
    counts = {name: len(Counter(values)) for name, values in table.columns.items() if name not in taken and any(values)}
    several = {name: count for name, count in counts.items() if count > 1}
    return min(several, key=several.__getitem__, default="")


def classes_meant(labels: Sequence[str], classes: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """Labels of a file as classes that are known by their names: accents that stand apart, another letter case, or
    another way to write a number, mean the same where only one class can be meant. What means none stays as it
    stands."""
    ways = [(form, _alone(names, form)) for form in (str, composed, _folded)]
    meant = {
        label: next((known[form(name)] for form, known in ways if form(name) in known), name)
        for label, name in names_meant(map(str.strip, labels), classes).items()
    }
    return [meant[label.strip()] for label in labels]


def _alone(names: Sequence[str], form: Callable[[str], str]) -> dict[str, str]:
    """By a form that no other name shares."""
    counts = Counter(map(form, names))
    return {form(name): name for name in names if counts[form(name)] == 1}


def _folded(label: str) -> str:
    """`1.0` and `1` are one number."""
    kind, value, word = _by_number(label)
    return repr(value) if kind == 0 else composed(word).casefold()


def _has_classes(table: Table, column: str, classes: Mapping[str, str], names: Sequence[str]) -> bool:
    return bool(column) and bool(set(classes_meant(table.columns[column], classes, names)) & set(names))


def _only_classes(table: Table, classes: Mapping[str, str], names: Sequence[str], taken: Sequence[str]) -> str:
    for column, values in table.columns.items():
        found = [value for value in values if value.strip()]
        odd = column in taken or column.strip().lower() in NO_LABELS
        if not odd and found and set(classes_meant(found, classes, names)) <= set(names):
            return column
    return ""


def _columns_error(table: Table, what: str) -> UserError:
    advice = f"Choose among its columns: {', '.join(table.columns) or 'none'}."
    if table.format == "sheet":  # it may be the wrong one of several
        advice = " ".join((advice, *table.notes))
    return UserError("data.columns", f"{table.path} {what}.", advice)
