#!/usr/bin/env python3
"""The one command of the store-data scheduler; `--help` lists what it does.

This file is the doorstep: it must be readable by any Python, so that an old one, or Windows, is
told what to do instead of being shown a syntax error. The commands live in `include/service`.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 -- Python 2 has no pathlib

if sys.version_info < (3, 10):  # noqa: UP036 -- this is where an older Python is turned away
    sys.exit(
        "this is Python {}.{}, and Python 3.10 to 3.13 is needed: install one (`sudo apt install "
        "python3.11 python3.11-venv`, `brew install python@3.12`), then run `python3.12 {}`".format(
            sys.version_info[0], sys.version_info[1], " ".join(sys.argv)
        )
    )
if os.name == "nt":
    sys.exit(
        "Airflow does not run on Windows itself: use WSL2 (`wsl --install`, then run the same "
        "command in its Ubuntu shell) or docker-compose (docs/scaling-out.md)"
    )

sys.path.insert(0, HERE)  # `python -I` leaves the script's own folder out

from include.service.cli import main  # noqa: E402 -- only after the checks above

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
