"""Lint the template, its translation by SAM, and the examples.

Some faults only show after the translation: a cycle through an implicit resource, for one. Others
only show with a parameter given, so the translation is linted with the defaults and with all.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform

from local.template import parse
from tools import snapstart

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("**/*.yaml"))
CFN_LINT = str(Path(sys.executable).parent / "cfn-lint")

DEPLOYMENTS = {
    "defaults": {},
    "existing tables": {
        "ExistingDirectoryTable": "restored-directory",
        "ExistingSessionsTable": "restored-sessions",
        "ExistingAttemptsTable": "new.attempts_2",
    },
    "everything": {
        "PublicUrl": "https://sessions.example.com",
        "CorsOrigins": "https://a.example.com,https://b.example.com",
        "EdgeSecretSha256": ",".join(("0" * 64, "1" * 64)),
        "DisableExecuteApiEndpoint": "true",
        "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
        **{
            f"{function}ReservedConcurrency": "10"
            for function in ("Login", "Validate", "Terminate", "Directory")
        },
    },
}


class ManagedPolicies:
    """The account's managed policies, of which the translation wants the names only."""

    def load(self) -> dict[str, str]:
        """AWS's own, by name."""
        return {
            name: f"arn:aws:iam::aws:policy/{name}"
            for name in ("AWSXrayWriteOnlyAccess", "AWSXRayDaemonWriteAccess")
        }


def translated(**parameters: str) -> dict[str, Any]:
    """The CloudFormation template that SAM makes of ours, deployed with these parameters."""
    return translate((ROOT / "template.yaml").read_text(), **parameters)


def translate(text: str, **parameters: str) -> dict[str, Any]:
    """The CloudFormation template that SAM makes of one, deployed with these parameters."""
    document = parse(text)
    _local_code_as_deployed(document)
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
    result: dict[str, Any] = transform(document, parameters, ManagedPolicies())
    return result


def _local_code_as_deployed(document: dict[str, Any]) -> None:
    """Put an S3 address where a folder is named, as `sam package` does."""
    for resource in document["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = "s3://bucket/key"
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            properties["ContentUri"] = "s3://bucket/key"
    function = document.get("Globals", {}).get("Function", {})
    if "CodeUri" in function:
        function["CodeUri"] = "s3://bucket/key"


def main() -> int:
    """Lint both; the number of failures."""
    with tempfile.TemporaryDirectory() as folder:
        with_snapstart = snapstart.with_snapstart((ROOT / "template.yaml").read_text())
        targets = [ROOT / "template.yaml", *EXAMPLES, Path(folder) / "snapstart.yaml"]
        targets[-1].write_text(with_snapstart)
        for name, parameters in DEPLOYMENTS.items():
            targets.append(Path(folder) / f"{name}.json")
            targets[-1].write_text(json.dumps(translated(**parameters), indent=1, default=str))
        targets.append(Path(folder) / "snapstart.json")
        targets[-1].write_text(json.dumps(translate(with_snapstart), indent=1, default=str))
        return sum(
            subprocess.run([CFN_LINT, str(target)], check=False).returncode != 0
            for target in targets
        )


if __name__ == "__main__":
    sys.exit(main())
