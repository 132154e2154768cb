"""Ids for imported jobs: from the script's name, else from the job's, whatever its language."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from include.registry.constraints import LONGEST_ID

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from manager.importing.old_jobs import OldJob

# What words of shop operations are called here; longer ones are looked for first.
ENGLISH = {
    "统一任务生成": "generate", "任务生成": "generate", "拼多多": "pdd", "聚水潭": "jushuitan",
    "京东": "jd", "淘宝": "taobao", "天猫": "tmall", "抖音": "douyin", "抖店": "doudian",
    "快手": "kuaishou", "小红书": "xiaohongshu", "唯品会": "vip", "企业微信": "wecom",
    "微信": "wechat", "钉钉": "dingtalk", "飞书": "feishu", "每小时": "hourly", "每日": "daily",
    "每天": "daily", "每周": "weekly", "每月": "monthly", "日报": "daily", "周报": "weekly",
    "月报": "monthly", "季报": "quarterly", "年报": "yearly", "门店": "store", "店铺": "shop",
    "商家": "merchant", "质量": "quality", "差评": "review", "好评": "praise", "评价": "review",
    "评论": "comment", "聊天": "chat", "客服": "service", "绩效": "kpi", "考核": "kpi",
    "订单": "order", "售后": "after_sales", "退款": "refund", "退货": "return", "库存": "stock",
    "仓库": "warehouse", "商品": "item", "宝贝": "item", "价格": "price", "活动": "campaign",
    "推广": "promotion", "广告": "ads", "直播": "live", "流量": "traffic", "访客": "visitor",
    "竞品": "competitor", "排名": "ranking", "财务": "finance", "账单": "bill", "对账": "reconcile",
    "结算": "settlement", "发票": "invoice", "采购": "purchase", "供应商": "supplier",
    "物流": "logistics", "快递": "express", "发货": "shipping", "销售": "sales", "销量": "sales",
    "会员": "member", "用户": "user", "员工": "staff", "报表": "report", "报告": "report",
    "汇总": "summary", "统计": "statistics", "分析": "analysis", "监控": "monitor",
    "预警": "alert", "告警": "alert", "通知": "notice", "推送": "push", "同步": "sync",
    "更新": "update", "抓取": "fetch", "采集": "collect", "爬取": "crawl", "爬虫": "crawler",
    "下载": "download", "上传": "upload", "导出": "export", "导入": "import", "备份": "backup",
    "清理": "cleanup", "清洗": "clean", "生成": "generate", "计算": "compute", "检查": "check",
    "登录": "login", "邮件": "mail", "测试": "test",
}  # fmt: skip
# Words that every job has, and that tell none from another.
FILLING = ("数据", "任务", "脚本", "定时", "自动", "的", "flow", "task", "job")
WORDS = re.compile("|".join(sorted(ENGLISH, key=len, reverse=True)))
DROPPED = re.compile("|".join(FILLING[:6]))
FALLBACK = "imported"
OLD = "old"


def stem_of(script: str) -> str:
    """Return the name of a script's file without its suffix."""
    stem, _dot, rest = re.split(r"[/\\]", script)[-1].rpartition(".")
    return stem or rest


def id_from(text: str) -> str:
    """Return what may be an id, made of a text in English or Chinese; empty for none."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", text)
    text = WORDS.sub(lambda found: f"_{ENGLISH[found[0]]}_", text)
    text = DROPPED.sub("_", text).lower()
    words = [word for word in re.split(r"[^a-z0-9]+", text) if word]
    while words and words[0].isdigit():
        words.append(words.pop(0)) if not all(map(str.isdigit, words)) else words.clear()
    made = "_".join(words)
    made = f"job_{made}" if made[:1].isdigit() else made
    return made[:LONGEST_ID].rstrip("_")


def ids_for(
    jobs: Sequence[OldJob], taken: Collection[str], imported: Collection[str] = ()
) -> list[str]:
    """Return an id for each job, none of them twice and none of those that are taken.

    Args:
        jobs: in their order.
        taken: the ids that are there already.
        imported: those of them that an import has given.
    """
    stems = Counter(id_from(stem_of(job.script)) for job in jobs if job.script)
    used = set(taken)
    numbers: Counter[str] = Counter()
    found = []
    for job in jobs:
        made = best = _best(job, stems)
        if best in taken and best not in imported:
            made = _suffixed(best, OLD)
        while made in used:
            numbers[best] += 1
            made = _suffixed(best, str(numbers[best] + 1))
        used.add(made)
        found.append(made)
    return found


def _best(job: OldJob, stems: Counter[str]) -> str:
    stem = id_from(stem_of(job.script)) if job.script else ""
    of_name = id_from(job.name)
    if stem and stems[stem] > 1 and of_name:  # several jobs run one script
        return of_name
    return stem or of_name or FALLBACK


def _suffixed(base: str, suffix: str) -> str:
    return f"{base[: LONGEST_ID - len(suffix) - 1]}_{suffix}"
