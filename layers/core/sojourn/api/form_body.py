"""Parse a form, `application/x-www-form-urlencoded`, as the OAuth endpoints take it."""

from typing import Final

from sojourn.domain.errors import BodyInvalid

MOST: Final = 100
"""The most parameters of a form: one of 64 KiB could have thirty thousand."""


def parameters(body: bytes) -> dict[str, str]:
    """The parameters of a form, each with its one value. Raises `BodyInvalid`.

    RFC 6749, 3.2: a parameter without a value counts as absent, and none may be repeated. Unknown
    ones are kept here; a `Form` has no field for them.
    """
    # Here, for only OAuth's endpoints take forms.
    from urllib.parse import parse_qsl

    try:
        text = body.decode("utf-8")
        pairs = parse_qsl(
            text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MOST
        )
    except UnicodeDecodeError as error:
        raise BodyInvalid("The body is not UTF-8.") from error
    except ValueError as error:
        raise BodyInvalid(f"The form has more than {MOST} parameters.") from error
    found = dict(pairs)
    if len(found) != len(pairs):
        # Not named: in a form that was put together wrongly, a secret may be the name.
        raise BodyInvalid("A parameter occurs more than once; send each once.")
    return {name: value for name, value in pairs if value}
