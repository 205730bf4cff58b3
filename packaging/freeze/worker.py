"""The frozen worker."""

import sys

from fnet_studio.worker.main import main

sys.exit(main())
