"""All that messages say, in both languages, and how times and spans are written in them.

Reasons of units and what is wrong with the service stand where they are found, in `watching`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from include.alerts.findings import Kind
from include.registry.platforms import PLATFORMS as KNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class Text(NamedTuple):
    """A text in both languages, with placeholders in braces."""

    zh: str
    en: str


SEPARATOR = Text("、", ", ")
DAYS, HOURS, MINUTES = Text("{} 天", "{} d"), Text("{} 小时", "{} h"), Text("{} 分钟", "{} min")
SPANS = (
    (timedelta(days=1), DAYS),
    (timedelta(hours=1), HOURS),
    (timedelta(minutes=1), MINUTES),
)
TWO = 2  # units are enough for a span


class Language:
    """One of the languages of config/alerts.yaml.

    Args:
        name: `zh` or `en`.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def say(self, said: Text, /, **values: object) -> str:
        """Return a text, its placeholders filled in."""
        text: str = getattr(said, self.name)
        return text.format(**values)

    def join(self, words: Sequence[str]) -> str:
        """Return words as a list within a sentence."""
        return self.say(SEPARATOR).join(words)

    def span(self, span: timedelta) -> str:
        """Return how long something lasted, in its two largest units; a minute at least."""
        left = max(span, timedelta(minutes=1))
        parts: list[str] = []
        for size, unit in SPANS:
            count, left = divmod(left, size)
            if count and len(parts) < TWO:
                parts.append(getattr(unit, self.name).format(count))
            elif parts:
                break
        return " ".join(parts)

    @staticmethod
    def moment(moment: datetime, now: datetime) -> str:
        """Return a moment by its clock, with its day where that is not today; both in one zone."""
        clock = f"{moment:%H:%M}"
        return clock if moment.date() == now.date() else f"{moment:%m-%d} {clock}"


# -- One alert
TITLES = {
    Kind.LATE: Text("【数据迟到】", "[Late] "),
    Kind.CREDENTIALS: Text("【需要人工】", "[Credentials] "),
    Kind.CONFIGURATION: Text("【配置有误】", "[Configuration] "),
    Kind.QUALITY: Text("【数据不合格】", "[Rejected] "),
    Kind.SERVICE: Text("【服务异常】", "[Service] "),
    Kind.PAUSED: Text("【任务已暂停】", "[Paused] "),
    Kind.AGING: Text("【无法自动补齐】", "[Not repaired by itself] "),
    Kind.TOKEN: Text("【令牌将到期】", "[Token] "),
    Kind.DRIFT: Text("【平台有变化】", "[Platform changed] "),
}
NOT_RUN = Text("【任务没有运行】", "[Not run] ")
REFUSED = Text("连接 {name} 的授权已失效", "connection {name} is refused")
OF_SHOPS = Text("（店铺 {shops}）", " (shops: {shops})")
ENDS = Text("连接 {name} 的令牌 {ends} 到期", "that of connection {name} ends {ends}")
DUE = Text(
    "{due} 截止，{expected} 家店铺缺 {count} 家：",
    "due {due}, {count} of {expected} shops missing:",
)
DUE_ALONE = Text("{due} 截止，还没有入库：{reason}", "due {due}, not landed: {reason}")
NOT_COMPLETE = Text("{due} 前没有齐，差{jobs}：", "not complete by {due}, missing: {jobs}:")
OF_JOB = Text("{job} {count} 项", "{job} {count}")
BEGAN = Text(
    "{fire} 应当开始，到 {due} 没有任何运行记录。",
    "it was to start {fire}; until {due} there was no run at all.",
)
SPREAD = Text(
    "影响 {jobs} 个任务、从 {first} 起的数据。重试无用。",
    "{jobs} jobs wait for it, with the data from {first} on. Trying again is of no use.",
)
UNIT = Text("{shop}：{reason}", "{shop}: {reason}")
UNITS = Text("{count} 家店铺（{shops}）：{reason}", "{count} shops ({shops}): {reason}")
REMEDY_OF_UNIT = Text("{said}——{remedy}", "{said} — {remedy}")
ARRIVED = Text("{count} 家已经正常：{shops}", "{count} are right by now: {shops}")
MORE_SHOPS = Text("另有 {count} 家店铺", "and {count} more shops")
AND_OTHERS = Text("{shops} 等", "{shops} …")
REMEDY = Text("处理：{remedy}", "To do: {remedy}")
BY_ITSELF = Text(
    "系统会自动再试，暂时不用处理。", "It is tried again by itself; nothing to do yet."
)
LINK = Text("详情：{link}", "See {link}")
RECOVERED = Text("【已恢复】", "[Recovered] ")
NO_LONGER = Text("【不再告警】", "[No longer told] ")
ALL_LANDED = Text("{count} 家全部入库", "all {count} shops have landed")
ONE_LANDED = Text("已入库", "it has landed")
SOME_LANDED = Text("{landed}/{count} 家已入库", "{landed} of {count} shops have landed")
NONE_MISSING = Text("不再缺数", "nothing is missing any more")
RIGHT_AGAIN = Text("恢复正常", "it is right again")
AFTER_DUE = Text("，比截止晚 {late}", ", {late} after the deadline")
TOOK = Text("，历时 {span}", ", after {span}")


