"""An application with the client in one of its modes, or with one that is broken.

`python -m uvicorn provers.drill.application:app`, with what it is told in its environment.
"""

import os
from typing import Annotated, cast

from fastapi import Depends, FastAPI

from provers.drill.breakages import BREAKAGES
from sojourn_client import Session, Sojourn
from sojourn_client.fastapi import SojournAuth
from sojourn_client.modes.machine import Mode

mode = cast(Mode, os.environ["MODE"])
sojourn = Sojourn(
    os.environ["BASE_URL"],
    os.environ["REALM_ID"],
    os.environ["ACCESS_KEY"],
    mode=mode,
    max_staleness=None if mode == "always" else float(os.environ["MAX_STALENESS"]),
)
if "BROKEN" in os.environ:
    _, broken = BREAKAGES[os.environ["BROKEN"]]
    broken(sojourn)
app = FastAPI()
auth = SojournAuth(sojourn)


@app.get("/me")
async def me(session: Annotated[Session, Depends(auth)]) -> str:
    """Whose session it is."""
    return session.user_id
