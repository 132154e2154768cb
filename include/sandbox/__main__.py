"""Serve the sandbox on loopback until told to stop."""

from __future__ import annotations

from argparse import ArgumentParser

from include.sandbox.app import create_app
from include.sandbox.serving import server_of


def main() -> None:
    """Read the arguments and serve."""
    parser = ArgumentParser(prog="python -m include.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other data")
    arguments = parser.parse_args()
    server_of(create_app(arguments.seed), arguments.port).run()


if __name__ == "__main__":
    main()
