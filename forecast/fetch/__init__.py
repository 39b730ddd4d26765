"""Download of machine-coded feeds from their publishers (docs/fetching.md).

Start at `fetch_feed`. What there should be is computed; what lists say and what came is compared with that.
"""

from forecast.fetch.manifest import Manifest, read_manifest
from forecast.fetch.run import fetch_feed, list_editions
from forecast.fetch.settings import FetchSettings

__all__ = ["FetchSettings", "Manifest", "fetch_feed", "list_editions", "read_manifest"]
