"""The template's parameters in the environment of the local stack."""

import pytest

from local import parameters
from local.serve import Refused, Wanted
from local.template import Template

TEMPLATE = Template.read()
DECLARED = TEMPLATE.parameters()


def test_environment_beats_the_template() -> None:
    """A parameter is what the environment says, by its name in capitals; else the default."""
    chosen = parameters.chosen(DECLARED, {"CORS_ORIGINS": "http://localhost:8000", "PORT": "1"})
    assert chosen["CorsOrigins"] == "http://localhost:8000"
    assert chosen["LogLevel"] == "INFO"
    assert chosen.keys() == DECLARED.keys()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR"),
        ("LOG_LEVEL", "", "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR"),
        ("CORS_ORIGINS", "example.com", "CORS_ORIGINS must match"),
        ("CLEANUP_BEHIND_SECONDS", "59", "CLEANUP_BEHIND_SECONDS must be 60 or more"),
        ("THROTTLE_RATE", "many", "THROTTLE_RATE must be a whole number"),
    ],
)
def test_value_that_cloudformation_would_refuse(name: str, value: str, said: str) -> None:
    """A value out of the template's range is refused with what the parameter takes."""
    with pytest.raises(parameters.ParameterInvalid, match=said):
        parameters.chosen(DECLARED, {name: value})


def test_cors_is_as_the_parameter_has_it() -> None:
    """The API's CORS follows the parameter: none without it, its origins with it."""
    assert TEMPLATE.cors(TEMPLATE.defaults()) == {}
    known = {**TEMPLATE.defaults(), "CorsOrigins": "https://a.example,https://b.example"}
    assert TEMPLATE.cors(known)["AllowOrigins"] == ["https://a.example", "https://b.example"]


def test_functions_that_are_not_known_are_an_error() -> None:
    """A function of CloudFormation that the local stack does not know is no silent text."""
    with pytest.raises(ValueError, match="Fn::Transform"):
        TEMPLATE.resolved({"Fn::Transform": {}}, {})


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"PORT": "70000"}, "PORT must be a number from 0 to 65535"),
        ({"PORT": "-1"}, "PORT must be a number from 0 to 65535"),
        ({"PORT": "²"}, "PORT must be a number from 0 to 65535"),
        ({"TLS": "yes"}, "TLS must be 1 or 0"),
        ({"FAST_WAITS": "2"}, "FAST_WAITS must be 1 or 0"),
        ({"FAST_PASSWORDS": "yes"}, "FAST_PASSWORDS must be 1 or 0"),
        ({"STORE": "nonsense"}, "STORE must be moto or dynamodb-local"),
        ({"CORS_ORIGINS": "example.com"}, "CORS_ORIGINS must match"),
    ],
)
def test_wish_that_is_not_understood(environ: dict[str, str], said: str) -> None:
    """An unsupported setting of the local stack is refused at the start, with the allowed ones."""
    with pytest.raises(Refused, match=said):
        Wanted.of(environ, TEMPLATE)


def test_wishes_have_defaults() -> None:
    """Without a wish it is port 3000, http, on moto, with the machine's clock and real hashes."""
    wanted = Wanted.of({"PORT": "", "STORE": ""}, TEMPLATE)
    assert (wanted.port, wanted.tls, wanted.store) == (3000, False, "moto")
    assert (wanted.fast_waits, wanted.fast_passwords) == (False, False)
