"""Runs first in both frozen programs: gives back the environment that the program was started with.

The boot loader points LD_LIBRARY_PATH at the bundled libraries and keeps the user's in LD_LIBRARY_PATH_ORIG. This
process has been linked by then, and its other half sets the path for itself; but a file manager, git or ssh that is
started from here would load our libraries in place of its own.
"""

import os

for _name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
    _before = os.environ.pop(f"{_name}_ORIG", None)
    if _before is not None:
        os.environ[_name] = _before
    else:
        os.environ.pop(_name, None)
