import pytest
from PySide6.QtTest import QTest

from fnet_studio.link.command import local
from fnet_studio.ui.supervisor import Supervisor


@pytest.fixture
def supervisor(qapp):
    """With the scripted engine at work."""
    it = Supervisor(local("scripted"), qapp)
    it.start()
    yield it
    it.shutdown()
    QTest.qWait(20)
