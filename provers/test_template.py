"""The proof of the template: its translation, creation and rules."""

from collections import Counter

from provers import report as proof
from tests.project import test_conventions, test_stateful
from tests.project.conventions import Written
from tests.project.deployment import deployed
from tests.project.test_callers import API, ROUTES, problems
from tools import stateful
from tools.lint_template import DEPLOYMENTS
from tools.openapi.routes import ROUTES as OPERATIONS


def test_template_is_held_to_its_conventions() -> None:
    """The template breaks no rule, every broken one is found, and moto makes what it knows."""
    here = Written.here()
    held = [rule for rule in test_conventions.HELD if list(rule(here)) == []]
    assert len(held) == len(test_conventions.HELD)
    broken = test_conventions.BROKEN
    found = [name for name in broken if list(broken[name][0](test_conventions.broken(name)))]
    assert len(found) == len(broken)
    replacing = test_stateful.REPLACING
    lost = [
        name
        for name, (before, after, _) in replacing.items()
        if stateful.replaced(stateful.written(), test_stateful.changed(before, after))
    ]
    assert len(lost) == len(replacing)
    wanted = Counter(resource["Type"] for resource in here.translated["Resources"].values())
    with deployed(DEPLOYMENTS["everything"]) as made:
        kinds = made.kinds
    text = (
        "The template is translated as SAM does it, linted before and after, and the result is "
        "created by moto's CloudFormation, which leaves out some types; of those nothing is shown "
        "but what the template says. Its conventions are rules, and each rule is tried on a "
        "template that is wrong in one thing. Which changes would replace a table or a key is "
        "known from CloudFormation's own schemas, and held to what was deployed before. That AWS "
        "itself takes the template is not shown here: no account is reached."
    )
    of_types = [(kind, number, kinds.get(kind, 0)) for kind, number in sorted(wanted.items())]
    figures = [
        ("conventions held", len(held)),
        ("templates with one thing wrong, each found", len(found)),
        ("changes that would replace what is kept, each found", len(lost)),
        ("resources that keep something, recorded", len(stateful.written())),
        ("routes, each with one caller", sum(not problems(r, OPERATIONS[r], API) for r in ROUTES)),
    ]
    proof.record(
        "template",
        proof.Section(
            title="The template",
            text=text,
            tables=[
                proof.Table(columns=("what", "how many"), rows=figures),
                proof.Table(columns=("resource", "translated", "made by moto"), rows=of_types),
            ],
            versions=proof.versions("aws-sam-translator", "cfn-lint", "moto"),
        ),
    )
