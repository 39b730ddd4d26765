"""Download of machine-coded feeds from their publishers (docs/fetching.md).

Entry point: `fetch_feed`. It computes the expected files and compares file lists and downloads with
them.
"""

from forecast.data.fetch.manifest import FetchSettings, Manifest, read_manifest
from forecast.data.fetch.run import fetch_feed, list_editions

__all__ = ["FetchSettings", "Manifest", "fetch_feed", "list_editions", "read_manifest"]
