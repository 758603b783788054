"""Names as people type them: one spelling of each, and nothing in it that cannot be seen."""

import unicodedata

from chalicelib.domain.errors import InvalidRequest

LONGEST_NAME = 200
LOST = "\N{REPLACEMENT CHARACTER}"
HIDDEN, JOINERS = frozenset({"Cc", "Cf", "Cs"}), "\u200c\u200d"


def tidy(text: str) -> str:
    """Composed (NFC), with single spaces: é is one letter whichever keyboard it came from."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def is_visible(text: str) -> bool:
    """Control and format characters hide or reorder what a register shows; joiners belong to some scripts' names.

    The replacement character stands for what was lost where text was read in the wrong encoding.
    """
    return LOST not in text and not any(
        unicodedata.category(character) in HIDDEN and character not in JOINERS for character in text
    )


def tidy_name(text: str) -> str:
    """The name as it is kept. Raises InvalidRequest."""
    name = tidy(text)
    if not name:
        raise InvalidRequest("A name has at least one letter.")
    if len(name) > LONGEST_NAME:
        raise InvalidRequest(f"A name has at most {LONGEST_NAME} letters.")
    if not is_visible(name):
        raise InvalidRequest("The name holds characters that cannot be seen, or was not sent in UTF-8.")
    return name
