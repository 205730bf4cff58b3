"""The frozen worker."""

import multiprocessing
import sys

from fnet_studio.worker.main import main

multiprocessing.freeze_support()  # this program is also what its own processes start (core/all_cores.py)
sys.exit(main())
