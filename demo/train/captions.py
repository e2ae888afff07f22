"""Captions for CLIP: objects, colours and places, and little else.

A scene keeps its own caption. A pattern picture gets the statement of its
question without the property that the pair is about, so that both pictures of
a pair have the same caption; only the colour pattern keeps its property, as
captions do name colours.
"""

import re

# How statements tell the property, pattern by pattern.
_PROPERTIES = {
    "orientation": r" facing (left|right)$",
    "presence": r" with(out)? (a|an) [a-z ]+$",
    "state": r"^(A|An) (closed|open) ",
    "quantity": r"^(One|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten|Eleven) ",
    "position": r" (left|right) of ",
    "structure": r" (taller than wide|wider than tall)$",
    "text": r" that says [A-Z]+$",
    "viewpoint": r" seen from the (left|right)$",
}
_PLURALS = {
    "balloon": "balloons",
    "duck": "ducks",
    "apple": "apples",
    "flower": "flowers",
}


def without_property(pattern: str, statement: str) -> str:
    """The statement of a pattern picture, less what the pattern is about."""
    if pattern == "color":
        return statement
    found = re.search(_PROPERTIES[pattern], statement)
    if found is None:
        raise ValueError(f"no {pattern} in the statement {statement!r}")
    before, after = statement[: found.start()], statement[found.end() :]
    if pattern == "position":
        return f"{before} and {after}"
    if pattern == "quantity":
        return _PLURALS.get(after, after).capitalize()
    if pattern == "state":
        return f"{'An' if after[0] in 'aeiou' else 'A'} {after}"
    return before


def of_scenes(rows: list[dict]) -> list[str]:
    """Captions of scenes, by picture."""
    return [row["caption"] for row in rows]


def of_patterns(rows: list[dict]) -> list[str]:
    """Captions of pattern pictures, by picture, without the property."""
    return [
        without_property(row["pattern"], row["statement"]) for row in rows
    ]
