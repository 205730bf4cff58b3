"""The guided tour, page by page."""
