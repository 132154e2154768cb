"""Serve the sandbox until told to stop, on loopback unless told otherwise."""

from __future__ import annotations

from argparse import ArgumentParser

from sandbox.app import HOST, create_app, server_of
from sandbox.limits import GENEROUS


def main() -> None:
    """Read the arguments and serve."""
    parser = ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="port to listen on")
    parser.add_argument(
        "--host", default=HOST, help=f"address to listen on ({HOST}); in a container, 0.0.0.0"
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other data")
    arguments = parser.parse_args()
    app = create_app(arguments.seed, allowances=GENEROUS)
    server_of(app, arguments.port, arguments.host).run()


if __name__ == "__main__":
    main()
