"""Machine-coded feeds, read into the event table without a mapping (docs/feeds.md).

Entry point: `read_feed`. Each feed is one module that declares a `forecast.data.feeds.feed.Feed`,
and one name in the registry.
"""

from forecast.data.feeds.counting import count_feed
from forecast.data.feeds.detect import FEEDS, detect_feed
from forecast.data.feeds.feed import FeedSettings, parse_settings
from forecast.data.feeds.reading import read_feed

__all__ = ["FEEDS", "FeedSettings", "count_feed", "detect_feed", "parse_settings", "read_feed"]
