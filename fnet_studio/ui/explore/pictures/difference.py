"""What a picture asks of the worker, and what it shows, where it is compared with something."""

from fnet_studio.core import measurements, protocol
from fnet_studio.ui.explore.pictures.answers import Answers
from fnet_studio.ui.explore.pictures.comparing import Comparing
from fnet_studio.ui.explore.pictures.kinds import Kind, kept_plane
from fnet_studio.ui.explore.pictures.plane import Plane
from fnet_studio.ui.explore.pictures.scene import Options, Scene

MAPS_ALONE = "Of this step the run kept its mixing maps alone. Choose a step with its model, or that picture."
OTHER_TOKENS = "The other model cuts the sentence into other tokens: there is no difference to draw."


def own_questions(kind: Kind, scene: Scene, options: Options) -> list[protocol.Measure]:
    """Of one side."""
    return [scene.asks(question) for question in kind.questions(scene, options)]


def questions(kind: Kind, scene: Scene, options: Options, comparing: Comparing) -> list[protocol.Measure]:
    """Of both."""
    other = comparing.other(scene)
    sides = [scene] if other is None else [scene, other]
    asked = [question for side in sides for question in own_questions(kind, side, options)]
    return asked + binned(kind, scene, comparing)


def binned(kind: Kind, scene: Scene, comparing: Comparing) -> list[protocol.Measure]:
    """The maps in the bins of those that a run kept, where they are compared."""
    kept = comparing.kept
    if kept is None or "strip" not in kind.controls:
        return []
    rows, columns = kept.values.shape[1:]
    return [scene.asks(measurements.MixingMaps(rows, columns, keep_zero=False, pads=True))]


def compared(
    kind: Kind, scene: Scene, options: Options, comparing: Comparing, answers: Answers
) -> tuple[list[Plane], str]:
    """What is to be shown, less what it is compared with; words when that cannot be. Nothing and no words: wait."""
    if comparing.problem:
        return [], comparing.problem
    if comparing.kept is not None:
        return _less_kept(kind, scene, options, comparing, answers)
    planes, other = _planes(kind, scene, options, answers), comparing.other(scene)
    if other is None:
        return planes, ""
    try:
        others = _planes(kind, other, options, answers)
    except ValueError:  # its answers are not of this sentence's tokens
        return [], OTHER_TOKENS
    return _less(planes, others, answers.busy)


def _planes(kind: Kind, scene: Scene, options: Options, answers: Answers) -> list[Plane]:
    return kind.planes(scene, options, [answers.get(it) for it in own_questions(kind, scene, options)])


def _less(planes: list[Plane], others: list[Plane], busy: bool) -> tuple[list[Plane], str]:
    """Of what both sides have."""
    found = []
    for plane, other in zip(planes, others):
        if plane.rows.short == "word":  # each side has its own best words
            common = [name for name in plane.rows.names if name in other.rows.names]
            if not common:
                continue
            plane, other = plane.of_rows(common), other.of_rows(common)
        try:
            found.append(plane.less(other))
        except ValueError as error:
            return [], f"{error} Compare sentences of as many tokens, or presets of one shape."
    waiting = busy or not planes or not others
    return found, "" if found or waiting else "The two have no words in common to compare."


def _less_kept(
    kind: Kind, scene: Scene, options: Options, comparing: Comparing, answers: Answers
) -> tuple[list[Plane], str]:
    kept, asked = comparing.kept, binned(kind, scene, comparing)
    if kept is None or not asked:
        return [], MAPS_ALONE
    found = answers.get(asked[0])
    if found is None:
        return [], ""
    try:
        now = kept_plane(scene, options, found.arrays["maps"], kind.title)
        return [now.less(kept_plane(scene, options, kept.values, kind.title))], ""
    except ValueError as error:
        return [], f"{error} Choose a run of the model that is looked at."
