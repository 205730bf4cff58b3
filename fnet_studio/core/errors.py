"""Errors that are meant for the person at the desk: what happened, and what to do about it."""


class UserError(Exception):
    """A failure with words for the user. Raise it where the cause is known; every border keeps both texts.

    kind: a stable, dotted name that tests and the window key on, such as `preset.missing-weights`.
    message: what happened, naming the file, tensor, field or line.
    advice: what to do next, an imperative sentence.
    """

    def __init__(self, kind: str, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class Stopped(Exception):
    """A job ended because its stop token was set; not a failure.

    kept: the model so far was saved, in the run of that name. paused: that run waits to be resumed.
    """

    def __init__(self, kept: bool = False, run: str = "", paused: bool = False) -> None:
        super().__init__("paused" if paused else "stopped")
        self.kept = kept
        self.run = run
        self.paused = paused
