"""The tour of the Data page."""

from PySide6.QtCore import Qt

from fnet_studio.ui.hand import Hand


def see_data(hand: Hand) -> None:
    """The bundled reviews through every view, then a table of one's own: mapped, checked, removed and brought back."""
    window = hand.window
    hand.say("\nData")
    hand.go("data")
    page = window.page("data")
    hand.wait(lambda: page.overview._counted is not None, "the bundled reviews are read and their tokens counted", 60)
    hand.say(f"        {page.overview.cut.text()}")
    page.overview.row.number.setValue(32)
    hand.expect("are cut at 32" in page.overview.cut.text(), "the share that is cut follows the length")
    hand.snap("5-data-overview")
    hand.watch_loop(True)
    page.tabs.setCurrentWidget(page.texts)
    page.texts.search.regex.setChecked(True)
    hand.type(page.texts.search.line, "(never")
    hand.expect(page.texts.search.problem.isVisible(), "a pattern that is not complete says so while it is typed")
    hand.snap("5-data-pattern")
    hand.type(page.texts.search.line, "never|worst")
    hand.wait(lambda: 0 < page.texts.model.total < 240, "texts are found by a pattern")
    hand.say(f"        {page.texts.counted.text()}")
    hand.wait(lambda: page.texts.pack.isEnabled(), "the chosen one stands whole under the table")
    hand.snap("5-data-texts")
    hand.click(page.texts.pack)
    hand.wait(
        lambda: page.seen.packed is not None and page.seen.packed.cut_tokens > 0, "its tokens are shown, some cut off"
    )
    hand.snap("5-data-tokens")
    page.tabs.setCurrentWidget(page.twins)
    hand.wait(lambda: not page.twins._asking.busy, "texts that stand twice are looked for")
    hand.watch_loop(False)
    hand.say(f"        the event loop was held for {hand.longest_hold_s * 1000:.0f} ms at most")
    table = hand.folder / "5-data-own.csv"
    lines = [f"{row % 2};{'A joy' if row % 2 else 'Dull'} from start to end, number {row // 3}" for row in range(60)]
    table.write_text("\n".join(["stars;review", *lines]), encoding="utf-8")
    hand.click(page.add_button)
    hand.type(page.importing.path.edit, str(table))
    hand.wait(lambda: page.importing.preview is not None, "the worker has looked at the first rows of a table")
    hand.expect("semicolons" in page.importing.facts.text(), "it says how it reads them")
    hand.snap("5-data-import")
    hand.click(page.importing.add)
    hand.wait(lambda: page.opened is not None and page.title.text() == "5 data own", "it is checked and added", 60)
    page.tabs.setCurrentWidget(page.overview)
    hand.settle()
    hand.snap("5-data-added")
    page.list.setFocus()
    hand.key(Qt.Key.Key_Delete)
    hand.wait(lambda: page.notices.find("removed") is not None, "Delete takes it from the list")
    hand.expect(table.is_file(), "and leaves its file alone")
    hand.click(page.notices.find("removed").undo)  # type: ignore[union-attr]
    hand.wait(lambda: len(page.library.entries) == 2, "Undo brings it back")
    table.rename(table.with_name("5-data-moved.csv"))
    page.refresh()
    hand.wait(lambda: page.trouble.card is not None, "a file that is gone is said to be missing")
    hand.snap("5-data-missing")
