"""The form of a manual run."""

from __future__ import annotations

import pytest
from airflow.sdk import DAG, Param
from airflow.serialization.definitions.param import SerializedParam, SerializedParamsDict
from airflow.serialization.serialized_objects import DagSerialization

from include.language import speaking
from include.periods import FORMS
from include.scheduling.trigger_params import form_for


@pytest.mark.parametrize("text", ["2025-10-02\n", "\n", "2025-10-02\n;id", "x\n2025-10-02"])
def test_a_line_break_does_not_fit(text: str) -> None:
    """Neither before a period nor behind it: no run is made that its task would refuse."""
    form = form_for("day", ("erp-1",))
    for word in ("period", "from", "to"):
        form[word].resolve("2025-10-02")
        with pytest.raises(ValueError, match="is not a 'day like 2025-10-02'"):
            form[word].resolve(text)


@pytest.mark.parametrize(
    ("period", "wrong", "words"),
    [
        ("day", "2025-13", "day like 2025-10-02"),
        ("week", "40", "week's first day like 2025-09-27"),
        ("month", "2025-10-02", "month like 2025-09"),
        ("tick", "14:00", "tick's start like 2025-10-02T14:00"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(period: str, wrong: str, words: str) -> None:
    """The web server's answer names what is wrong and shows a right one, and no pattern."""
    params = SerializedParamsDict(
        {
            name: SerializedParam(param.value, param.description, None, **param.schema)
            for name, param in form_for(period, ()).items()
        }
    )
    for key in (FORMS[period][0], "", None):
        params.deep_merge({"period": key}).validate()
    with pytest.raises(ValueError, match="Invalid input for param period") as refusal:
        params.deep_merge({"period": wrong}).validate()
    told = f"Invalid input for param period: {wrong!r} is not a {words!r}\n"
    assert str(refusal.value).startswith(told)
    assert "[0-9]" not in str(refusal.value)


def test_a_form_of_a_service_that_speaks_chinese() -> None:
    """Its titles and hints are Chinese, and a web server of either language checks what it asks."""
    english = form_for("day", ("erp-1",))
    with speaking("zh"):
        form = form_for("day", ("erp-1",))
    assert (english["period"].schema["title"], form["period"].schema["title"]) == ("Period", "周期")
    assert form["period"].description == "日期，如 2025-10-02；留空：最近结束的一期"
    assert {type(form["period"].description), type(form["again"].description)} == {str}
    form["period"].resolve("2025-10-02")
    with pytest.raises(ValueError, match="is not a '日期，如 2025-10-02'"):
        form["period"].resolve("2025-13")


@pytest.mark.parametrize("period", FORMS)
def test_the_form_is_one_of_airflows_own_params(period: str) -> None:
    """Its defaults fit, though they are not checked again, and it is serialised like any other."""
    form = form_for(period, ("erp-1", "erp-2"))
    plain = {
        name: Param(param.value, param.description, **param.schema) for name, param in form.items()
    }
    for name, param in plain.items():
        assert form[name].resolve() == param.resolve()
    ours, theirs = (
        DagSerialization.to_dict(DAG("job", schedule=None, params=params))["dag"]["params"]
        for params in (form, plain)
    )
    assert ours == theirs


def test_what_was_typed_is_checked_and_kept() -> None:
    """As with any Param: a value that fits takes the default's place."""
    dag = DAG("job", schedule=None, params=form_for("day", ()))
    dag.params["period"] = "2025-10-02"
    assert dag.params["period"] == "2025-10-02"
    with pytest.raises(ValueError, match="Invalid input for param period"):
        dag.params["period"] = "yesterday"
