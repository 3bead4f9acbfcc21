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


@pytest.fixture(scope="module", params=["express/app", "hono/app", "powertools/site"])
def base_url(
    api: Api, request: pytest.FixtureRequest, realm: tuple[str, str], built: Path, project: Path
) -> Iterator[str]:
    """Each application, served by Node, or a function as an HTTP API serves it."""
    name: str = request.param
    file = project / f"{name}.ts"
    file.parent.mkdir()
    shutil.copy(ROOT / "examples" / f"{name}.ts", file)
    options = ["--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"]
    modules = ["--target", "ES2022", "--module", "NodeNext", "--types", "node", "--skipLibCheck"]
    run(compiler(built, *options, *modules, f"{name}.ts"), project)
    serves = [] if name.endswith("app") else [str(Path(__file__).with_name("http_api.mjs"))]
    realm_id, key = realm
    told = {"BASE_URL": api.base_url, "REALM_ID": realm_id, "ACCESS_KEY": key}
    port = free_port()
    line = ["node", *serves, f"{name}.js"]
    with command(line, port=port, cwd=project, PORT=str(port), **told) as url:
        yield url
