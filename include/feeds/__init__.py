"""The feeds (config/feeds.yaml): where rows that no platform's API gives come from."""

from include.feeds.expressions import Expression, UnfitError
from include.feeds.loading import Feeds, load_feeds
from include.feeds.placeholders import Blanks, fill, fill_all
from include.feeds.schema import FEEDS_FILE, Feed, Paging
from include.feeds.tables import FeedTable

__all__ = [
    "FEEDS_FILE",
    "Blanks",
    "Expression",
    "Feed",
    "FeedTable",
    "Feeds",
    "Paging",
    "UnfitError",
    "fill",
    "fill_all",
    "load_feeds",
]
