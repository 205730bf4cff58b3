"""The frozen window, which is the command line too."""

import sys

from fnet_studio.__main__ import main

sys.exit(main())
