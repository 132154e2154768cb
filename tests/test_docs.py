"""The documents say what the code does."""

from __future__ import annotations

import argparse
import re
import shutil
from contextlib import suppress
from dataclasses import fields
from datetime import datetime, timedelta
from functools import cache
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
import yaml

from include.cron import DAYS, FIELDS, MONTHS, CronError, check_cron
from include.gateways.retry_policy import Patience
from include.language import speaking
from include.periods import PeriodError, check_fit
from include.platforms.feed.dialect import AUTHS
from include.registry import Job, Shop, load_registry
from include.registry.checks import check_project
from include.registry.checks_schema import Checks
from include.registry.contracts import Contract, load_contracts
from include.registry.contracts.schema import DAG_PREFIX
from include.registry.description import in_words, period_in_words
from include.registry.feeds import Feed, Paging, load_feeds
from include.registry.feeds.placeholders import FORMS
from include.registry.feeds.tables import TABLES
from include.units import exit_codes
from include.units.exit_codes import ExitCode
from manager import cli, jobs_page
from manager.commands import COMMANDS
from tests.documents import (
    CHINESE,
    CODE,
    FILLED_IN,
    PAGES,
    ROOT,
    anchors,
    commands,
    headings,
    in_english,
    links,
    named,
    quotes,
    rows_of_tables,
    settings_of_airflow,
    shows,
    spoken,
    table,
    translations,
    untranslated,
    variables_of_the_code,
)

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from pydantic.fields import FieldInfo

    from manager.commands.options import Command

README, README_ZH = (ROOT / name for name in ("README.md", "README.zh-CN.md"))
ADD_A_JOB = (ROOT / "docs/add-a-job.md").read_text("utf-8")
GO_LIVE = (ROOT / "docs/go-live.md").read_text("utf-8")
# Keys that the long example of an entry does not leave at their default.
EXAMPLES = {
    "description",
    "args",
    "env",
    "platform",
    "connections",
    "tags",
    "owner",
    "dated",
    "start",
    "python",
    "deadline",
    "checks",
    "doc",
}
FEEDS = (ROOT / "docs/feeds.md").read_text("utf-8")
CONTRACTS = (ROOT / "docs/contracts.md").read_text("utf-8")
SETTINGS = (ROOT / "docs/settings.md").read_text("utf-8")
TROUBLESHOOTING = (ROOT / "docs/troubleshooting.md").read_text("utf-8")
COMMAND_PAGES = (ROOT / "docs/commands.md", ROOT / f"docs/commands{CHINESE}")
JOBS = (ROOT / "docs/jobs.md").read_text("utf-8")
# An example in the registry's schema, one of bash's that a task's shell must not see, and one that
# mysqldump is handed.
NO_SETTINGS = {"REPORT_LANGUAGE", "BASH_ENV", "MYSQL_PWD", "TYPE_CHECKING"}
# What the files of other schedulers hold, which are read and never set.
NO_SETTINGS |= {"CRON_TZ", "TASK_CONFIGS", "RANDOM_DELAY"}
# What Prefect is asked for, and what its own Python is told.
NO_SETTINGS |= {"NAME_ASC", "START_TIME_DESC", "PREFECT_LOGGING_LEVEL", "DO_NOT_TRACK"}
# What programs that are not ours listen to.
OF_OTHERS = {"HTTPS_PROXY", "NO_PROXY"}
REGISTRY = load_registry()
# Airflow's name for a contract can be paused and resumed, too.
DAG_IDS = {*REGISTRY.jobs, *(f"{DAG_PREFIX}{contract}" for contract in load_contracts().by_id)}
CRON, CRON_ZH = ((ROOT / f"docs/cron{end}").read_text("utf-8") for end in (".md", CHINESE))
IN_BOTH = (("en", CRON, "answer"), ("zh", CRON_ZH, "回答"))


@pytest.mark.parametrize("key", Job.model_fields)
def test_every_key_of_the_registry_is_documented(key: str) -> None:
    """docs/add-a-job.md has a row for it."""
    assert f"`{key}`" in ADD_A_JOB


