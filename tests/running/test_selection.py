"""What a user may have mistyped: jobs, periods, shops; always 78, with what comes nearest."""

from __future__ import annotations

import pytest

from tests.running.project import PERIOD, Project


@pytest.fixture
def shop_job(project: Project) -> Project:
    """Return a project with a job of a platform and one without."""
    project.shops(shop_one=True, shop_two=False, shop_jd=True, shop_ill=True)
    project.change_shop("shop_jd", platform="jd")
    project.change_shop("shop_ill", until="never")
    project.job("print('ran')", platform="erp")
    project.job("print('ran')", job_id="plain")
    return project


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["jbo"], "there is no job 'jbo': did you mean 'job'?"),
        (["zzzzzz"], "there is no job 'zzzzzz': write one of job, plain"),
        (["job", "--period", "2025-13-02"], "period '2025-13-02'"),
        (["job", "--period", "2025-10"], "period '2025-10'"),
        (["job", "--period", "2099-01-01"], "period '2099-01-01' ends 2099-01-02"),
        (["job", "--from", "2025-10-02", "--to", "2025-10-01"], "'2025-10-02' comes after"),
        (["job", "--from", "2025-10-02"], "--from '2025-10-02' has no --to: add --to with the"),
        (["job", "--to", "2025-10-02"], "--to '2025-10-02' has no --from: add --from, the first"),
        (["job", "--period", "2025-10-02", "--from", "x", "--to", "y"], "do not go together"),
        (["job", "--period", ""], "--period '' names no period; is the variable"),
        (["job", "--from", "", "--to", ""], "--from '' names no period; is the variable"),
        (["job", "--shop", "shop_oen"], "no shop 'shop_oen' on erp: did you mean 'shop_one'?"),
        (["job", "--shop", "shop_two"], "shop 'shop_two' is disabled: set 'enabled: true'"),
        (
            ["job", "--shop", "shop_jd"],
            "'shop_jd' is on jd, and job 'job' is for erp: name a job for jd, or one of shop_one",
        ),
        (
            ["job", "--shop", "shop_ill"],
            "the entry of shop 'shop_ill' is broken; repair it first:\nconfig/shops.yaml:",
        ),
        (["job", "--shop", "shop_one,shop_x"], "as in --shop shop_one --shop shop_x"),
        (["job", "--shop", ","], "--shop ',' is no shop's id: write one --shop for each shop\n"),
        (["job", "--shop", ""], "--shop '' names no shop; is the variable that it comes from set?"),
        (["plain", "--shop", "shop_one"], "job 'plain' has no shops: leave shop 'shop_one' out"),
    ],
)
def test_what_does_not_exist_is_a_wrong_configuration(
    shop_job: Project, words: list[str], message: str
) -> None:
    """The message quotes it and says what to write instead; nothing is run."""
    code, output = shop_job.run(*words)
    assert message in output
    assert (code, "ran" in output.splitlines()) == (78, False)


@pytest.mark.parametrize(
    ("key", "day", "told"),
    [
        (
            "from",
            "2025-10-03",
            (
                "opens after 2025-10-02, its 'from' is 2025-10-03: name a later period, or write "
                "an earlier 'from' in config/shops.yaml"
            ),
        ),
        (
            "until",
            "2025-10-01",
            (
                "closed before 2025-10-02, its 'until' is 2025-10-01: name an earlier period, or "
                "write a later 'until' in config/shops.yaml"
            ),
        ),
    ],
)
def test_a_named_shop_that_was_closed_is_told_of(
    project: Project, key: str, day: str, told: str
) -> None:
    """Alone there is nothing to do, beside an open shop it is left out; each with the reason."""
    project.shops(shop_one=True, shop_two=True)
    project.change_shop("shop_two", **{key: day})
    project.job("print('ran')", platform="erp")
    words = ["job", "--period", PERIOD, "--shop", "shop_two"]
    code, output = project.run(*words)
    assert (code, "ran" in output.splitlines()) == (99, False)
    assert f"job 2025-10-02 nothing to do: shop 'shop_two' {told}\n" in output
    code, output = project.run(*words, "--shop", "shop_one")
    assert (code, "ran" in output.splitlines()) == (0, True)
    assert f"job 2025-10-02 leaves out a shop: shop 'shop_two' {told}\n" in output


def test_a_broken_entry_is_a_wrong_configuration(project: Project) -> None:
    """What is wrong is said with its place in the file; other jobs run."""
    project.job("print('ran')", job_id="sound")
    project.job("print('ran')", cron="99 9 * * *")
    code, output = project.run()
    assert (code, "ran" in output.splitlines()) == (78, False)
    assert "the entry of job 'job' is broken; repair it first:\nconfig/tasks/jobs.yaml:" in output
    code, output = project.run("sound", "--period", PERIOD)
    assert code == 0, output


@pytest.mark.parametrize("listed", ["", " , "])
def test_a_variable_that_names_no_shop_is_not_all_shops(shop_job: Project, listed: str) -> None:
    """It is refused as the option is."""
    code, output = shop_job.run("job", "--period", PERIOD, SHOPS=listed)
    assert f"SHOPS {listed!r} names no shop: write ids with commas between them" in output
    assert (code, "ran" in output.splitlines()) == (78, False)
