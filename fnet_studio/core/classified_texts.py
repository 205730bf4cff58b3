"""The texts of a file and what a classifier answers, part by part, as tables, as JSON and in words."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fnet_studio.core import protocol
from fnet_studio.core.shares import percent
from fnet_studio.core.slices import Share

AT_A_TIME = 32
"""Texts in one question, so that it can be stopped soon and other questions come in between."""
MOST_NAMED = 6
"""Classes counted one by one in words."""


class ClassifiedTexts:
    """A text without a letter gets no answer."""

    def __init__(
        self,
        run: str,
        texts: Sequence[str],
        pairs: Sequence[str] = (),
        labels: Sequence[str] = (),
        label_column: str = "",
        preset: str = "",
        others: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        """pairs, labels: as many as texts, or none. A label that is empty is not known. preset: asked where `run` is
        empty. others: what else the file tells of each text, by the names of its columns, to be handed on."""
        self.preset = preset
        self._others = others or {}
        self.run, self.texts, self.pairs, self.labels = run, texts, pairs, labels
        self.class_names: tuple[str, ...] = ()
        self.answers: list[tuple[float, ...] | None] = []
        """Probabilities of the classes, of the texts that are done."""
        self.right = Share(0, 0)
        """Of the answered texts whose label is one of the classes."""
        self._counts: Counter[str] = Counter()
        self._strange: set[str] = set()
        self._unanswered = 0
        self._label_column = label_column
        self._model, self._before_newest = "", 0
        """The model that answered last, and how many texts were done before it."""

    @property
    def done(self) -> int:
        return len(self.answers)

    @property
    def complete(self) -> bool:
        return self.done == len(self.texts)

    def next_part(self) -> protocol.Classify | None:
        """The next question; None when there is none left."""
        while not self.complete and self._empty(self.done):
            self._take(None)
        rows = [row for row in self._next_rows() if not self._empty(row)]
        if not rows:
            return None
        pairs = tuple(self.pairs[row] for row in rows) if self.pairs else ()
        return protocol.Classify(self.run, tuple(self.texts[row] for row in rows), pairs, self.preset)

    def add(self, told: protocol.Classified) -> None:
        """The answer to `next_part`."""
        self.class_names = told.class_names
        if self._model not in ("", told.model):
            self._before_newest = self.done
        self._model = told.model
        answers = iter(told.probabilities)
        for row in self._next_rows():
            self._take(None if self._empty(row) else next(answers))

    def predicted(self, row: int) -> str:
        """ "" without an answer."""
        answer = self.answers[row] if row < self.done else None
        return self.class_names[answer.index(max(answer))] if answer else ""

    def confidence(self, row: int) -> float:
        """-1 without an answer."""
        answer = self.answers[row] if row < self.done else None
        return max(answer) if answer else -1.0

    def words(self) -> str:
        """How many texts of each class, how many right, and what could not be told."""
        named = ", ".join(f"{many:,} {name}" for name, many in self._counts.most_common(MOST_NAMED))
        others = len(self._counts) - MOST_NAMED
        said = [named + (f", {others} other class{'es' * (others > 1)}" if others > 0 else "")] if named else []
        right = self.right
        if right.texts:
            low, high = (f"{100 * share:.1f}" for share in right.interval)
            column = f"; the column '{self._label_column}'" if self._label_column else ""
            said.append(
                f"{right.right:,} of {right.texts:,} labels right: {percent(right.value)} "
                f"(95 % interval {low} to {high} %{column})"
            )
        if self._strange:
            shown = ", ".join(sorted(self._strange)[:3]) + (" …" if len(self._strange) > 3 else "")
            said.append(f"labels that are none of its classes, not compared: {shown}")
        if self._before_newest:
            said.append(
                f"a newer model was kept meanwhile: the first {self._before_newest:,} were answered by others before it"
            )
        if self._unanswered:
            said.append(f"{self._unanswered:,} without a letter, not answered")
        return "; ".join(said)

    def head(self) -> list[str]:
        """Of a table: as in `predictions-<split>.csv` of a run, with the texts beside their rows, counted from 0, and
        the file's other columns at the end; one that has a name of these is called `NAME (file)`."""
        head = ["row", "text", *(["second_text"] if self.pairs else []), *(["label"] if self.labels else [])]
        head += ["predicted", *(f"p({name})" for name in self.class_names)]
        for name in self._others:
            while name in head:
                name += " (file)"
            head.append(name)
        return head

    def rows(self, first: int = 0) -> Iterator[list[Any]]:
        """The answered texts from `first` on, under `head`."""
        return map(self._values, range(first, self.done))

    def as_objects(self, first: int = 0) -> Iterator[dict[str, Any]]:
        """For JSON, by the names of the columns: the answered texts from `first` on."""
        head = self.head()
        for values in self.rows(first):
            yield dict(zip(head, values, strict=True))

    # ------------------------------------------------------------------------------------------- pieces

    def _values(self, row: int) -> list[Any]:
        given = [column[row] for column in (self.texts, self.pairs, self.labels) if column]
        answer = self.answers[row]
        shown = [None] * len(self.class_names) if answer is None else [float(f"{value:.9g}") for value in answer]
        return [row, *given, self.predicted(row), *shown, *(column[row] for column in self._others.values())]

    def _next_rows(self) -> range:
        return range(self.done, min(self.done + AT_A_TIME, len(self.texts)))

    def _empty(self, row: int) -> bool:
        return not self.texts[row].strip() and not (self.pairs and self.pairs[row].strip())

    def _take(self, answer: tuple[float, ...] | None) -> None:
        row = self.done
        self.answers.append(answer)
        if answer is None:
            self._unanswered += 1
            return
        predicted = self.predicted(row)
        self._counts[predicted] += 1
        label = self.labels[row] if self.labels else ""
        if label in self.class_names:
            self.right = Share(self.right.texts + 1, self.right.right + (label == predicted))
        elif label:
            self._strange.add(label)