@pytest.mark.parametrize("key", Checks.model_fields)
def test_every_key_of_the_checks_is_documented(key: str) -> None:
    """It stands in docs/add-a-job.md, in the example and in the table."""
    assert ADD_A_JOB.count(f"`{key}`") >= 1
    assert f"      {key}:" in ADD_A_JOB


@pytest.mark.parametrize("key", Contract.model_fields)
def test_every_key_of_a_contract_is_documented(key: str) -> None:
    """docs/contracts.md has a row for it."""
    assert f"\n| `{key}` |" in CONTRACTS


def test_the_example_of_a_contract_is_what_is_delivered() -> None:
    """It can be copied as it stands."""
    example, *_ = re.findall(r"```yaml\n(.*?)```", CONTRACTS, re.DOTALL)
    delivered = (ROOT / "config/contracts.yaml").read_text("utf-8")
    assert yaml.safe_load(example) == yaml.safe_load(delivered)


@pytest.mark.parametrize("key", [*Feed.model_fields, *Paging.model_fields])
def test_every_key_of_a_feed_is_documented(key: str) -> None:
    """docs/feeds.md has a row for it."""
    assert f"\n| `{key}` |" in FEEDS


def test_what_a_feed_may_use_is_documented() -> None:
    """Every placeholder, table, column and way to send a password."""
    for name in FORMS:
        assert f"`{{{name}}}`" in FEEDS
    for auth in AUTHS:
        assert f'{{"auth": "{auth}"' in FEEDS
    for name, landed in TABLES.items():
        (row,) = re.findall(rf"\n\| `{name}` \|[^\n]*", FEEDS)
        for column in landed.columns:
            bold = "**" if column in landed.needed else ""
            assert f" {bold}`{column}`{bold}" in row


def test_the_examples_of_an_entry_are_valid(tmp_path: Path) -> None:
    """Both can be copied as they stand; the second has every key, and no default is shown wrong."""
    short, full = re.findall(r"```yaml\n( *tasks:.*?)```", ADD_A_JOB, re.DOTALL)
    (tmp_path / "include/scripts/report").mkdir(parents=True)
    (tmp_path / "include/scripts/report/stock.py").touch()
    (tmp_path / "config/tasks").mkdir(parents=True)
    shutil.copy(ROOT / "config/shops.yaml", tmp_path / "config")
    jobs = []
    for example in (short, full):
        (tmp_path / "config/tasks/t.yaml").write_text(dedent(example), "utf-8")
        registry = load_registry(tmp_path)
        assert registry.problems == []
        jobs += registry.jobs.values()
    in_place_of_cron = {"after", "restate"}
    assert set(yaml.safe_load(full)["tasks"][0]) == set(Job.model_fields) - in_place_of_cron
    differ = {key for key in Job.model_fields if getattr(jobs[0], key) != getattr(jobs[1], key)}
    assert differ == EXAMPLES


@pytest.mark.parametrize(("name", "field"), Shop.model_fields.items())
def test_every_key_of_a_shop_is_documented(name: str, field: FieldInfo) -> None:
    """In docs/go-live.md, and in Chinese where it is written."""
    key = field.alias or name
    assert f"\n| `{key}` | " in GO_LIVE
    assert f"\n#   {key} " in (ROOT / "config/shops.yaml").read_text("utf-8")


def test_the_example_of_a_feed_is_valid(tmp_path: Path) -> None:
    """It can be copied as it stands."""
    (example,) = re.findall(r"```yaml\n(.*?)```", FEEDS, re.DOTALL)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/feeds.yaml").write_text(example, "utf-8")
    feeds = load_feeds(tmp_path)
    assert feeds.problems == []
    assert list(feeds.by_id) == ["our_reviews"]


