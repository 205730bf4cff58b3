"""Pictures in files."""

import csv
import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QBuffer, QRectF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator, QSvgRenderer

from fnet_studio.core.errors import UserError
from fnet_studio.ui.explore.pictures import export
from fnet_studio.ui.explore.pictures.plane import Axis, Plane, frequencies
from fnet_studio.ui.widgets.atlas import look_up_table

TOKENS = Axis("token", "token", names=("[CLS]", "été", "[SEP]"), tokens=True)
CAPTION = "A caption, with a comma"


@pytest.fixture
def planes(qapp):
    values = np.array([[0.0, 0.5, 1.0], [1.0, 0.25, 0.125]], np.float32)
    first = Plane("Share", values, Axis("layer", "layer", names=("1", "2")), TOKENS, "share")
    axis = frequencies("k", "k", 6, 3, keep_zero=True)
    return [first, Plane("Signed", np.diag([-1.0, 0.0, 1.0]), axis, TOKENS, "M", signed=True, upwards=True)]


def middle_of_first_cell(image: QImage, scale: float) -> QColor:
    """Somewhere in the first plane's left upper cell, whose value is the least of all."""
    return image.pixelColor(round(150 * scale), round(100 * scale))


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_drawn_file_shows_the_values_in_their_colours(planes, tmp_path, ending):
    path = tmp_path / f"picture.{ending}"
    export.write(path, planes, "linear", CAPTION)
    if ending == "png":
        image, scale = QImage(str(path)), export.PNG_SCALE
    else:
        renderer = QSvgRenderer(str(path))
        image, scale = QImage(1400, 528, QImage.Format.Format_RGB32), 1400 / renderer.viewBoxF().width()
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
    wanted = QColor(*(int(channel) for channel in look_up_table()[0]))
    found = middle_of_first_cell(image, scale)
    assert max(abs(a - b) for a, b in zip(found.getRgb(), wanted.getRgb())) <= 3


def test_an_svg_is_drawn_of_shapes_and_words_not_of_one_image(planes, tmp_path):
    export.write(tmp_path / "a.svg", planes, "linear", CAPTION)
    text = (tmp_path / "a.svg").read_text()
    tags = [element.tag.rpartition("}")[2] for element in ElementTree.fromstring(text).iter()]
    assert "image" not in tags
    assert "été" in text
    assert CAPTION in text


def test_control_characters_of_a_sentence_do_not_break_an_svg(planes, tmp_path):
    names = Axis("token", "token", names=("bell\x07", "n\x00ul", "tab\there"), tokens=True)
    plane = Plane("A \x0btitle", planes[0].values, planes[0].rows, names, "share")
    export.write(tmp_path / "a.svg", [plane], "linear", "A caption\x1f\ufffe")
    words = [element.text for element in ElementTree.parse(tmp_path / "a.svg").iter() if element.text]
    for wanted in ("bell\ufffd", "n\ufffdul", "A \ufffdtitle", "A caption\ufffd\ufffd"):
        assert wanted in words


def test_a_page_is_as_high_as_its_caption_needs(planes, tmp_path):
    caption = " ".join(f"word{number}" for number in range(300))
    for name, words in (("short", CAPTION), ("long", caption)):
        export.write(tmp_path / f"{name}.svg", planes, "linear", words)
        export.write(tmp_path / f"{name}.png", planes, "linear", words)
    long = ElementTree.parse(tmp_path / "long.svg").getroot()
    height = float(long.get("viewBox").split()[3])
    lines = {float(it.get("y")): it.text for it in long.iter() if "word" in (it.text or "") and it.get("y")}
    assert " ".join(lines[y].strip() for y in sorted(lines)) == caption
    assert max(lines) < height
    higher = height - QSvgRenderer(str(tmp_path / "short.svg")).viewBoxF().height()
    images = [QImage(str(tmp_path / f"{name}.png")) for name in ("short", "long")]
    assert images[1].height() - images[0].height() == pytest.approx(export.PNG_SCALE * higher, abs=export.PNG_SCALE)


def test_a_pdf_has_one_page(planes, tmp_path):
    export.write(tmp_path / "a.pdf", planes, "linear", CAPTION)
    data = (tmp_path / "a.pdf").read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.count(b"/Type /Page\n") == 1


def test_a_table_holds_the_numbers_with_their_names(planes, tmp_path):
    export.write(tmp_path / "a.csv", planes, "linear", CAPTION)
    lines = list(csv.reader(io.StringIO((tmp_path / "a.csv").read_text(encoding="utf-8"))))
    assert lines[0] == [f"# Share: share. {CAPTION}"]
    assert lines[1] == ["layer \\ token", "[CLS]", "été", "[SEP]"]
    assert [float(cell) for cell in lines[3][1:]] == [1.0, 0.25, 0.125]
    assert [line[0] for line in lines[7:]] == ["-3..-2", "-1..0", "1..2"]


def test_arrays_come_back_bit_for_bit(planes, tmp_path):
    export.write(tmp_path / "a.npz", planes, "linear", CAPTION)
    with np.load(tmp_path / "a.npz") as file:
        np.testing.assert_array_equal(file["values_0"], planes[0].values)
        assert file["columns_1"].tolist() == ["[CLS]", "été", "[SEP]"]
        assert str(file["caption"]) == CAPTION


def test_another_ending_is_refused_by_name(planes, tmp_path):
    with pytest.raises(UserError, match=r"no way to write picture\.gif") as caught:
        export.write(tmp_path / "picture.gif", planes, "linear", CAPTION)
    assert ".svg" in caught.value.advice


def test_a_folder_that_is_none_is_named_and_nothing_is_left(planes, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="file") as caught:
        export.write(tmp_path / "file" / "a.png", planes, "linear", CAPTION)
    assert caught.value.kind == "disk.unwritable"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_label_that_finds_no_room_leaves_its_unit_out_and_is_not_cut(qapp):
    from fnet_studio.ui.explore.pictures.drawing import Frame, Look, paint, whole

    def drawn(height):
        """The label at a height of the picture, and how far from its upper edge that begins."""
        plane = Plane("Mixing", np.eye(64, 3, dtype=np.float32), rows, TOKENS, "M")
        drawn, look = QBuffer(), Look("#000000", "#444444", "#CCCCCC", "#0000FF", QFont(), vector=True)
        generator = QSvgGenerator()
        generator.setOutputDevice(drawn)
        painter = QPainter(generator)
        painter.setFont(look.small)
        frame = Frame(QRectF(0, 0, 300, height), plane, look, whole(plane), QFontMetricsF(look.small))
        paint(painter, frame)
        painter.end()
        elements = ElementTree.fromstring(bytes(drawn.data().data())).iter()
        [words] = [it.text.strip() for it in elements if it.text and it.text.strip().startswith("frequency")]
        return words, frame.picture.center().y() - frame.metrics.horizontalAdvance(words) / 2

    label = "frequency (cycles per window)"
    rows = frequencies(label, "frequency", 64, 64, keep_zero=True)
    found = [drawn(height) for height in range(120, 400, 8)]
    words = [it for it, _ in found]
    assert words == ["frequency"] * words.count("frequency") + [label] * words.count(label)
    assert set(words) == {"frequency", label}
    assert min(above for _, above in found) >= 0
