"""The journal: whole lines, from many writers, in files of bounded size and age."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

from include.language import _, speaking
from include.running.journal import Journal, lines_in_other_words, translations_of
from include.units.exit_codes import describe

ZONE = ZoneInfo("Asia/Shanghai")
WRITER = """
import sys
from pathlib import Path
from datetime import timezone
from include.running.journal import Journal
journal = Journal(Path(sys.argv[1]), timezone.utc, max_bytes=20_000, files_kept=200)
for number in range(300):
    journal.write("erp_store 2025-10-02", f"writer {sys.argv[2]} event {number}", ["店铺" * 20])
"""


def test_an_event_is_one_line_and_its_details_are_indented(tmp_path: Path) -> None:
    """The line says when, on the job's clock with its offset, what about and what."""
    journal = Journal(tmp_path / "logs" / "scheduler.log", ZONE)
    journal.write("erp_store 2025-10-02", "failed:\nexit code 1", ["Traceback", "  店铺"])
    first, *rest = journal.path.read_text(encoding="utf-8").splitlines()
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+08:00"
    assert re.fullmatch(when + " erp_store 2025-10-02 failed: exit code 1", first)
    assert rest == ["    Traceback", "      店铺"]


def test_many_writers_lose_and_mix_nothing(tmp_path: Path) -> None:
    """Six processes that write and set files aside at once: every event is there once, whole."""
    log = tmp_path / "scheduler.log"
    command = [sys.executable, "-c", WRITER, str(log)]
    writers = [
        subprocess.Popen([*command, str(number)], cwd=Path(__file__).parents[2])
        for number in range(6)
    ]
    assert [writer.wait() for writer in writers] == [0] * 6
    files = list(tmp_path.iterdir())
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    events = Counter(line.partition("2025-10-02 ")[2] for line in lines if line[0] != " ")
    expected = {f"writer {number} event {event}" for number in range(6) for event in range(300)}
    assert events == Counter(expected)
    assert lines.count("    " + "店铺" * 20) == 1800
    assert len(files) > 10
    assert max(file.stat().st_size for file in files) <= 20_000


def test_old_and_surplus_files_go(tmp_path: Path) -> None:
    """Files set aside are removed when there are too many, or after thirty days."""
    journal = Journal(tmp_path / "scheduler.log", ZONE, max_bytes=100, files_kept=3)
    for number in range(8):
        journal.write("job", f"{number:060}")
    assert len(list(tmp_path.iterdir())) == 4
    long_ago = time.time() - 31 * 24 * 3600
    os.utime(tmp_path / "scheduler.log.2", (long_ago, long_ago))
    journal.write("job", "9" * 60)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["scheduler.log", "scheduler.log.1", "scheduler.log.2"]


def test_each_reader_sees_the_lines_in_their_own_language(tmp_path: Path) -> None:
    """What the service wrote in Chinese is read in English, and as it is where it is no message."""
    journal = Journal(tmp_path / "scheduler.log", ZONE)
    with speaking("zh"):
        journal.write("job 2025-10-02", _("{first}; {then}", first=describe(75), then="a\nb"))
        journal.write("job 2025-10-02", "as it came", [describe(99), "  as it came"])
    written = journal.path.read_text("utf-8").splitlines()
    assert [line.partition("2025-10-02 ")[2] or line for line in written] == [
        "退出码 75（暂时失败）；a b",
        "as it came",
        "    退出码 99（无事可做）",
        "      as it came",
    ]
    with translations_of(journal.path).open("a") as file:
        file.write('["cut o')
    known = lines_in_other_words(translations_of(journal.path).read_text("utf-8").splitlines())
    assert [known[line].partition("2025-10-02 ")[2] for line in written[:1]] == [
        "exit code 75 (a temporary failure); a b"
    ]
    assert known[written[2]] == "    exit code 99 (nothing to do)"
    assert known.keys() == {written[0], written[2]}
    Journal(journal.path, ZONE, max_bytes=1).write("job 2025-10-02", describe(0))
    names = sorted(path.name for path in tmp_path.iterdir())
    files = ("scheduler.i18n.jsonl", "scheduler.i18n.jsonl.1", "scheduler.log", "scheduler.log.1")
    assert names == [*files]
