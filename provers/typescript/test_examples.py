"""The TypeScript examples, compiled, and driven by browsers as the Python examples are."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from provers.conftest import ROOT
from provers.typescript.building import compiler, run
from tests.e2e.calls import Api
from tests.e2e.client.browser import command, free_port
from tests.e2e.client.test_examples import (
    realm,
    site,
    test_devices,
    test_log_in,
    test_log_out,
    test_nobody_ends_a_strangers_session,
    test_nobody_sees_the_form,
    test_other_sites_do_nothing,
    test_wrong_password,
)
from tests.e2e.conftest import own_stack

__all__ = [
    "realm",
    "site",
    "test_devices",
    "test_log_in",
    "test_log_out",
    "test_nobody_ends_a_strangers_session",
    "test_nobody_sees_the_form",
    "test_other_sites_do_nothing",
    "test_wrong_password",
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A local stack."""
    with own_stack(tmp_path_factory.mktemp("stack")) as api:
        yield api


@pytest.fixture(scope="module", params=["express", "hono"])
def base_url(
    api: Api, request: pytest.FixtureRequest, realm: tuple[str, str], built: Path, project: Path
) -> Iterator[str]:
    """Each application, served by Node."""
    folder = project / request.param
    folder.mkdir()
    shutil.copy(ROOT / "examples" / request.param / "app.ts", folder)
    options = ["--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"]
    modules = ["--target", "ES2022", "--module", "NodeNext", "--types", "node", "--skipLibCheck"]
    run(compiler(built, *options, *modules, f"{request.param}/app.ts"), project)
    realm_id, key = realm
    told = {"BASE_URL": api.base_url, "REALM_ID": realm_id, "ACCESS_KEY": key}
    port = free_port()
    with command(["node", "app.js"], port=port, cwd=folder, PORT=str(port), **told) as url:
        yield url
