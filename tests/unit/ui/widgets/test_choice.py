"""A box to choose from."""

from fnet_studio.ui.widgets.choice import Choice


def test_names_that_have_no_room_are_told_apart_by_their_ends(qtbot, themes):
    box = Choice()
    qtbot.addWidget(box)
    box.addItems([f"a_preset_with_a_very_long_name_{end}" for end in ("one", "two")])
    box.setFixedWidth(160)
    box.show()
    one = box.grab().toImage()
    box.setCurrentIndex(1)
    assert box.grab().toImage() != one
