"""The tour of the Explore page."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from fnet_studio.ui.explore.pictures.kinds import KINDS
from fnet_studio.ui.hand import Hand

SENTENCE = "The capital of France is Paris."


class Explore:
    def __init__(self, hand: Hand) -> None:
        self._hand = hand

    def see(self) -> None:
        hand = self._hand
        hand.say("\nExplore: type a sentence, hide a word, look inside, put a prediction in")
        hand.go("explore")
        page = hand.window.page("explore")
        hand.wait(lambda: page.sentence.chips.chips(), "the first sentence is there as chips")
        hand.type(page.sentence.box, SENTENCE)
        hand.wait(lambda: self._words() == SENTENCE.rstrip(".").split(), f"the chips spell “{SENTENCE}”")
        hand.click(self._chip("Paris"))
        rows = self._rows
        hand.wait(lambda: len(rows()) >= 5, "hiding “Paris” brings predictions")
        best = [f"{row.prediction.text} {row.prediction.probability:.1%}" for row in rows()[:5]]
        hand.say(f"        {', '.join(best)}")
        hand.expect(all(0 <= row.prediction.probability <= 1 for row in rows()), "probabilities lie from 0 to 1")
        card = page.pictures
        hand.wait(lambda: card.planes and card.strip.isVisible(), "the mixing maps came")
        low, high = card.planes[0].levels()
        hand.say(f"        {card.planes[0].title}, log(1 + |M|) from {low:.2f} to {high:.2f}")
        hand.settle()
        hand.snap("1-explore")
        card.strip.setFocus()
        hand.key(Qt.Key.Key_Right)
        hand.wait(lambda: "layer 2" in card.planes[0].title, "the right arrow goes to the next layer")
        before = card.planes[0].values.shape
        hand.click(card.controls.zero)
        hand.wait(lambda: card.planes[0].values.shape != before, "the zero frequency can be shown")
        hand.snap("1-explore-zero-frequency")
        hand.click(card.controls.zero)
        self._pictures(card)
        candidate = rows()[0].prediction.text
        hand.click(rows()[0])
        hand.wait(lambda: candidate in page.sentence.box.toPlainText(), f"a click puts “{candidate}” into the sentence")
        hand.type(page.sentence.box, "She opened the [MASK] and looked out.")
        hand.wait(lambda: any(chip.word.masked for chip in page.sentence.chips.chips()), "a typed [MASK] is a mask too")
        hand.wait(lambda: len(rows()) >= 5, "and is answered")
        self._more(page)
        long = "It was a long day. " * 60
        page.sentence.box.replace_text(long)
        hand.wait(lambda: "cut" in self._said(page.sentence), "a text that is too long is said to be cut")
        hand.snap("1-explore-too-long")
        hand.type(page.sentence.box, SENTENCE)

    def _more(self, page: Any) -> None:
        hand = self._hand
        hand.click(page.sentence.surprise)
        hand.wait(lambda: "Pseudo-log-likelihood" in page.sentence.note.text(), "every word can show its surprise")
        hand.settle()
        hand.snap("1-explore-surprise")
        hand.click(page.sentence.surprise)
        hand.type(page.sentence.box, "New [MASK] is a city in the United [MASK].")
        hand.wait(lambda: page.predictions.mode.isVisible(), "two masks can be answered together")
        page.predictions.choose_mode("joint")
        page.predictions.mode_changed.emit()
        hand.wait(lambda: page.predictions.joint.isVisible(), "and are", 60)
        hand.settle()
        hand.snap("1-explore-joint")
        for index, name in ((1, "score"), (2, "compare"), (3, "tokens")):
            page.answers.tabs.setCurrentIndex(index)
            if name == "score":
                hand.type(page.answers.score.candidates, "York, Jersey, Mississippi")
                hand.wait(lambda: page.answers.score.scored is not None, "own candidates are scored")
            elif name == "compare":
                hand.type(page.answers.compare.other, "The [MASK] is a city in the United [MASK].")
                hand.wait(lambda: page.answers.compare.compared is not None, "a second sentence is compared")
            hand.settle()
            hand.snap(f"1-explore-{name}")
        page.answers.tabs.setCurrentIndex(0)
        page.predictions.choose_mode("independent")
        hand.type(page.sentence.box, "The {doctor|nurse|king} said that [MASK] was tired.")
        hand.wait(lambda: len(page.alternatives.rows) == 3, "alternatives stand beside each other")
        hand.settle()
        hand.snap("1-explore-alternatives")

    def _pictures(self, card: Any) -> None:
        """Each tab once, its text and its files."""
        hand = self._hand
        for index, kind in enumerate(KINDS):
            card.tabs.setCurrentIndex(index)
            hand.wait(lambda: card.planes and not card.answers.busy, f"the picture “{kind.title}” came", 120)
            hand.settle()
            hand.snap(f"1-picture-{kind.key}")
        hand.key(Qt.Key.Key_F1)
        hand.wait(card.text.isVisible, "F1 explains the picture")
        hand.snap("1-picture-explained")
        hand.key(Qt.Key.Key_F1)
        for ending in ("png", "svg", "pdf", "csv", "npz"):
            path = hand.folder / f"1-exported.{ending}"
            card.export.export_to(path)
            hand.expect(path.is_file() and path.stat().st_size > 500, f"the picture is written as {ending}")
        card.tabs.setCurrentIndex(0)

    def _chip(self, text: str) -> QWidget:
        chips = self._hand.window.page("explore").sentence.chips.chips()
        return next(chip for chip in chips if chip.word.text.strip() == text)

    def _words(self) -> list[str]:
        chips = self._hand.window.page("explore").sentence.chips.chips()
        return [chip.word.text.strip() for chip in chips if not chip.word.special and chip.word.text.strip() != "."]

    def _rows(self) -> list:
        from fnet_studio.ui.widgets.predictions import PredictionRow

        page = self._hand.window.page("explore")
        return [row for row in page.predictions.findChildren(PredictionRow) if row.isVisible()]

    def _said(self, card: QWidget) -> str:
        return " ".join(item.text() for item in card.findChildren(QLabel) if item.isVisible())
