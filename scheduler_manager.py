#!/usr/bin/env python3
# -*- coding: utf-8 -*-  # noqa: UP009 -- for Python 2 to read
"""The one command of the store-data scheduler; `--help` lists what it does.

This file is the doorstep: it must be readable by any Python, so that an old one, or Windows, is
told what to do instead of being shown a syntax error. The commands live in `manager/`.
"""

import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 -- Python 2 has no pathlib

# Before anything can be imported: the locale alone says which language it is.
LOCALE = [os.environ.get(name) for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")]
CHINESE = ([one for one in LOCALE if one] or [""])[0].lower().startswith("zh")

if sys.version_info < (3, 10):  # noqa: UP036 -- this is where an older Python is turned away
    TEXT = (
        "this is Python {}.{}, and Python 3.10 to 3.13 is needed: install one (`sudo apt install "
        "python3.11 python3.11-venv`, `brew install python@3.12`), then run `python3.12 {}`"
    )
    if CHINESE:
        TEXT = (
            "当前是 Python {}.{}，需要 Python 3.10 到 3.13：请先安装（`sudo apt install "
            "python3.11 python3.11-venv`、`brew install python@3.12`），再运行 `python3.12 {}`"
        )
    sys.exit(TEXT.format(sys.version_info[0], sys.version_info[1], " ".join(sys.argv)))
if os.name == "nt":
    TEXT = (
        "Airflow does not run on Windows itself: use WSL2 (`wsl --install`, then run the same "
        "command in its Ubuntu shell) or docker-compose (docs/scaling-out.md)"
    )
    if CHINESE:
        TEXT = (
            "Airflow 不能直接在 Windows 上运行：请使用 WSL2（先 `wsl --install`，再在其 Ubuntu "
            "终端中运行同一命令）或 docker-compose（docs/scaling-out.zh-CN.md）"
        )
    sys.exit(TEXT)


def _leave(*_):  # type: ignore[no-untyped-def]  # noqa: ANN002, ANN202 -- for Python 2 to read
    """End before there is anything to end, in a line."""
    text = "已中断，尚未做任何事" if CHINESE else "interrupted before anything was done"
    os.write(2, (text + "\n").encode())
    os._exit(130)


if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    # Who has handed over to this Python kept it from being interrupted while it started.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])

sys.path.insert(0, HERE)  # `python -I` leaves the script's own folder out

from manager.cli import main  # noqa: E402 -- only after the checks above

if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