def test_what_is_not_there_yet_is_told_from_what_never_will_be() -> None:
    """Who ended with 99 for the first would lose the day."""
    chinese = (ROOT / f"docs/add-a-job{CHINESE}").read_text("utf-8")
    for told in (ADD_A_JOB, exit_codes.TABLE):
        assert told
        assert "not there yet is 75, which tries again; 99 says that there will never be" in told
    assert "数据还没有出来用 75，会再试；99 表示永远不会有" in chinese


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_documented(code: ExitCode) -> None:
    """docs/add-a-job.md has a row for it; 1 is among the others."""
    assert f"| {'other' if code == ExitCode.FAILED else int(code)} |" in ADD_A_JOB


@pytest.mark.parametrize(("language", "path"), jobs_page.PAGES.items())
def test_the_page_of_jobs_is_fresh(language: str, path: str) -> None:
    """It was written after the last change of config/tasks, config/shops.yaml and the schema."""
    delivered = (ROOT / path).read_text("utf-8")
    fresh = jobs_page.page(check_project(), language)
    assert delivered == fresh, f"{path} is stale: run `{jobs_page.COMMAND}`"


PARTS = {f"{name} {part}": it for name in COMMANDS for part, it in COMMANDS[name].parts.items()}


@pytest.mark.parametrize(("name", "command"), [*COMMANDS.items(), *PARTS.items()])
def test_every_command_is_in_the_guide_with_its_options(name: str, command: Command) -> None:
    """One row each in docs/commands.md, and in the Chinese page."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    for page in COMMAND_PAGES:
        (row,) = re.findall(
            rf"^\| `{name}(?: [A-Z]+)?` \|.*", page.read_text("utf-8"), re.MULTILINE
        )
        for action in parser._actions:
            for option in set(action.option_strings) - {"-h", "--help"}:
                assert f"`{option}" in row, f"{named(page)}: {name} has {option}, too"


def test_the_readme_has_six_commands_and_leads_to_all() -> None:
    """And the two of its first part, in both languages; what is in one is in the other."""
    for readme, page, head in zip(
        (README, README_ZH),
        COMMAND_PAGES,
        (("command", "what it does"), ("命令", "作用")),
        strict=True,
    ):
        text = readme.read_text("utf-8")
        rows = [cells[0].split()[2] for cells in table(text, *head)]
        assert rows == ["start", "status", "gaps", "repair", "trigger", "doctor"]
        first = re.findall(r"^```\npython3 scheduler_manager.py (\w+)\n```", text, re.MULTILINE)
        assert first == ["demo", "test"]
        assert f"({named(page)})" in text


def test_the_readme_begins_with_a_picture() -> None:
    """The page of coverage in the reader's language, before the first heading below the title."""
    for readme, language in ((README, "en"), (README_ZH, "zh")):
        above, _, _ = readme.read_text("utf-8").partition("\n## ")
        picture = ROOT / "docs/images" / f"coverage-{language}-light.png"
        assert f"]({named(picture)})" in above
        assert picture.exists()


