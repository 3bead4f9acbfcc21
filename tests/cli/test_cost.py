"""`sojourn cost`: what it prints, its files, and what it refuses."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sojourn_cli.costs.counts import cpu_of, default_cpu
from sojourn_cli.costs.load import MODES
from sojourn_cli.costs.prices import NAMES, DataInvalid, default_prices, packaged, prices_of
from sojourn_cli.main import main

LINE = ("--users", "100000", "--logins-per-day", "50000", "--validations-per-second", "100")


def cost(*arguments: str) -> Result:
    """What a command line does; it asks nothing of anybody."""
    result = CliRunner().invoke(main, ["cost", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_table_has_each_mode_and_adds_up() -> None:
    """The bill has a column for each mode; its lines are those of the total."""
    told = cost(*LINE)
    assert told.exit_code == 0, told.output
    rows = [line.split("  ") for line in told.stdout.splitlines()]
    bill = {row[0]: [c.strip() for c in row[1:] if c.strip()] for row in rows if row[0]}
    assert "us-east-1" in told.stdout
    amounts = {
        name: [float(cell[1:].replace(",", "")) for cell in cells]
        for name, cells in bill.items()
        if len(cells) == 3 and all(cell.startswith("$") for cell in cells)
    }
    total = amounts.pop("Total")
    for place in range(3):
        assert sum(cells[place] for cells in amounts.values()) == pytest.approx(
            total[place], abs=0.1
        )
    assert "cheapest" in told.stdout
    assert "fastest" in told.stdout


def test_one_mode_shows_five_limits() -> None:
    """With --mode, the bill is that mode's, and its five nearest limits are shown."""
    told = cost(*LINE, "--mode", "feed").stdout
    assert "cached" not in told
    limits = told[told.index("Default limits") : told.index("Servers of one CPU")]
    assert limits.count("\nfeed ") == 5


def test_json_has_everything() -> None:
    """--json has the load, the bill by lines, sizes, limits and servers, for each mode."""
    told = json.loads(cost(*LINE, "--json").stdout)
    assert told["object"] == "cost"
    assert told["load"]["live_sessions"] == 12_500
    assert list(told["modes"]) == list(MODES)
    for mode in told["modes"].values():
        assert sum(line["usd"] for line in mode["lines"]) == pytest.approx(mode["usd_per_month"])
        assert sum(size["cheapest"] for size in mode["sizes"]) == 1
        assert mode["limits"][0]["used"] >= mode["limits"][-1]["used"]
        assert "arithmetic" not in mode["lines"][0]
    explained = json.loads(cost(*LINE, "--json", "--explain").stdout)
    for line in explained["modes"]["feed"]["lines"]:
        assert line["arithmetic"][-1].endswith(f"= ${line['usd']:,.4f}")


def test_explain_is_the_arithmetic() -> None:
    """--explain prints for each line its steps, their sum, and the price of it."""
    told = cost(*LINE, "--mode", "always", "--explain").stdout
    assert "validate: each validation is a request x 2,628,000 s = 262,800,000, x 1 request" in told
    assert "together 265,841,667 requests" in told
    assert "265,841,667 x $1 / 1,000,000 = $265.8417" in told


def test_no_key_and_no_stack_are_needed() -> None:
    """The command works without a URL, an access key or AWS credentials."""
    result = CliRunner(env={"SOJOURN_URL": None, "SOJOURN_ACCESS_KEY": None}).invoke(
        main, ["cost", *LINE]
    )
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--users", "5"), "Missing option '--logins-per-day'"),
        ((*LINE, "--users", "-1"), "-1.0 is not in the range x>=0"),
        ((*LINE, "--users", "nan"), "--users must be a number from 0"),
        ((*LINE, "--users", "0"), "Without users nobody logs in"),
        ((*LINE, "--memory", "64"), "64 is not in the range 128<=x<=10240"),
        ((*LINE, "--sessions-per-user", "2"), "'2' is not one of '1', '3', '10'"),
        ((*LINE, "--mode", "never"), "'never' is not one of 'always', 'cached', 'feed'"),
        ((*LINE, "--prices", "/none"), "does not exist"),
    ],
)
def test_what_cannot_be_is_a_usage_error(arguments: tuple[str, ...], said: str) -> None:
    """Impossible input exits with 2, and says what is allowed."""
    told = cost(*arguments)
    assert told.exit_code == 2
    assert said in told.stderr
    assert told.stdout == ""


