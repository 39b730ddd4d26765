"""Machine-coded feeds, read into the event table without a mapping (docs/feeds.md).

Entry point: `read_feed`. Each feed is one module that declares a `forecast.feeds.feed.Feed`, and
one name in the registry.
"""

from forecast.feeds.counting import count_feed
from forecast.feeds.detect import FEEDS, detect_feed
from forecast.feeds.feed import FeedSettings, parse_settings
from forecast.feeds.reading import read_feed

__all__ = ["FEEDS", "FeedSettings", "count_feed", "detect_feed", "parse_settings", "read_feed"]
