"""Whether a script can be told which period to bring, and which line decides that."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from include.registry import load_registry
from include.registry.dated_scripts import dating_of

if TYPE_CHECKING:
    from include.registry.dated_scripts import Dating
    from tests.registry.conftest import ProjectFolder

ENTRY = ("id: old", "name: x", 'cron: "0 8 * * *"')


def dating(project: ProjectFolder, script: str | bytes, *keys: str, name: str = "o.py") -> Dating:
    """Look at a script behind an entry with more keys."""
    project.write(f"include/scripts/{name}", script)
    project.write_entry(*ENTRY, f"script: {name}", *keys)
    registry = load_registry(project.root)
    assert not registry.problems
    return dating_of(registry.jobs["old"])


@pytest.mark.parametrize(
    "text",
    [
        "import os\nday = os.environ['PERIOD_KEY']",
        "import os\nday = os.getenv('FIRST_DAY')",
        "import os\nday = f\"{os.environ['PERIOD_START']}\"",
        "import os\nday = {k: v for k, v in os.environ.items() if k.startswith('PERIOD_')}",
        "import subprocess\nsubprocess.run('./pull --day $PERIOD_KEY', shell=True)",
        "import subprocess\nsubprocess.run('./pull --day ${LAST_DAY}', shell=True)",
        "import os\nday = '{PERIOD_KEY}'.format(**os.environ)",
        "import sys\nfrom include.pulling import pull",
        "import sys\nfrom include import pulling",
        "import sys\nimport include.pulling.shops as shops",
        "import os\nprint os.environ['PERIOD_KEY']",  # of another Python
        "# -*- coding: gbk -*-\nday = os.environ['PERIOD_KEY']  # \xd6\xd0",
    ],
)
def test_a_script_that_names_the_period_takes_it(project: ProjectFolder, text: str) -> None:
    """By a variable that the runner sets, or by pulling with us; the line is told."""
    found = dating(project, text.encode("latin-1"))
    assert found.dated
    assert found.because.startswith("include/scripts/o.py:2 names ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "from datetime import date, timedelta\nday = date.today() - timedelta(days=1)",
        '"""Does not read PERIOD_KEY, unlike the others."""',
        "# PERIOD_KEY would be better\nprint(1)  # PERIOD_END too",
        "import os\nos.environ['PERIOD_KEY'] = '2025-10-02'",
        "day = open('last_day.txt').read()",
        "import dates\nday = dates.YESTERDAY",
        "PERIOD_DAYS = 7\nREPORT_PERIOD_KEY = 'week'",
        "from include.warehouse import connect",
        "print 'yesterday'",
        "\x00",
    ],
)
def test_a_script_that_does_not_can_bring_the_last_period_only(
    project: ProjectFolder, text: str
) -> None:
    """Also one that takes its day from a file or module of its own, unless the entry says more."""
    found = dating(project, text)
    assert not found.dated
    assert found.because.startswith(
        "neither include/scripts/o.py nor args of config/tasks/t.yaml:2 name the period"
    )


@pytest.mark.parametrize(
    ("text", "dated"),
    [
        ('#!/bin/sh\ncurl "$URL?day=$PERIOD_KEY"', True),
        ('#!/bin/sh\ncurl "$URL?day=${FIRST_DAY}"', True),
        ("#!/usr/bin/env node\nconst day = process.env.PERIOD_KEY", True),
        ('#!/usr/bin/env ruby\nday = ENV["LAST_DAY"]', True),
        ("#!/usr/bin/env python3\nimport os; os.environ['PERIOD_KEY']", True),
        ("#!/usr/bin/env python3\n'''PERIOD_KEY is not read'''", False),
        ("#!/bin/sh\n# takes no PERIOD_KEY\ncurl $URL # nor PERIOD_END", False),
        ('#!/bin/sh\nPERIOD_KEY=$(date -d yesterday +%F)\ncurl "$URL?day=$PERIOD_KEY"', False),
        ('#!/bin/sh\nPERIOD_KEY=${PERIOD_KEY:-$(date +%F)}\ncurl "$URL?day=$PERIOD_KEY"', True),
        ("#!/bin/sh\ncurl http://host/a#PERIOD_KEYS", False),
    ],
)
def test_other_languages_are_read_by_line(
    project: ProjectFolder, text: str, *, dated: bool
) -> None:
    """What is a comment, or set by the script itself, says nothing."""
    assert dating(project, text, name="o.sh").dated == dated


def test_the_line_that_asks_the_clock_is_told(project: ProjectFolder) -> None:
    """So that whoever is to change the script finds the place."""
    found = dating(project, "import datetime\n\nday = datetime.date.today()\n")
    assert found.because.endswith(", and line 3 of the script asks the clock")


@pytest.mark.parametrize(
    ("key", "because"),
    [
        ('args: [--day, "{first_day}"]', "args of config/tasks/t.yaml:2 names {first_day}"),
        ("dated: true", "config/tasks/t.yaml:2 says dated: true"),
    ],
)
def test_an_entry_can_name_the_period(project: ProjectFolder, key: str, because: str) -> None:
    """By a placeholder, or by saying so."""
    assert dating(project, "", key) == (True, because)


def test_an_entry_can_say_no(project: ProjectFolder) -> None:
    """Whatever its script names; braces that stay name nothing."""
    text = "import os\nos.environ['PERIOD_KEY']"
    assert not dating(project, text, "dated: false").dated
    assert not dating(project, "", 'args: ["{{key}}"]').dated


@pytest.mark.parametrize(
    "key", ['env: {MY: "PERIOD_KEY"}', 'env: {MY: "{key}"}', "args: [--from, PERIOD_KEY]"]
)
def test_a_word_that_nobody_fills_in_names_no_period(project: ProjectFolder, key: str) -> None:
    """A variable's name in `env` or `args` reaches the script as it stands."""
    assert not dating(project, "print('yesterday')", key).dated


def test_an_edited_script_is_looked_at_again(project: ProjectFolder) -> None:
    """Whoever adds the variable need restart nothing."""
    assert not dating(project, "print(1)").dated
    text = "import os\nos.environ['PERIOD_KEY']"
    assert dating(project, text).dated
    path = project.write("include/scripts/o.py", "x" * len(text))
    os.utime(path, ns=(1, 1))
    assert not dating_of(load_registry(project.root).jobs["old"]).dated


def test_the_delivered_jobs_can_be_told_their_period() -> None:
    """All twelve; the one without data of a period says so itself."""
    found = {job.id: dating_of(job) for job in load_registry().jobs.values()}
    assert all(one.dated for one in found.values())
    said = [job_id for job_id, one in found.items() if "says dated" in one.because]
    assert said == ["housekeeping"]