def test_every_room_is_in_contributing() -> None:
    """The table of the house names each folder of the code."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for room in [*ROOT.glob("include/*/__init__.py"), *ROOT.glob("manager/*/__init__.py")]:
        assert f"`{room.parent.name}/`" in text, f"CONTRIBUTING.md: say what {room.parent} does"


def test_the_readme_is_short() -> None:
    """Under 120 lines; depth goes to docs/."""
    for readme in (README, README_ZH):
        assert len(readme.read_text("utf-8").splitlines()) < 120


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_links_lead_somewhere(path: Path) -> None:
    """Every link within the project: the file is there, and has that heading."""
    for target in links(path.read_text("utf-8")):
        file, _, anchor = target.partition("#")
        page = path.parent / file if file else path
        assert page.exists(), f"{named(path)}: there is no {target}"
        if anchor:
            assert anchor in anchors(page.read_text("utf-8")), f"{named(path)}: no heading {target}"


def test_every_page_can_be_reached() -> None:
    """By links, from the README of each language."""
    for readme in (README, README_ZH):
        seen, waiting = set(), [readme]
        while waiting:
            page = waiting.pop()
            seen.add(page)
            targets = (target.partition("#")[0] for target in links(page.read_text("utf-8")))
            found = {(page.parent / target).resolve() for target in targets if target}
            waiting += [path for path in found - seen if path.suffix == ".md"]
        assert set(PAGES) <= seen


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_commands_of_the_documents_exist(path: Path) -> None:
    """Each is taken by the command line, and names jobs and shops that there are."""
    for words in commands(path.read_text("utf-8")):
        _check_command(words, named(path))


def test_commands_that_messages_name_exist() -> None:
    """What is printed as a repair can be typed."""
    files = CODE
    found = [(words, named(file)) for file in files for words in commands(spoken(file))]
    assert len(found) > 10
    for words, file in found:
        _check_command(words, file)


def _check_command(words: list[str], where: str) -> None:
    if len(words) == 1 and words[0] in COMMANDS:  # only spoken of
        return
    shown = " ".join(words)
    stand_ins = {"N": "8080", "JOB": "erp_store", "SHOP": "erp-1"}
    stand_ins |= dict.fromkeys(("{}", "{job}"), "erp_store")
    given = [stand_ins.get(word, word) for word in words]
    if "--port" in given:
        given[given.index("--port") + 1] = "8080"
    arguments = _parsed(*given)
    assert arguments, f"{where}: `{shown}` is no command: see `--help`"
    named_jobs = getattr(arguments, "job", None) or []
    for job in [named_jobs] if isinstance(named_jobs, str) else named_jobs:
        assert job in DAG_IDS, f"{where}: `{shown}` names a job that there is not"
    shops = getattr(arguments, "shop", None) or []
    for shop in [shops] if isinstance(shops, str) else shops:
        assert shop in REGISTRY.shops, f"{where}: `{shown}` names a shop that there is not"


@cache
def _parsed(*words: str) -> argparse.Namespace | None:
    """Return what the command line reads in a command, or None where it refuses it."""
    with suppress(SystemExit):
        return cli._parse(words)
    return None


def test_airflows_commands_of_the_documents_exist() -> None:
    """What stands behind `scheduler_manager.py airflow` is taken by Airflow's own command line."""
    from airflow.cli.cli_parser import get_parser  # noqa: PLC0415 - seconds that other tests save

    parser = get_parser()
    texts = {named(path): path.read_text("utf-8") for path in PAGES}
    texts |= {named(path): spoken(path) for path in CODE}
    for where, text in texts.items():
        for words in commands(text):
            if words[0] != "airflow" or len(words) == 1 or FILLED_IN in words:
                continue
            only_spoken_of = len(words) == len(["airflow", "dags", "list"])
            given = [*words[1:], *(["--help"] if only_spoken_of else [])]
            try:
                parser.parse_args(given)
            except SystemExit as end:
                if end.code:
                    pytest.fail(f"{where}: `{' '.join(words)}`")


@pytest.mark.parametrize(("key", "value"), settings_of_airflow().items())
def test_settings_of_airflow_are_documented_with_their_values(key: str, value: str) -> None:
    """docs/settings.md has a row for each line of config/airflow.env."""
    assert f"\n| `{key}` | `{value}` | " in SETTINGS


def test_variables_that_the_code_reads_are_documented() -> None:
    """In docs/settings.md; what scripts get is in docs/add-a-job.md."""
    read = variables_of_the_code() - NO_SETTINGS
    assert sorted(name for name in read if f"`{name}`" not in SETTINGS + ADD_A_JOB) == []


def test_how_patient_a_client_is_is_documented() -> None:
    """Each variable, with its default."""
    for name, value in _patience().items():
        assert f"\n| `{name}` | {value:g} | " in SETTINGS


def test_no_setting_is_documented_that_is_none() -> None:
    """What docs/settings.md calls a variable, the code knows."""
    known = variables_of_the_code() | set(settings_of_airflow()) | set(_patience()) | OF_OTHERS
    shown = set(re.findall("`([A-Z][A-Z0-9_]+_[A-Z0-9_]+)`", SETTINGS))
    assert shown <= known