# -- Several alerts in one message, and what is repeated
STORM = Text(
    "【平台异常】{platform}：{shops} 家店铺、{jobs} 个任务同时失败，原因相同：{cause}",
    "[Platform] {platform}: {shops} shops and {jobs} jobs fail at once, for one cause: {cause}",
)
NO_RUNS = Text("{jobs} 个任务都没有运行", "{jobs} jobs")
STORM_END = Text(
    "系统会继续重试；{repeat}后仍未恢复再通知。",
    "It is tried again and again; if it lasts another {repeat}, you are told once more.",
)
PLATFORMS = {name: Text(known.chinese, known.english) for name, known in KNOWN.items()}
STILL = Text("【仍未恢复】", "[Still] ")
LASTED = Text("从 {since} 起，已 {lasted}。", "since {since}, for {lasted}.")
SUMMARY = Text("【告警汇总】", "[Summary] ")
NEW = Text("新告警 {count} 项", "{count} new")
BACK = Text("恢复 {count} 项", "{count} over")
SEVERAL = Text("{count} 项", "{count} alerts")
LASTING = Text("仍未恢复 {count} 项", "{count} not over")
BRIEF = Text("{title}：{since} 起", "{title}: since {since}")
STILL_BRIEF = Text("{title}：已 {lasted}", "{title}: for {lasted}")
MISSING = Text("{said}，{count} 家店铺", "{said}, {count} shops")
OF_STORM = Text("{subject}：{count} 家店铺，{since} 起", "{subject}: {count} shops, since {since}")
OVER = Text("{said}，{until} 恢复", "{said}, over {until}")
AGAIN = Text("重发，可能重复", "sent again, perhaps twice")


