"""Runs first in the frozen window: an empty stand-in for Qt's OpenGL classes, 9 MB.

pyqtgraph imports them whenever a chart is imported, but asks them for something only where charts are drawn with
OpenGL, which this program never switches on.
"""

import sys
import types

sys.modules["PySide6.QtOpenGL"] = types.ModuleType("PySide6.QtOpenGL")
