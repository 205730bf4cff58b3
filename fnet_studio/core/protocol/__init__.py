"""What the window (or the command line) and the worker say to each other: the messages and their bytes."""

from fnet_studio.core.protocol.commands import *
from fnet_studio.core.protocol.data_results import *
from fnet_studio.core.protocol.events import *
from fnet_studio.core.protocol.frames import *
from fnet_studio.core.protocol.replies import *
from fnet_studio.core.protocol.results import *
