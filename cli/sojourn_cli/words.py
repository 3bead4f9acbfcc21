"""The API's sentences in this tool's words: options and commands, and no header, path or field."""

import re
from typing import Final

# What a sentence of the API says, and what somebody who types commands does about it.
_WORDS: Final = (
    (r"send Authrocket-Realm or realm_id", "give --realm"),
    (r"send Authrocket-Realm\b", "give --realm"),
    (r"Authrocket-Realm and realm_id", "--realm and the key's own realm"),
    (r"Authrocket-Realm", "--realm"),
    (r"by POST /v1/jwt_keys", "by `sojourn keys signing rotate`"),
    (r'with \{"compromised": true\}', "by `sojourn keys signing compromised`"),
    (r"with \?force=true", "by --force"),
    (r"Wait until `retire_after`", "Wait until it retires"),
    (r"Name one in `replace`, or end one first", "End one first"),
)


def own_words(sentence: str) -> str:
    """The sentence as this tool says it."""
    for theirs, ours in _WORDS:
        sentence = re.sub(theirs, ours.replace("\\", r"\\"), sentence)
    return sentence
