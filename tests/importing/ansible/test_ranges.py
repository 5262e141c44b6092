from __future__ import annotations

import pytest
from ansible.errors import AnsibleError
from ansible.plugins.inventory import BaseInventoryPlugin
from hypothesis import given, settings
from hypothesis import strategies as some

from generator.importing.ansible.ranges import MOST_HOSTS, BadPattern, expand

ENDS = some.sampled_from(
    ["", "0", "1", "3", "9", "00", "01", "03", "12", "007", "a", "c", "z", "B", "ab", "-1", "1.5"]
)
STEPS = some.sampled_from(["", ":1", ":2", ":7", ":", ":x", ":0"])
RANGES = some.builds("[{}:{}{}]".format, ENDS, ENDS, STEPS)
PIECES = some.one_of(
    RANGES, some.sampled_from(["web", "-", "_", ".", "10", "x", ":22", "[", "]", "::1", "|", "é", "$"])
)


@settings(deadline=None)
@given(pattern=some.lists(PIECES, min_size=1, max_size=5).map("".join))
def test_patterns_expand_as_in_ansible(pattern: str) -> None:
    try:
        hosts, port = BaseInventoryPlugin._expand_hostpattern(None, pattern)
        theirs = (tuple(hosts), port)
    except (AnsibleError, ValueError):
        theirs = None
    if theirs is not None and len(theirs[0]) > MOST_HOSTS:
        theirs = None  # that is our own limit
    if pattern.strip().endswith(":") and theirs is not None and theirs[1] is None:
        theirs = None  # a check that Ansible makes in another place
    try:
        ours = expand(pattern)
    except BadPattern:
        ours = None
    assert ours == theirs


def test_a_range_of_a_whole_network_is_refused_at_once() -> None:
    with pytest.raises(BadPattern, match=str(MOST_HOSTS)):
        expand("web-[1:99999999999]")
    with pytest.raises(BadPattern, match=str(MOST_HOSTS)):
        expand("web-[1:9999]-[1:9999]")