# -- The digest
DIGEST = Text("【数据日报】{at}", "[Daily digest] {at}")
LANDED = Text("应到 {expected}，已到 {landed}", "{landed} of {expected} have landed")
ALL = Text("，全部入库", ", all of them")
LACKS = Text("，缺 {missing}（{platforms}）", ", {missing} missing ({platforms})")
OF_PLATFORM = Text("{platform} {count}", "{platform} {count}")
NOT_COUNTED = Text(
    "配置有 {count} 处问题，相关任务不在其中。",
    "{count} problems in the configuration: what cannot be read is not counted.",
)
COMPLETE = Text("{name} {period}：{at} 齐备", "{name} {period}: complete at {at}")
INCOMPLETE = Text(
    "{name} {period}：没有齐，差{jobs}（{due} 截止）",
    "{name} {period}: not complete, missing: {jobs} (due {due})",
)
TO_COME = Text(
    "{name} {period}：还差{jobs}，{due} 前应齐", "{name} {period}: still to come: {jobs}, due {due}"
)
UNCHECKED = Text(
    "{name} {period}：已全部入库，尚未确认", "{name} {period}: all has landed, not confirmed"
)
UNKNOWN = Text(
    "{name} {period}：未知，相关配置有问题", "{name} {period}: not known, its entries have problems"
)
OF_CONTRACTS = {
    "complete": COMPLETE,
    "unchecked": UNCHECKED,
    "waiting": TO_COME,
    "late": INCOMPLETE,
    "unknown": UNKNOWN,
}
USUAL = Text("行数比平时 {usual}。", "Rows against usual: {usual}.")
WAIVED = Text("已豁免 {count}。", "{count} waived.")
UNREAD = Text(
    "今天的数据读不到，应到和已到无法统计。", "What has landed cannot be read: no count today."
)
WELL = Text("没有未恢复的告警。", "No alert is open.")
OPEN = Text("未恢复的告警 {count} 项：", "{count} alerts are open:")
OPEN_LINE = Text("{title}，已 {lasted}  {number}", "{title}, for {lasted}  {number}")
MORE_ALERTS = Text("另有 {count} 项", "and {count} more")
MUTED = Text("静默：{job}（{reason}），剩 {days} 天", "Muted: {job} ({reason}), {days} more days")
ENDED = Text(
    "静默已到期：{job}（{reason}），恢复告警",
    "No longer muted: {job} ({reason}); alerts come again",
)
TOKENS = Text("令牌 3 天内到期：{tokens}", "Tokens that end within 3 days: {tokens}")
TOKEN = Text("{connection}（{ends}）", "{connection} ({ends})")
RESTATED = Text("入库后又有变化：{periods}", "Changed since it landed: {periods}")
CHANGED_PERIOD = Text(
    "{job} D-{days} {more:+,} 行（{changed:,} 行不同）",
    "{job} D-{days} {more:+,} rows ({changed:,} differ)",
)
NEW_SHAPES = Text("接口首次出现：{shapes}", "New in answers: {shapes}")
NEW_SHAPE = Text("{shape}（{where}）", "{shape} ({where})")
LACKING_SHAPES = Text(
    "接口字段在五分之一以上的行中缺失：{shapes}",
    "Missing from more than a fifth of the rows: {shapes}",
)
STOPPED = Text("服务由 {by} 于 {at} 停止", "The service was stopped by {by} at {at}")
STARTED = Text("{said}，{at} 启动", "{said}, and started at {at}")
NEXT = Text(
    "下一次日报 {at}；没有收到，请检查服务。",
    "The next one comes {at}; if it does not, look at the service.",
)
ALL_OF_DAY = Text(
    "【今日数据齐了】{day} 应到 {expected}，全部入库。",
    "[All has landed] {day}: all of {expected}.",
)


# -- A period that is complete
NOW_COMPLETE = Text("【数据齐备】{name} {period}，{at}", "[Complete] {name} {period}, {at}")
NOW_RESTATED = Text(
    "【数据有更新】{name} {period}，{at}，修订 {revision}",
    "[Restated] {name} {period}, {at}, revision {revision}",
)
AMOUNT = Text("{units} 项，{rows} 行", "{units} units, {rows} rows")


# -- A channel that fails
CHANNEL_FAILS = Text(
    "渠道 {channel} 发不出消息：{answer}", "channel {channel} takes no messages: {answer}"
)
TRY_CHANNEL = Text(
    "运行 `python3 scheduler_manager.py alerts test {channel}`",
    "run `python3 scheduler_manager.py alerts test {channel}`",
)


# -- What cannot be kept
NOT_KEPT = Text("【服务异常】告警无法保存", "[Service] alerts cannot be kept")
MEANWHILE = Text(
    "在它能保存之前，只发这一条；现在的问题：",
    "until they can be, this is all that is said; what is wrong now:",
)