def _patience() -> dict[str, float]:
    """Return the variables that say how patient a client is, with their defaults."""
    found = {}
    for field in fields(Patience):
        value, name = getattr(Patience(), field.name), f"GATEWAY_{field.name.upper()}"
        is_span = isinstance(value, timedelta)
        found[f"{name}_SECONDS" if is_span else name] = value.total_seconds() if is_span else value
    return found


@pytest.mark.parametrize(
    ("cron", "english", "chinese", "period"), table(CRON, "cron", "in words", "中文", "period")
)
def test_examples_of_crons_are_said_as_check_says_them(
    cron: str, english: str, chinese: str, period: str
) -> None:
    """docs/cron.md has the words of `check`, and the period fits."""
    check_cron(cron)
    check_fit(cron, period)
    job = Job(id="a", name="a", cron=cron, period=period, script="generate_tasks.py")
    assert in_words(job) == english
    with speaking("zh"):
        assert in_words(job) == chinese


@pytest.mark.parametrize(
    ("period", "cron", "fire", "covers", "key"),
    table(CRON, "period", "cron", "the run of", "covers", "key"),
)
def test_examples_of_runs_cover_what_is_said(
    period: str, cron: str, fire: str, covers: str, key: str
) -> None:
    """docs/cron.md names the period that the timetable gives."""
    job = Job(id="a", name="a", cron=cron, period=period, script="generate_tasks.py")
    moment = datetime.fromisoformat(fire).replace(tzinfo=job.schedule.zone)
    assert job.schedule.latest_fire(moment) == moment
    covered = job.schedule.covered_by(moment)
    assert (period_in_words(job, covered), covered.key) == (covers, key)


@pytest.mark.parametrize(
    ("language", "cron", "answer"),
    [(lang, *row) for lang, page, head in IN_BOTH for row in table(page, "cron", head)],
)
def test_crons_are_refused_as_said(language: str, cron: str, answer: str) -> None:
    """docs/cron.md quotes the end of the message, and the Chinese page that of the Chinese one."""
    with speaking(language), pytest.raises(CronError) as raised:
        check_cron(cron)
    assert str(raised.value).endswith(answer)


@pytest.mark.parametrize(
    ("language", "cron", "period", "answer"),
    [(lang, *row) for lang, page, head in IN_BOTH for row in table(page, "cron", "period", head)],
)
def test_periods_are_refused_as_said(language: str, cron: str, period: str, answer: str) -> None:
    """docs/cron.md quotes the end of the message, and the Chinese page that of the Chinese one."""
    check_cron(cron)
    with speaking(language), pytest.raises(PeriodError) as raised:
        check_fit(cron, period)
    assert str(raised.value).endswith(answer)


@pytest.mark.parametrize(
    "cron", [row[2].split("`")[1] for row in table(CRON, "written", "means", "example")]
)
def test_forms_of_crons_are_valid(cron: str) -> None:
    """Each example in docs/cron.md of a form is one."""
    check_cron(cron)


def test_the_fields_of_a_cron_are_documented() -> None:
    """docs/cron.md has each field with its range, and every name of a month and a day."""
    for name, low, high in FIELDS:
        assert re.search(rf"──+ {name} +{low}-{high}\b", CRON)
    for name in (*MONTHS, *DAYS):
        assert re.search(rf"\b{name}\b", CRON)


def test_messages_that_are_explained_are_said() -> None:
    """What docs/troubleshooting.md quotes in the first column of a table stands in the code."""
    files = [ROOT / "scheduler_manager.py", *CODE]
    said = "\n".join(map(spoken, files))
    cells = re.findall(r"^\| ([^|]+) \|", TROUBLESHOOTING, re.MULTILINE)
    quoted = [span for cell in cells for span in re.findall("`([^`]+)`", cell) if " " in span]
    messages = [span for span in quoted if not re.match("python3|sudo|grep", span)]
    assert len(messages) > 20
    for message in messages:
        for part in message.split("…"):
            assert part.strip(" '") in said, f"nothing says {part!r}, of {message!r}"