def test_other_prices_replace_some(tmp_path: Path) -> None:
    """A file of prices replaces those that it has; region and date are its own."""
    file = tmp_path / "prices.toml"
    file.write_text(
        'region = "eu-west-1"\ndate = 2027-01-31\n'
        '[price.api_request]\nunit = "requests"\nper = 1_000_000\n'
        "tiers = [{ up_to = 1_000_000, usd = 0 }, { usd = 2.5 }]\n"
    )
    told = json.loads(cost(*LINE, "--prices", str(file), "--json").stdout)
    assert (told["region"], told["prices_date"]) == ("eu-west-1", "2027-01-31")
    first, second = told["modes"]["always"]["lines"][:2]
    assert first["usd"] == pytest.approx((265_841_667 - 1_000_000) / 1e6 * 2.5, rel=1e-6)
    assert second["usd"] == pytest.approx(265_845_317 * 0.2 / 1e6, rel=1e-6)


HEAD = 'region = "x"\ndate = 2027-01-31\n[price.trace]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("region = ", "It is not TOML"),
        ("date = 2027-01-31", "It must have a region and a date"),
        ('region = "x"\ndate = 2027-01-31\nprice = 3', "price must be tables"),
        (HEAD.replace("trace", "gold") + "tiers = [{ usd = 1 }]", "There is no price gold"),
        (HEAD + "tiers = []", "at least one tier"),
        (HEAD + "tiers = [{ usd = -1 }]", "price.trace.tiers.usd must be a number of 0 or more"),
        (HEAD + "tiers = [{ usd = inf }]", "price.trace.tiers.usd must be a number of 0 or more"),
        (HEAD + 'tiers = [{ usd = "1" }]', "price.trace.tiers.usd must be a number"),
        (HEAD + "tiers = [{ up_to = 5, usd = 1 }]", "the last one has no end"),
        (HEAD + "tiers = [{ usd = 1 }, { usd = 2 }]", "each needs up_to"),
        (
            HEAD + "tiers = [{ up_to = 5, usd = 1 }, { up_to = 4, usd = 1 }, { usd = 2 }]",
            "price.trace.tiers.up_to must be a number of 5 or more",
        ),
        (HEAD + "per = 0\ntiers = [{ usd = 1 }]", "price.trace.per must be more than 0"),
        (HEAD + "tiers = 3", "price.trace needs a unit"),
    ],
)
def test_prices_that_cannot_be_used(text: str, said: str) -> None:
    """A file of prices that is wrong is refused with what is wrong with it."""
    with pytest.raises(DataInvalid, match=said):
        prices_of(text)


def test_bad_files_are_usage_errors(tmp_path: Path) -> None:
    """A wrong file exits with 2 and is named."""
    file = tmp_path / "bad.toml"
    for content in (b"region =", b"\xff"):
        file.write_bytes(content)
        for option in ("--prices", "--cpu"):
            told = cost(*LINE, option, str(file))
            assert told.exit_code == 2
            assert str(file) in told.stderr


def test_cpu_times_can_be_replaced(tmp_path: Path) -> None:
    """A file of CPU times replaces all of them; Lambda time and the milliseconds follow."""
    file = tmp_path / "cpu.toml"
    default = default_cpu()
    file.write_text(re.sub(r"(?m)^login = [\d.]+", "login = 1", packaged("cpu.toml")))
    before, after = (
        json.loads(cost(*LINE, *more, "--json").stdout)["modes"]["always"]["sizes"][-1]
        for more in ((), ("--cpu", str(file)))
    )
    assert before["login_ms"] - after["login_ms"] == pytest.approx(default.warm["login"] - 1)
    assert after["dollars"] < before["dollars"]
    with pytest.raises(DataInvalid, match=r"warm\.validate must be a number"):
        cpu_of(packaged("cpu.toml").replace("\nvalidate =", "\nother ="))
    with pytest.raises(DataInvalid, match="wait is missing"):
        cpu_of(packaged("cpu.toml").replace("[wait]", "[waits]"))


def test_each_price_has_its_page() -> None:
    """Every price that is used is in the table, with the page to check it at."""
    prices = default_prices()
    assert set(prices.table) == set(NAMES)
    for name in NAMES:
        assert prices[name].source.startswith("https://aws.amazon.com/")
        assert prices[name].unit


def test_tiers_are_of_a_month() -> None:
    """Units are priced by the tier that they are in."""
    price = default_prices()["api_request"]
    assert price.dollars(0) == 0
    assert price.dollars(300_000_000) == pytest.approx(300)
    assert price.dollars(400_000_000) == pytest.approx(300 + 90)
    assert price.parts(400_000_000) == [(300_000_000, 1.0), (100_000_000, 0.9)]
