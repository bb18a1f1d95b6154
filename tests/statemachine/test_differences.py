"""The list of differences between interpreters says of each what AWS says, and where."""

from __future__ import annotations

import importlib
import re

import pytest
from differences import DIFFERENCES, Difference


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda each: f"{each.interpreter}: {each.what}"[:60])
def test_a_difference_is_documented(difference: Difference) -> None:
    assert difference.aws.endswith(".") or "[...]" in difference.aws
    assert re.match(r"https://(docs\.aws\.amazon\.com|states-language\.net)/", difference.source)
    for name in re.findall(r"\((\w+(?:\.\w+)?)\)", difference.instead):
        module, _, function = name.rpartition(".")
        assert hasattr(importlib.import_module(module or "differences"), function) or importlib.import_module(function)
