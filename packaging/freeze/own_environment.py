"""Runs first in both frozen programs, on Linux and macOS: the environment as the user has it.

The boot loader points LD_LIBRARY_PATH at the bundled libraries and keeps the user's in LD_LIBRARY_PATH_ORIG. This
process has been linked by then, and its other half sets the path for itself; but a file manager, git or ssh that is
started from here would load our libraries in place of its own.

The bundled OpenSSL looks for the system's certificates where the build machine has them; other systems have them
elsewhere.
"""

import os

CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS
)

for _name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
    _before = os.environ.pop(f"{_name}_ORIG", None)
    if _before is not None:
        os.environ[_name] = _before
    else:
        os.environ.pop(_name, None)

if not os.path.exists("/usr/lib/ssl/cert.pem") and "SSL_CERT_DIR" not in os.environ:
    for _place in CERTIFICATES:
        if os.path.exists(_place):
            os.environ.setdefault("SSL_CERT_FILE", _place)
            break
