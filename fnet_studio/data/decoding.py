"""Bytes to text, when the encoding is nearly always UTF-8 and a stray file must not lose the rest."""


class Utf8Decoder:
    """Decodes many files and remembers which were not UTF-8. Those are read as Windows-1252, the usual culprit."""

    def __init__(self) -> None:
        self.odd = 0
        self.first_odd = ""

    def decode(self, raw: bytes, name: str) -> str:
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.odd += 1
            self.first_odd = self.first_odd or name
            return raw.decode("cp1252", errors="replace")

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence when anything was odd, else none."""
        if not self.odd:
            return ()
        files = "1 file is" if self.odd == 1 else f"{self.odd} files are"
        return (f"{files} not UTF-8 and read as Windows-1252, the first being {self.first_odd}.",)