@pytest.mark.parametrize("code", sorted(ExitCode))
def test_what_to_do_about_an_exit_code_is_documented(code: ExitCode) -> None:
    """docs/troubleshooting.md has a row for each that is no success, docs/jobs.md for all."""
    if code != ExitCode.LANDED:
        assert f"\n| {int(code)} |" in TROUBLESHOOTING
    assert f"\n| {'other' if code == ExitCode.FAILED else int(code)} |" in JOBS


def test_every_page_is_there_in_both_languages() -> None:
    """Each page of docs/ has its twin, and each of the two leads to the other at its top."""
    names = {page.name for page in (ROOT / "docs").glob("*.md")}
    chinese = {name for name in names if name.endswith(CHINESE)}
    twins = {name: name.replace(".md", CHINESE) for name in names - chinese}
    assert {*twins.values()} == chinese
    pairs = [("README.md", README_ZH.name)]
    pairs += [(f"docs/{name}", twin) for name, twin in twins.items()]
    for page, twin in pairs:
        for one, other in ((ROOT / page, twin), ((ROOT / page).with_name(twin), page)):
            top, _, _ = one.read_text("utf-8").partition("\n## ")
            assert f"]({other.rpartition('/')[2]})" in top, f"{named(one)}: link to {other}"


@pytest.mark.parametrize("chinese", [page for page in PAGES if CHINESE in page.name], ids=named)
def test_a_chinese_page_says_what_the_english_one_says(chinese: Path) -> None:
    """The same headings, tables, code and links; and it leads to Chinese pages where there are."""
    english = chinese.with_name(chinese.name.replace(CHINESE, ".md"))
    texts = english.read_text("utf-8"), chinese.read_text("utf-8")
    assert headings(texts[0]) == headings(texts[1])
    assert rows_of_tables(texts[0]) == rows_of_tables(texts[1])
    codes = [untranslated(text) for text in texts]
    assert _unpaired(*codes) == [], "what only one page has, and no message says in both languages"
    led_to = [sorted(in_english(target) for target in links(text)) for text in texts]
    assert led_to[0] == led_to[1]
    for target in (one for one in links(texts[1]) if ".md" in one):
        twin = chinese.parent / target.partition("#")[0].replace(".md", CHINESE)
        assert not twin.is_file() or target.startswith(english.name), f"{target} is not Chinese"


def test_messages_are_quoted_in_chinese() -> None:
    """In the first columns of the Chinese page, as they are said; in English only beside that."""
    chinese = (ROOT / f"docs/troubleshooting{CHINESE}").read_text("utf-8")
    cells = re.findall(r"^\| ([^|]*`[^|]+) \|", chinese, re.MULTILINE)
    said = translations()
    for cell in cells:
        spans = re.findall("`([^`]+)`", cell)
        in_chinese = [span for span in spans if re.search("[\u4e00-\u9fff]", span)]
        for span in in_chinese:
            assert any(quotes(span, there) for there in said.values()), f"nothing says {span!r}"
        messages = [span for span in spans if " " in span and not re.match("python3|sudo", span)]
        if any(quotes(span, english) for span in messages for english in said):
            assert in_chinese, f"{cell}: in Chinese, too"


def _unpaired(english: Counter[str], chinese: Counter[str]) -> list[str]:
    """Return what is in one page only and is no message that the other shows in its language."""
    only = [*(english - chinese)], [*(chinese - english)]
    said = translations().items()
    left = [
        quote
        for quote in only[0]
        if not any(
            shows(other, there) for here, there in said if shows(quote, here) for other in only[1]
        )
    ]
    return left + [
        quote
        for quote in only[1]
        if not any(
            shows(other, here) for here, there in said if shows(quote, there) for other in english
        )
    ]
