"""The ways a training fails that have a name of their own, in words; the same for both engines."""

import contextlib
from collections.abc import Iterator

from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe
from fnet_studio.core.recipe_scope import DATA_PLACES
from fnet_studio.core.remedies import LENGTH_CHANGES_THE_MODEL, changed, half_at_a_time
from fnet_studio.core.run_store import RunRecord

_LOST = ("CUDA_ERROR_", "DEVICE_LOST", "device is lost", "GPU is lost", "hipError", "fallen off the bus", "DATA_LOSS")


def not_finite(what: str, step: int, saved_step: int) -> UserError:
    return UserError(
        "train.not-finite",
        f"The {what} is no longer a number at step {step}.",
        f"{_go_on(saved_step)} with a smaller learning rate, or with clipped gradients.",
    )


def with_less_memory(recipe: Recipe) -> Recipe | None:
    """Half the texts at a time and twice the accumulation, so that a step stays what it was; None when a batch cannot
    be cut further."""
    half = half_at_a_time(recipe)
    return changed(recipe, half) if half else None


def out_of_memory(recipe: Recipe, saved_step: int) -> UserError:
    smaller = with_less_memory(recipe)
    advice = "Close other programs that use the device, or choose a smaller batch."
    if smaller is not None:
        parts = smaller.training.accumulation
        advice = (
            f"{_go_on(saved_step)} with training.accumulation={parts}: the same steps, less memory at a time. A "
            f"shorter length needs less too. {LENGTH_CHANGES_THE_MODEL}"
        )
    size = recipe.training.batch_size // recipe.training.accumulation
    return UserError("device.out-of-memory", f"The device has not enough memory for {size} texts at a time.", advice)


def lost(error: BaseException) -> bool:
    """Whether an accelerator stopped answering: the runtime has no exception type of its own for this."""
    text = str(error)
    return "OUT_OF_MEMORY" not in text and any(part in text for part in _LOST)


def device_lost(error: BaseException, saved_step: int) -> UserError:
    first = str(error).split("\n")[0][:200]
    return UserError(
        "device.lost",
        f"The device does not answer any more: {first}",
        f"{_go_on(saved_step)} in a new worker. If it happens again, look at the device's driver, heat and cables.",
    )


def as_recorded(error: BaseException) -> dict[str, str]:
    """For a run's record."""
    if isinstance(error, UserError):
        return {"kind": error.kind, "message": error.message, "advice": error.advice}
    return {"kind": "crash", "message": f"{type(error).__name__}: {error}", "advice": ""}


def _go_on(saved_step: int) -> str:
    return f"Go on from step {saved_step}" if saved_step else "Begin again"


def still_saved(error: UserError, record: RunRecord) -> UserError:
    """A run that could not go on: what it has is safe."""
    if error.kind == "run.missing" and record.parent:
        return UserError(
            error.kind,
            f"The run {record.id} started from the run {record.parent}, which is not here.",
            "Bring that run back (from the trash or an export), then resume this one.",
        )
    where = f"at step {record.saved_step}" if record.saved_step else "not begun"
    advice = f"{error.advice}{_new_place(error, record)} The run itself is safe, {where}: resume it then."
    return UserError(error.kind, error.message, advice.strip())


@contextlib.contextmanager
def naming_new_place(record: RunRecord) -> Iterator[None]:
    """Around reading the data of a stored run: where it is not there, the error says how to tell its new place."""
    try:
        yield
    except UserError as error:
        key = _missing(error, record)
        if not key:
            raise
        advice = f"Choose where it is now; on the command line: fnet-studio runs relocate {record.id} {key}=PLACE"
        raise UserError(error.kind, error.message, advice) from error


def _new_place(error: UserError, record: RunRecord) -> str:
    """How to say where the data lies now, for the file that is missing."""
    key = _missing(error, record)
    return f" Where it was moved, name its new place (on the command line: --set {key}=FILE)." if key else ""


def _missing(error: UserError, record: RunRecord) -> str:
    """Which of `DATA_PLACES` is not where it was; '' for an error of another kind."""
    if error.kind not in ("data.missing", "data.gone"):
        return ""
    data = record.recipe.get("data", {})
    paths = {key: str(data.get(key.removeprefix("data.")) or "") for key in DATA_PLACES}
    named = [key for key, path in paths.items() if path and path in error.message]
    return max(named, key=lambda key: len(paths[key]), default=DATA_PLACES[0])
