"""Prints every route that Airflow's api-server serves, as JSON: a program of its own.

The server's OpenAPI leaves out what the web UI asks, so the routes come from the app itself, made
in the service's environment, plugins and all.
"""

from __future__ import annotations

import gc
import json
from typing import TYPE_CHECKING, Any

from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "ROUTES "


def routes_of(app: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Return method and path of each route of a web app; what it mounts is gone through, too."""
    for route in app.routes:
        mounted = getattr(route, "app", None)
        if isinstance(mounted, StaticFiles):
            yield "GET", f"{prefix}{route.path}/{{file}}"
        elif hasattr(mounted, "routes"):
            yield from routes_of(mounted, prefix + route.path)
        else:
            for method in sorted(route.methods):
                yield method, prefix + route.path


def main() -> None:
    """Print them, behind a mark, since Airflow prints as well."""
    gc.disable()  # what is made stays, and looking through it again and again takes a fifth
    from airflow.api_fastapi.app import create_app  # noqa: PLC0415 -- seconds, and only here

    print(MARK + json.dumps(sorted(set(routes_of(create_app(apps="all"))))))  # noqa: T201 -- its purpose


if __name__ == "__main__":
    main()
