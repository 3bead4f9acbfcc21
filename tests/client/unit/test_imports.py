"""What an import of the client brings."""

import subprocess
import sys

FRAMEWORKS = {
    *("fastapi", "starlette", "django", "rest_framework", "flask", "flask_login"),
    "aws_lambda_powertools",
}


def test_client_imports_no_framework() -> None:
    """Only the module of a framework imports that framework."""
    code = "import sys, sojourn_client, sojourn_client.web; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert FRAMEWORKS & set(done.stdout.split()) == set()
