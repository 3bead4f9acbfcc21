"""Print the template with SnapStart for the functions behind the API, or for those named.

Run: python3 -m tools.snapstart [login validate ...] > snapstart.yaml

It needs the standard library alone. What SnapStart costs is in docs/operations.md, and why it is no
parameter of the stack in docs/decisions/0033-snapstart.md.
"""

import argparse
import re
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

TEMPLATE: Final = Path(__file__).resolve().parent.parent / "template.yaml"
PUBLISHED: Final = """\
      AutoPublishAlias: live # what the API calls; SAM makes it, its permissions and its versions
      AutoPublishAliasAllProperties: true
      VersionDeletionPolicy: Delete # a version that nothing calls would still be paid for
      # A version keeps the environment that it was published with. SAM does not notice that a
      # parameter has another value; for another description CloudFormation publishes another one.
      VersionDescription: !Sub '{description}'
      SnapStart:
        ApplyOn: PublishedVersions
"""
_HANDLER: Final = "      Handler: app.handler\n"
_LAYER: Final = "      RetentionPolicy: Delete\n"


def functions(text: str) -> dict[str, str]:
    """The functions behind the API: their part of the template, by their folder."""
    parts = re.split(r"^(?=  \w+:$)", text, flags=re.MULTILINE)
    found = ((re.search(r"^      CodeUri: functions/(\w+)/$", part, re.M), part) for part in parts)
    return {match[1]: part for match, part in found if match and "Type: HttpApi\n" in part}


def parameters_of(text: str, part: str) -> list[str]:
    """The stack's parameters on which that function's environment depends, in their order.

    All of them, or a change would not reach the function. And no other: CloudFormation fails to
    publish a version of a function in which nothing has changed.
    """
    beginning = text.partition("\nResources:\n")[0]
    declared = beginning.partition("\nParameters:\n")[2].partition("\nRules:\n")[0]
    used = {
        name
        for where in (beginning, part)
        for _, environment in re.findall(r"^( +)Environment:\n((?:\1 +.*\n)+)", where, re.M)
        for name in re.findall(r"!Ref (\w+)", environment)
    }
    return [name for name in re.findall(r"^  (\w+):$", declared, re.M) if name in used]


def with_snapstart(text: str, folders: Collection[str] = ()) -> str:
    """The template with SnapStart for these functions, by default for all behind the API."""
    parts, changed = functions(text), text
    for folder in folders or parts:
        part = parts[folder]
        description = " ".join(f"${{{name}}}" for name in parameters_of(text, part))
        published = PUBLISHED.format(description=description)
        changed = changed.replace(part, _inserted(part, _HANDLER, published))
    # Another layer is another version of each function.
    return _inserted(changed, _LAYER, "      PublishLambdaVersion: true\n")


def _inserted(text: str, after: str, more: str) -> str:
    before, found, rest = text.partition(after)
    if not found or after in rest:
        raise ValueError(f"There is not exactly one line {after.strip()!r}.")
    return f"{before}{found}{more}{rest}"


def main(arguments: Sequence[str]) -> str:
    """The template with what was asked for."""
    text = TEMPLATE.read_text(encoding="utf-8")
    known = functions(text)
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("functions", nargs="*", metavar="function", help=", ".join(known))
    chosen = parser.parse_args(arguments).functions
    if unknown := sorted({*chosen} - {*known}):
        parser.error(f"no such function: {', '.join(unknown)}. Choose of {', '.join(known)}.")
    return with_snapstart(text, chosen)


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]))
