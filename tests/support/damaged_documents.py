"""Documents of JSON with something wrong in them, for the tests of loading."""

import copy
from typing import Any

import numpy as np

NUMBERS = [-1, 0, 1, 3, 2**31, 2**63, 10**9, 10**30, 1e308, -0.5]
WORDS = [None, True, "", "x", "NaN", "float16", "tanh", "x" * 1000]
STRUCTURES = [[], {}, [[]], [1], {"loss": []}, [10**9] * 3, [[4, "tanh"]] * 50]
HOSTILE = [*NUMBERS, *WORDS, *STRUCTURES]


def damaged_document(document: Any, rng: np.random.Generator) -> Any:
    """A document of JSON with one of its values or keys changed, at a random place."""
    document = copy.deepcopy(document)
    places = []

    def walk(node: Any) -> None:
        for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
            places.append((node, key))
            if isinstance(value, dict | list):
                walk(value)

    walk(document)
    node, key = places[rng.integers(len(places))]
    match rng.integers(4):
        case 0 | 1:
            node[key] = copy.deepcopy(HOSTILE[rng.integers(len(HOSTILE))])
        case 2:
            del node[key]
        case 3 if isinstance(node, dict):
            node[f"{key}!"] = node.pop(key)
        case _:
            node[key] = [node[key]]
    return document
