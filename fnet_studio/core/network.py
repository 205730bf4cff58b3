"""What stands between here and a server because user or network want it: proxies and certificates, in words."""

import os
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

_PROXIES = ("all_proxy", "http_proxy", "https_proxy")


class Obstacle(NamedTuple):
    reason: str
    """Ends a sentence such as `… could not be downloaded: `."""
    advice: str


def obstacle(error: BaseException) -> Obstacle | None:
    """Of a failed request, whatever library made it; None where it is neither a proxy nor a certificate."""
    found = list(_chain(error))
    words = " ".join(map(str, found))
    if "CERTIFICATE_VERIFY_FAILED" in words:
        return Obstacle(
            "the certificate of what answered is not trusted",
            "If your network checks encrypted connections, name the file with its certificate in SSL_CERT_FILE (for "
            "Kaggle in REQUESTS_CA_BUNDLE too), then try again.",
        )
    if re.search("Tunnel connection failed: 407|407 Proxy|HTTP Error 407", words):
        return proxy_login()
    odd = any(isinstance(it, ValueError | ImportError) or type(it).__name__ == "InvalidURL" for it in found)
    if (odd or "unknown url type" in words) and (names := [name for name in _set_proxies() if not _usable(name)]):
        return Obstacle(
            f"the proxy in {' and '.join(names)} cannot be used",
            "Write it like http://host:port (a SOCKS proxy cannot be used), or unset it, then try again.",
        )
    return None


def proxy_login() -> Obstacle:
    where = " and ".join(_set_proxies()) or "https_proxy"
    return Obstacle(
        "the proxy of this network wants a name and a password",
        f"Write them into {where}, as in http://name:password@host:port, then try again.",
    )


def is_address(text: str) -> bool:
    """Of the web, as far as it can be said without asking for it."""
    try:
        parts = urlsplit(text)
        (parts.hostname or "").encode("idna")
        printable = all("!" <= char <= "~" for char in parts.path + parts.query)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and printable
    except ValueError:  # also of names that cannot be encoded
        return False


def _set_proxies() -> list[str]:
    return [name for name in sorted(os.environ) if name.lower() in _PROXIES and os.environ[name].strip()]


def _usable(variable: str) -> bool:
    value = os.environ[variable].strip()
    return is_address(value if "://" in value else f"http://{value}")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(reason := getattr(error, "reason", None), BaseException):
            yield reason
        error = error.__cause__ or error.__context__
