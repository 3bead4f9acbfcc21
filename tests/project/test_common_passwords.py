"""The layer's list of common passwords equals that of the pinned package."""

from tools import common_passwords


def test_list_is_the_packages() -> None:
    """The file is what `python -m tools.common_passwords` makes of the pinned zxcvbn."""
    assert common_passwords.FILE.read_text(encoding="utf-8") == common_passwords.text()


def test_list_names_its_license() -> None:
    """The file carries the license of the work that it is from, as that asks."""
    head = common_passwords.FILE.read_text(encoding="utf-8")[:1_500]
    assert "Copyright (c) 2016 Daniel Wolf" in head
    assert "The above copyright notice and this permission notice shall be included" in head


def test_list_weighs_little() -> None:
    """The list adds less to the layer than its decision says."""
    assert common_passwords.FILE.stat().st_size < 110 * 1024
