"""Whom a limit takes for one."""

import pytest

from artel.kernel.limits import place_of


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_who_has_one_address_of_ipv6_has_those_beside_it(address: str, place: str) -> None:
    assert place_of({"type": "http", "client": (address, 1)}) == place


def test_whoever_is_nowhere() -> None:
    assert place_of({"type": "http", "client": None}) == "unknown"
