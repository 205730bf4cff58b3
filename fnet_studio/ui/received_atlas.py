"""The worker's maps as the widgets want them. Imports the drawing library: import it when a picture has come."""

from fnet_studio.core import protocol
from fnet_studio.ui.widgets.atlas import Atlas


def received_atlas(maps: protocol.Maps, blob: bytes) -> Atlas:
    """ValueError when the blob is not as large as the maps say."""
    return Atlas.from_bytes(
        blob,
        maps.layers,
        maps.rows,
        maps.columns,
        low=maps.low,
        high=maps.high,
        kind=maps.kind,
        row_span=maps.row_span,
        column_span=maps.column_span,
        keep_zero=maps.keep_zero,
    )
