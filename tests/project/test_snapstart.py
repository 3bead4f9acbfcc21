"""The template with SnapStart: what `tools/snapstart.py` adds, and that it adds nothing else."""

import json
import re
from typing import Any, Final

import pytest
from samtranslator.translator.transform import transform

from local.template import Template, parse
from tests.project.conventions import Written
from tests.project.references import references
from tests.project.test_conventions import HELD, Rule
from tools import snapstart
from tools.lint_template import ManagedPolicies

HERE: Final = Written.here()
WITH: Final = Written(snapstart.with_snapstart(HERE.text))
FUNCTIONS: Final = {function.folder: function for function in Template.read().functions()}
BEHIND_API: Final = {name for name, function in FUNCTIONS.items() if function.routes}
PUBLISHED: Final = ("AWS::Lambda::Version", "AWS::Lambda::Alias")


def resources(written: Written) -> dict[str, Any]:
    """All that SAM makes."""
    made: dict[str, Any] = written.translated["Resources"]
    return made


def versions(*, code: str = "s3://code/1", layer: str = "s3://layer/1") -> set[str]:
    """The names of the versions that SAM makes, with login's code and the layer there."""
    document = parse(WITH.text)
    for name, resource in document["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code if name == "LoginFunction" else "s3://code/1"
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = layer
    translated = transform(document, {}, ManagedPolicies())
    return {*Template(translated).resources("AWS::Lambda::Version")}


def test_stack_has_none_by_default() -> None:
    """The template itself publishes no version, so that nothing is paid for when nobody logs in."""
    assert not any(each["Type"] in PUBLISHED for each in resources(HERE).values())
    assert "SnapStart" not in HERE.text


def test_functions_that_someone_waits_for_have_it() -> None:
    """Those behind the API; no schedule's, and not the authorizer, which others name by its ARN."""
    made = WITH.made("AWS::Lambda::Function")
    having = {name for name, each in made.items() if "SnapStart" in each}
    assert having == {FUNCTIONS[folder].logical_id for folder in BEHIND_API}
    assert {*FUNCTIONS} - {"cleanup", "rotate", "authorizer"} == BEHIND_API
    assert [each["Name"] for each in WITH.made(PUBLISHED[1]).values()] == ["live"] * len(having)


def test_api_calls_the_alias() -> None:
    """Each route, and API Gateway's permission for it, names the alias instead of the function."""
    (api,) = WITH.made("AWS::ApiGatewayV2::Api").values()
    called = re.findall(r"functions/\$\{([\w.]+)\}/invocations", json.dumps(api["Body"]))
    routes = [route for function in FUNCTIONS.values() for route in function.routes]
    assert len(called) == len(routes)
    permissions = WITH.made("AWS::Lambda::Permission").values()
    allowed = [each["FunctionName"]["Ref"] for each in permissions if "Ref" in each["FunctionName"]]
    assert {*called} == {*allowed} == {*WITH.made(PUBLISHED[1])}


def test_all_else_is_as_without() -> None:
    """With aliases taken for their functions, the stack is that without SnapStart."""
    text = json.dumps({k: v for k, v in resources(WITH).items() if v["Type"] not in PUBLISHED})
    text = re.sub(r'\{"Ref": "(\w+Function)Aliaslive"\}', r'{"Ref": "\1"}', text)
    text = re.sub(r"\$\{(\w+Function)Aliaslive\}", r"${\1.Arn}", text)
    found = json.loads(text.replace(layer(WITH), layer(HERE)))
    for each in found.values():
        if each["Type"] == "AWS::Lambda::Function":
            each["Properties"].pop("SnapStart", None)
    assert found == json.loads(json.dumps(resources(HERE)))


def layer(written: Written) -> str:
    """The layer's name, which SAM makes of its properties."""
    (name,) = written.made("AWS::Lambda::LayerVersion")
    return name


@pytest.mark.parametrize("rule", HELD, ids=lambda rule: rule.__name__)
def test_conventions_hold(rule: Rule) -> None:
    """Each convention of the template is one of this template too."""
    assert list(rule(WITH)) == []


@pytest.mark.parametrize("folder", sorted(BEHIND_API))
def test_another_value_of_a_parameter_is_another_version(folder: str) -> None:
    """A version's description has the parameters of its environment: each one, and no other.

    Without one, a change would not reach the function; with one more, CloudFormation would fail to
    publish a version in which nothing has changed.
    """
    template = Template(resources_only := WITH.translated)
    made = template.resources("AWS::Lambda::Function")[FUNCTIONS[folder].logical_id]
    declared = {*resources_only["Parameters"]}
    wanted = {each.target for each in references(made["Environment"])} & declared
    (version,) = [
        each
        for each in template.resources("AWS::Lambda::Version").values()
        if each["FunctionName"]["Ref"] == FUNCTIONS[folder].logical_id
    ]
    assert {each.target for each in references(version["Description"])} == wanted
    assert "EdgeSecretSha256" in wanted


def test_version_goes_when_another_comes() -> None:
    """CloudFormation deletes the version before, whose snapshot would still be paid for."""
    made = [each for each in resources(WITH).values() if each["Type"] == "AWS::Lambda::Version"]
    assert [each["DeletionPolicy"] for each in made] == ["Delete"] * len(BEHIND_API)


def test_description_has_room() -> None:
    """Lambda takes 256 characters: two digests of edges, and a long address, are fewer."""
    given = {
        name: each.get("Default", "") for name, each in HERE.template.document["Parameters"].items()
    }
    given |= {"EdgeSecretSha256": ",".join(["0" * 64] * 2), "PublicUrl": "https://" + "x" * 60}
    for version in WITH.made("AWS::Lambda::Version").values():
        text = re.sub(r"\$\{(\w+)\}", lambda m: str(given[m[1]]), version["Description"]["Fn::Sub"])
        assert len(text) <= 256


def test_other_code_is_another_version() -> None:
    """Another layer publishes each function anew, and other code of a function that function."""
    before = versions()
    assert len(before) == len(BEHIND_API)
    assert versions() == before
    assert versions(layer="s3://layer/2").isdisjoint(before)
    (changed,) = versions(code="s3://code/2") - before
    assert changed.startswith("LoginFunctionVersion")


def test_some_functions_may_be_chosen() -> None:
    """The functions that are named have it, and a name that is none is refused with the names."""
    chosen = Written(snapstart.main(["validate"]))
    having = [n for n, each in chosen.made("AWS::Lambda::Function").items() if "SnapStart" in each]
    assert having == ["ValidateFunction"]
    assert snapstart.main([]) == WITH.text


def test_unknown_function_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is none is refused, with those that there are."""
    with pytest.raises(SystemExit):
        snapstart.main(["validate", "cleanup"])
    told = capsys.readouterr().err
    assert "no such function: cleanup. Choose of login, validate, list_sessions" in told
