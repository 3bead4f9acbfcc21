"""docs/cost.md is what `sojourn cost` computes, and its limits are those of template and page."""

import re

from bench.cost import cpu
from bench.cost.report import DRAWN, PAGE, PLOTS, TABLES, filled, limits
from bench.regions.__main__ import one_region
from local.template import ROOT, Template


def test_page_is_written_from_the_data() -> None:
    """`python -m bench.cost.report` would change nothing."""
    page = PAGE.read_text()
    assert filled(page) == page
    assert set(re.findall(r"<!-- table: (\w+) -->", page)) == set(TABLES)
    for name, draw in DRAWN.items():
        assert (PLOTS / name).read_text() == draw()
        assert f"](cost/{name})" in page
    assert {path.name for path in PLOTS.iterdir()} == set(DRAWN)


def test_scale_is_computed_from_the_same_data() -> None:
    """`python -m bench.regions --write` would not change the table of one Region."""
    assert one_region() in (ROOT / "docs/scale.md").read_text()


def test_limits_are_the_templates_and_the_pages() -> None:
    """The stack's throttles are the template's defaults, AWS's are those of docs/limits.md."""
    found = {limit.name: limit.allowed for limit in limits(1_000_000, "always")}
    given = Template.read().defaults()
    assert found["logins, this stack"] == given["LoginThrottleRate"]
    assert found["a route, this stack"] == given["ThrottleRate"]
    page = (ROOT / "docs/limits.md").read_text()
    assert "| requests per second, account and region | 10,000, burst" in page
    assert found["requests of the API, account"] == 10_000
    assert "| concurrent executions, account and region | 1,000;" in page
    assert found["Lambda, account"] == 1_000
    assert "one table | 40,000 each |" in page
    assert {found[f"{kind}s of the sessions table"] for kind in ("read", "write")} == {40_000}
    assert "one partition key | 1,000 writes, 3,000 reads |" in page


def test_cpu_times_are_written_from_a_measurement() -> None:
    """Measured times are taken over; what is not measured is said to be taken as another."""
    figures = {
        "service_us": dict.fromkeys((*cpu.MEASURED.values(), "login_password"), 2_000.0),
        "init_ms": {"boto3": 900.0, "validate": 100.0, "login": 120.0},
        "first_ms": {"validate": 5.0},
    }
    about = {"date": "2026-12-01", "commit": "abc", "python": "3.14", "processor": "x"}
    text = cpu.text_of({"about": {"cpu": about}, "figures": figures}, 20.0)
    assert "login = 22 # of it Argon2id 20.0" in text
    assert "poll = 2 # not measured: as an ending" in text
    assert "init = 120\n" in text
