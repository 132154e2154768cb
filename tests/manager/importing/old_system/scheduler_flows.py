# -*- coding: utf-8 -*-
"""所有定时任务的 flow。"""

import os
import subprocess
import sys
from datetime import datetime

from prefect import flow, get_run_logger, task

BASE_DIR = r"D:\testyd"


@task(retries=2, retry_delay_seconds=300)
def execute_script(script_path, task_name, timeout=3600, cwd=None):
    """执行 Python 脚本。"""
    logger = get_run_logger()
    logger.info(f"[{datetime.now()}] 开始执行: {task_name}")
    result = subprocess.run(
        [sys.executable, script_path],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="ignore",
        timeout=timeout,
        cwd=cwd or os.path.dirname(script_path),
    )
    if result.returncode != 0:
        raise Exception(f"{task_name} 执行失败: {result.stderr[-500:]}")
    return result.stdout


@flow(name="统一任务生成-每日", log_prints=True)
def generate_daily_flow():
    """每日任务生成"""
    return execute_script(os.path.join(BASE_DIR, "generate", "generate_daily.py"), "统一任务生成-每日")


@flow(name="统一任务生成-每周", log_prints=True)
def generate_weekly_flow():
    """每周任务生成"""
    return execute_script(BASE_DIR + r"\generate\generate_weekly.py", "统一任务生成-每周")


@flow(name="统一任务生成-每月", log_prints=True)
def generate_monthly_flow():
    """每月任务生成"""
    return execute_script(f"{BASE_DIR}\\generate\\generate_monthly.py", "统一任务生成-每月")


@flow(name="ERP门店数据", log_prints=True)
def erp_store_flow():
    """ERP 门店数据"""
    return execute_script(r"D:\testyd\erp\erp_store.py", "ERP门店数据", 7200)


@flow(name="京东门店数据", log_prints=True)
def jd_store_flow():
    """京东门店数据"""
    return execute_script(r"D:\testyd\jd\jd_store.py", "京东门店数据", timeout=5400)


@flow(name="PDD质量数据", log_prints=True)
def pdd_quality_flow():
    """PDD 质量数据"""
    return execute_script(
        script_path=r"D:\testyd\pdd\pdd_quality.py",
        task_name="PDD质量数据",
        cwd=r"D:\testyd\pdd",
    )


@flow(name="PDD差评数据", log_prints=True)
def pdd_review_flow():
    """PDD 差评数据"""
    return execute_script(r"D:\testyd\pdd\pdd_review.py", "PDD差评数据", cwd=r"D:\testyd\pdd")


@flow(name="PDD聊天数据", log_prints=True)
def pdd_chat_flow():
    """PDD 聊天数据"""
    return execute_script(r"D:\testyd\pdd\pdd_chat.py", "PDD聊天数据", cwd=r"D:\testyd\pdd")


@flow(name="PDDKPI数据", log_prints=True)
def pdd_kpi_daily_flow():
    """PDD KPI"""
    return execute_script(r"D:\testyd\pdd\kpi\pdd_kpi_daily.py", "PDDKPI数据", 3600, r"D:\testyd\pdd\kpi")


@flow(name="PDDKPI周报", log_prints=True)
def pdd_kpi_weekly_flow():
    """PDD KPI 周报"""
    return execute_script(r"D:\testyd\pdd\kpi\pdd_kpi_weekly.py", "PDDKPI周报", cwd=r"D:\testyd\pdd\kpi")


@flow(name="PDDKPI月报", log_prints=True)
def pdd_kpi_monthly_flow():
    """PDD KPI 月报"""
    return execute_script(r"D:\testyd\pdd\kpi\pdd_kpi_monthly.py", "PDDKPI月报", cwd=r"D:\testyd\pdd\kpi")
