"""The pools of the jobs' platforms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.registry.checks import check_project

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

GOOD = '{"jd": {"slots": 1, "description": "x"}}'


def _problems(project: ProjectFolder, pools: str | None, *more: str) -> list[str]:
    project.write_shops("{id: s, platform: jd, name: s, connection: s, platform_id: 1}")
    project.write_tasks("t.yaml", project.good_tasks + "".join(f"    {one}\n" for one in more))
    if pools is not None:
        project.write("config/pools.json", pools)
    return [str(problem) for problem in check_project(project.root).problems]


@pytest.mark.parametrize(
    ("pools", "expected"),
    [
        (GOOD, None),
        ('{"jd": {"slots": -1, "description": ""}}', None),
        (
            '{"erp": {"slots": 1, "description": "x"}}',
            (
                "config/tasks/t.yaml:2:1: good: platform 'jd' has no pool, and its tasks would "
                'wait for ever: add "jd": {"slots": 1, "description": "what it is for"} to '
                "config/pools.json"
            ),
        ),
        ('{\n  "jd": }', "config/pools.json:2:9: is not JSON (Expecting value): correct it here"),
        ("[]", 'config/pools.json:1:1: is not a JSON object: begin it with {"erp": …}'),
        (
            '{\n  "jd": {"slots": 0, "description": "x"}}',
            (
                "config/pools.json:2:3: pool 'jd' is "
                '{"slots": 0, "description": "x"}: write it '
                'like {"slots": 1, "description": "what it is for"}'
            ),
        ),
        (
            '{"jd": {"slots": 2}}',
            (
                "config/pools.json:1:2: pool 'jd' is "
                '{"slots": 2}: write it like '
                '{"slots": 1, "description": "what it is for"}'
            ),
        ),
        (
            '{"jd": 2}',
            (
                "config/pools.json:1:2: pool 'jd' is 2: write it like "
                '{"slots": 1, "description": "what it is for"}'
            ),
        ),
        (
            None,
            (
                "config/pools.json:1:1: cannot be read (No such file or directory): "
                "restore the file, or make it readable"
            ),
        ),
    ],
)
def test_every_platform_has_a_pool(
    project: ProjectFolder, pools: str | None, expected: str | None
) -> None:
    """A task whose pool is not there waits for ever, and nobody is told."""
    assert _problems(project, pools, "platform: jd") == ([expected] if expected else [])


@pytest.mark.parametrize("more", [["platform: jd", "enabled: false"], []])
def test_jobs_that_need_no_pool_need_no_file(project: ProjectFolder, more: list[str]) -> None:
    """A disabled job, or one without a platform."""
    assert _problems(project, None, *more) == []
