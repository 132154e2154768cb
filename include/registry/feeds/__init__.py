"""The feeds (config/feeds.yaml): where rows that no platform's API gives come from."""

from include.registry.feeds.expressions import Expression, UnfitError
from include.registry.feeds.loading import Feeds, load_feeds
from include.registry.feeds.placeholders import Blanks, fill, fill_all
from include.registry.feeds.schema import Feed, Paging
from include.registry.feeds.tables import FeedTable
from include.registry.paths import FEEDS_FILE

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
