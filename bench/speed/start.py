"""One start of a function, measured by itself: import and composition, then its first answers.

Run: python -m bench.speed.start PACKAGES (boto3 | FUNCTION CASE WORLD)

PACKAGES, with commas between, are installed here and not in the layer. It prints one line of JSON
to its standard error; what handlers log goes to its standard output. Before the measurement it
imports nothing that an interpreter does not have anyway.
"""

import sys
import time

WARM = 20
CLIENT = (
    "import boto3; boto3.session.Session(region_name='eu-west-1')"
    ".client('dynamodb', aws_access_key_id='x', aws_secret_access_key='x')"
)


def peak_kib() -> int:
    """The most memory that this process has had since its start, in KiB."""
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Start, and print what it took."""
    packages, kind, *more = sys.argv[1:]
    # Python takes a module that is None for one that is not installed.
    for name in packages.split(","):
        sys.modules[name] = None  # type: ignore[assignment]
    handler = None
    began = time.process_time_ns()
    if kind == "boto3":
        exec(CLIENT)
    else:
        handler = __import__(f"functions.{kind}.app", fromlist=["handler"]).handler
    found = {"init_ns": time.process_time_ns() - began, "peak_kib": peak_kib()}
    loaded = [name for name, module in sys.modules.items() if module is not None]
    found["modules"] = len(loaded)
    if handler is not None:
        found |= answers(handler, *more)
    import json

    print(json.dumps(found), file=sys.stderr)


def answers(handler: object, name: str, world: str) -> dict[str, int]:
    """CPU of the first answer, and of a warm one."""
    for package in [name for name, module in sys.modules.items() if module is None]:
        del sys.modules[package]
    from pathlib import Path

    from bench.speed.cases import BY_NAME
    from bench.speed.world import World

    case = BY_NAME[name]
    event = case.event(World.read(Path(world)), 0)
    taken = []
    for _ in range(WARM + 1):
        began = time.process_time_ns()
        answer = handler(event, None)  # type: ignore[operator]
        taken.append(time.process_time_ns() - began)
        if answer["statusCode"] != case.status:
            raise SystemExit(f"{name} answered {answer}")
    first, *warm = taken
    return {"first_ns": first, "warm_ns": sorted(warm)[WARM // 2]}


if __name__ == "__main__":
    main()
