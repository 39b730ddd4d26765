"""The feeds there are, by name; to add one, write a module with its `Feed` and name it here."""

from forecast.errors import SpecError
from forecast.feeds.feed import Feed
from forecast.feeds.gdelt import GDELT
from forecast.feeds.icews import ICEWS
from forecast.feeds.phoenix import PHOENIX
from forecast.feeds.polecat import POLECAT
from forecast.wording import join

FEEDS = {feed.name: feed for feed in (GDELT, ICEWS, POLECAT, PHOENIX)}


def find_feed(name: str) -> Feed:
    """Return a feed by its name, in any case."""
    feed = FEEDS.get(name.strip().lower())
    if feed is None:
        raise SpecError(f"feed: there is no feed {name!r:.60}. Use one of {join(FEEDS, 'or')}.")
    return feed
