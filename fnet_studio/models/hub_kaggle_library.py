"""What Kaggle says of a variation of a model, asked through its own library, which knows its addresses and its login.
Nothing here writes to the disk."""

from collections.abc import Callable
from typing import Any, NamedTuple

import requests
from kagglehub.clients import build_kaggle_client
from kagglehub.handle import ModelHandle
from kagglehub.integrity import get_md5_checksum_from_response
from kagglesdk.models.types import model_api_service as api

from fnet_studio.core.archives import stays_inside
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.models import hub
from fnet_studio.models.hub_transfer import Answer, Broken, NotTheFile, asked
from fnet_studio.models.progress import StopCheck


class File(NamedTuple):
    name: str
    url: str
    """Where it lies for a while, open to whoever knows the address."""
    size: int | None
    """None when Kaggle does not say."""
    md5: str
    """In base64; empty when Kaggle does not say."""
    content: bytes | None = None
    """All of it, when it is empty or is packed on its way, as a small text is."""


class Library:
    """Its methods raise Stopped, Broken, NotTheFile, UserError and what `requests` does."""

    def __init__(self, handle: str, parts: tuple[str, ...], stopped: StopCheck | None) -> None:
        self._handle, self._stopped = handle, stopped
        self._of = dict(zip(("owner_slug", "model_slug", "framework", "instance_slug"), parts, strict=True))
        try:
            self._of["framework"] = ModelHandle(*parts, version=None).framework_enum()
        except ValueError as error:
            raise UserError(
                "hub.not-found",
                f"There is no {handle}: Kaggle knows no framework {parts[2]!r}.",
                "Check its name; that of a Keras model is keras.",
            ) from error

    def version(self) -> int:
        """The newest."""
        request = self._request(api.ApiGetModelInstanceRequest)
        version = self._ask(lambda models: models.get_model_instance(request).version_number)
        if not isinstance(version, int) or version < 1:
            raise hub.login_page(self._handle)
        return version

    def names(self, version: int) -> list[str]:
        request = self._request(api.ApiListModelInstanceVersionFilesRequest, version_number=version)
        names: list[str] = []
        while True:
            page = self._ask(lambda models: models.list_model_instance_version_files(request))
            names += [file.name for file in page.files]
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        if not names or not all(map(stays_inside, names)):
            raise hub.login_page(self._handle)
        return names

    def file(self, version: int, name: str) -> File:
        request = self._request(api.ApiDownloadModelInstanceVersionRequest, version_number=version, path=name)

        def read(models: Any) -> File:
            with models.download_model_instance_version(request) as answer:
                if answer.headers.get("Content-Type", "").startswith("text/html"):
                    raise NotTheFile
                if "Content-Encoding" in answer.headers:  # the checksum may be that of the packed bytes
                    return File(name, answer.url, len(answer.content), "", answer.content)
                md5 = get_md5_checksum_from_response(answer) or ""
                length = answer.headers.get("Content-Length", "")
                size = int(length) if length.isdecimal() else None
                return File(name, answer.url, size, md5, b"" if size == 0 else None)

        return self._ask(read)

    def _request(self, kind: type, **more: Any) -> Any:
        request = kind()
        for field, value in (self._of | more).items():
            setattr(request, field, value)
        return request

    def _ask(self, question: Callable[[Any], Answer]) -> Answer:
        def ask() -> Answer:
            with build_kaggle_client() as client:
                return question(client.models.model_api_client)

        try:
            return asked(ask, self._stopped)
        except (requests.RequestException, NotTheFile, Broken, Stopped):
            raise
        except Exception as error:  # of the libraries below it, which have no common class
            known = hub.not_understood(self._handle, error, "KAGGLE_API_TOKEN")
            if known is None:
                raise
            raise known from error
