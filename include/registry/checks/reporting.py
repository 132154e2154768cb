"""Reports on config/: its problems, or what it makes happen; and what it has in vain."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include import PROJECT_ROOT
from include.registry import Problem
from include.registry.alerts import KINDS
from include.registry.checks.interpreters import troubles_of
from include.registry.checks.project import check_project, feed_of, nearest_table
from include.registry.dated_scripts import clock_beside_args, dating_of
from include.registry.description import in_words, next_runs, period_in_words
from include.registry.paths import ALERTS_FILE, FEEDS_FILE, SCRIPTS, SHOPS_FILE, Folders
from include.registry.problems import BY_PLACE, costing_only
from include.registry.user_files import put_aside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.registry import Job
    from include.registry.alerts import AlertConfiguration
    from include.registry.checks.project import Checked

WORDS = {
    "en": {
        "next": "next",
        "covers": "covers",
        "due": "expected by {at:%H:%M}, late at {late:%Y-%m-%d %H:%M} for {period}",
        "disabled": "disabled, runs by hand only",
        "note": "note",
        "script": "no job runs this script: add an entry to config/tasks, or remove it",
        "shop": "no enabled job pulls from {platform}: add an entry, or remove the shop",
        "platform": "there is no enabled shop on {platform}: list one in config/shops.yaml",
        "feed": "no job reads this feed: add an entry with args: [--feed, {feed}], or remove it",
        "table": "checks.table '{table}' is no table of this project: did you mean '{near}'? "
        "(right as it is, if it is a table of your own)",
        "aside": "is not read: it is taken for a copy that was put aside",
        "undated": "the script takes no period, so the job runs for the one that ended last, and "
        "an older one cannot be pulled again ({because}): let it read PERIOD_KEY, or write "
        "'dated: true' if it can bring any period, 'dated: false' if not",
        "own clock": "{because}, but line {line} of the script asks the clock: if that is how it "
        "finds its day, it brings another one than it is run for: let it use the argument, or "
        "write 'dated: false'; 'dated: true' if it does use it",
        "clock": "env sets TZ to '{tz}', and the script takes no period: it would work out another "
        "day than {zone} has, and is not run: remove TZ from env",
        "contract": "it does not wait for {job}, which is disabled: enable it, or remove it here",
        "no job": "there is no job: add an entry to a file in config/tasks",
        "channels": "alerts are sent to",
        "no channel": "no alert is sent: there is no channel; docs/alerts.md says how to add one",
        "unsent": "no route sends alerts of kind {kinds}: add a route, if they are to be sent",
        "ended": "the mute of {job} has ended ({until}): remove it",
    },
    "zh": {
        "next": "接下来",
        "covers": "覆盖",
        "due": "应在 {at:%H:%M} 前可以运行，{period} 到 {late:%Y-%m-%d %H:%M} 仍未落库即为迟到",
        "disabled": "已停用，只能手动运行",
        "note": "提示",
        "script": "没有任务运行这个脚本：请在 config/tasks 中添加任务，或删除它",
        "shop": "没有启用的任务拉取 {platform}：请添加任务，或删除这家店铺",
        "platform": "{platform} 没有启用的店铺：请在 config/shops.yaml 中添加",
        "feed": "没有任务读取这个数据源：请添加带 args: [--feed, {feed}] 的任务，或删除它",
        "table": "checks.table '{table}' 不是本项目的表：是否想写 '{near}'？"
        "（如果是你们自己的表，则无需修改）",
        "aside": "不会被读取：看起来是放在一边的副本",
        "undated": "脚本不接受日期，因此只为最近结束的一期运行，更早的无法补拉（{because}）："
        "请让它读取 PERIOD_KEY；能拉取任意一期的请写 'dated: true'，否则写 'dated: false'",
        "own clock": "{because}，但脚本第 {line} 行读取了当前时间："
        "如果它由此决定拉哪一天，拉到的就不是要它拉的那一天："
        "请让它使用参数，或写 'dated: false'；确实使用了参数的请写 'dated: true'",
        "clock": "env 把 TZ 设为 '{tz}'，而脚本不接受日期：算出的不是 {zone} 的那一天，"
        "因此不会运行：请从 env 中删除 TZ",
        "contract": "它不等已停用的任务 {job}：请启用该任务，或从这里删除",
        "no job": "没有任务：请在 config/tasks 的文件中添加",
        "channels": "告警发送到",
        "no channel": "不会发送告警：没有渠道；怎样添加，见 docs/alerts.zh-CN.md",
        "unsent": "没有路由发送 {kinds} 类告警：需要发送的话，请添加一条 routes",
        "ended": "{job} 的静默已到期（{until}）：请删除",
    },
}


def report(
    root: Path = PROJECT_ROOT,
    lang: str = "en",
    *,
    as_json: bool = False,
    now: datetime | None = None,
) -> tuple[list[str], int]:
    """Return the lines that `scheduler_manager.py check` prints, and its exit code.

    Args:
        root: the project root.
        lang: `en` or `zh`; problems are always in English.
        as_json: one JSON document in place of the lines.
        now: aware; what comes next comes after it.

    Returns:
        One line per problem and 1; without problems one per job, then the notes, and 0.
    """
    now = now or datetime.now(timezone.utc)
    found = check_project(root, now)
    described: list[tuple[dict[str, Any], str]] = []
    for job in found.registry.jobs.values():
        with costing_only(job.file, job.line, job.id, found.problems):
            described.append(_described(job, lang, now))
    lacking = []
    for job, is_certain, text in troubles_of(found.registry.jobs.values()):
        if is_certain:
            found.problems.append(Problem(job.file, job.line, 1, job.id, text))
        else:
            lacking.append(f"{job.file}:{job.line}: {job.id}: {text}")
    found.problems.sort(key=BY_PLACE)
    notes = [*_notes(found, root, lang, now), *lacking]
    if as_json:
        problems = [asdict(problem) for problem in found.problems]
        jobs = [facts for facts, _ in described]
        document = {"jobs": jobs, "problems": problems, "notes": notes}
        lines = [json.dumps(document, ensure_ascii=False, indent=2)]
    elif found.problems:
        lines = [str(problem) for problem in found.problems]
    else:
        lines = [line for _, line in described]
        if channels := [f"{one.id} ({one.kind})" for one in found.alerts.channels.values()]:
            lines.append(f"{ALERTS_FILE}: {WORDS[lang]['channels']} {', '.join(channels)}")
        lines += [f"{WORDS[lang]['note']}: {note}" for note in notes]
    return lines, 1 if found.problems else 0


def _notes(found: Checked, root: Path, lang: str, now: datetime) -> Iterator[str]:
    """Return what is valid but does nothing, or hardly what was meant."""
    words, registry = WORDS[lang], found.registry
    jobs = registry.jobs.values()
    for file in put_aside(root):
        yield f"{file}: {words['aside']}"
    if not jobs:
        yield words["no job"]
    named = {job.script for job in jobs}
    for script in Folders(root).scripts():
        if script not in named:
            yield f"{SCRIPTS}/{script}: {words['script']}"
    pulled = {job.platform for job in jobs if job.enabled}
    for shop in registry.shops.values():
        if shop.enabled and shop.platform not in pulled:
            yield f"{SHOPS_FILE}: {shop.id}: {words['shop'].format(platform=shop.platform)}"
    for job in jobs:
        yield from (f"{job.file}:{job.line}: {job.id}: {x}" for x in _notes_of(job, found, words))
    yield from _notes_of_feeds(found, words)
    if (root / ALERTS_FILE).exists():
        yield from _notes_of_alerts(found.alerts, words, now)


def _notes_of_feeds(found: Checked, words: dict[str, str]) -> Iterator[str]:
    read = {feed_of(job) for job in found.registry.jobs.values()}
    for feed in found.feeds.by_id:
        if feed not in read:
            where = f"{FEEDS_FILE}:{found.feeds.said[feed]}: {feed}"
            yield f"{where}: {words['feed'].format(feed=feed)}"
    yield from _notes_of_contracts(found, words)


def _notes_of_contracts(found: Checked, words: dict[str, str]) -> Iterator[str]:
    disabled = [job.id for job in found.registry.jobs.values() if not job.enabled]
    for contract in found.contracts.by_id.values():
        for job_id in contract.jobs:
            if job_id in disabled:
                yield f"{contract.place}: {contract.id}: {words['contract'].format(job=job_id)}"


def _notes_of_alerts(
    alerts: AlertConfiguration, words: dict[str, str], now: datetime
) -> Iterator[str]:
    if not alerts.said and not alerts.problems:
        yield f"{ALERTS_FILE}: {words['no channel']}"
    sent = {kind for route in alerts.routes for kind in route.on}
    if alerts.routes and (kinds := [kind for kind in KINDS if kind not in sent]):
        yield f"{ALERTS_FILE}: {words['unsent'].format(kinds=', '.join(kinds))}"
    today = now.astimezone(ZoneInfo(alerts.general.timezone)).date()
    for mute in alerts.mutes:
        if mute.until < today:
            job = " ".join(filter(None, (mute.job, mute.shop)))
            yield f"{ALERTS_FILE}: {words['ended'].format(job=job, until=mute.until)}"


def _notes_of(job: Job, found: Checked, words: dict[str, str]) -> Iterator[str]:
    if job.platform and not found.registry.shops_of(job):
        yield words["platform"].format(platform=job.platform)
    if job.checks and (near := nearest_table(job)):
        yield words["table"].format(table=job.checks.table, near=near)
    dating = dating_of(job)
    if job.dated is None and not dating.dated:
        yield words["undated"].format(because=dating.because)
    if found_clock := clock_beside_args(job):
        because, line = found_clock
        yield words["own clock"].format(because=because, line=line)
    if not dating.dated and (tz := job.env.get("TZ", job.timezone)) != job.timezone:
        yield words["clock"].format(tz=tz, zone=job.timezone)


def _described(job: Job, lang: str, now: datetime) -> tuple[dict[str, Any], str]:
    """Return what there is to say of a job: as JSON, and as a line."""
    runs = [*next_runs(job, now)] if job.enabled else []
    dating = dating_of(job)
    facts = {
        "id": job.id,
        "name": job.name,
        "file": job.file,
        "line": job.line,
        "cron": "" if job.after else job.cron,
        "after": job.after,
        "timezone": job.timezone,
        "period": job.period,
        "enabled": job.enabled,
        "dated": dating.dated,
        "dated_because": dating.because,
        "schedule": in_words(job, lang),
        "next": [
            {"at": fire.isoformat(), "period": period.key} for fire, period in runs if not job.after
        ],
    }
    words = WORDS[lang]
    told = ", ".join(
        f"{fire:%Y-%m-%d %H:%M} {words['covers']} {period_in_words(job, period, lang)}"
        for fire, period in runs
    )
    if job.after and runs:
        at, period = runs[0]
        told = words["due"].format(at=at, late=job.deadline_of(period), period=period.key)
    then = f"{words['next']}: {told}" if job.enabled else words["disabled"]
    return facts, f"{job.id} {job.name}: {facts['schedule']} ({job.timezone}); {then}"
