"""Personal data by kind, the look-alikes that are none, and what always holds of a redacted text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence_dataplane.guard.pii import KINDS, redact


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("EMAIL", "first.last+tag@mail.example.co.uk"),
        ("EMAIL", "o'neil@example.org"),
        ("PHONE", "+49 (0)89 1234-5678"),
        ("PHONE", "+1 212 555 0123"),
        ("PHONE", "(212) 555-0123"),
        ("PHONE", "212-555-0123"),
        ("PHONE", "089 1234 5678"),
        ("SSN", "536-90-4399"),
        ("CREDIT_CARD", "4111 1111 1111 1111"),
        ("CREDIT_CARD", "378282246310005"),
        ("CREDIT_CARD", "5555-5555-5555-4444"),
        ("IBAN", "DE89 3704 0044 0532 0130 00"),
        ("IBAN", "GB29NWBK60161331926819"),
        ("IP_ADDRESS", "192.168.10.254"),
        ("IP_ADDRESS", "2001:db8:85a3::8a2e:370:7334"),
        ("IP_ADDRESS", "fe80::1"),
    ],
)
def test_each_kind_is_replaced_by_its_name(kind: str, text: str) -> None:
    redacted = redact(f"Write to {text}, please.")
    assert redacted.text == f"Write to [REDACTED_{kind}], please."
    assert dict(redacted.counts) == {kind: 1}


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # fails Luhn
        "0000 0000 0000 0000",
        "DE89 3704 0044 0532 0130 01",  # fails mod 97
        "666-12-3456",
        "000-12-3456",
        "900-12-3456",
        "123-00-4567",
        "123-45-0000",
        "256.1.1.1",
        "12:30:45",
        "10:15 to 11:45",
        "2024-02-23",
        "23.02.2024",
        "1,234,567.89",
        "room 114",
        "article 12.3.4",
        "user@localhost",
        "27 days",
        "3.14159265358979",
        "order 12345678",
    ],
)
def test_look_alikes_stay(text: str) -> None:
    assert redact(f"See {text} there.").text == f"See {text} there."


def test_only_the_wanted_kinds_are_replaced() -> None:
    text = "a@example.org or 10.1.2.3"
    assert redact(text, ["EMAIL"]).text == "[REDACTED_EMAIL] or 10.1.2.3"
    assert redact(text, []).text == text
    with pytest.raises(KeyError, match="NAME"):
        redact(text, ["NAME"])


def test_every_occurrence_is_counted() -> None:
    redacted = redact("a@example.org, b@example.org; 10.1.2.3")
    assert dict(redacted.counts) == {"EMAIL": 2, "IP_ADDRESS": 1}


DATA = ("a@example.org", "536-90-4399", "4111111111111111", "DE89370400440532013000", "10.1.2.3", "+1 212 555 0123")
PIECES = st.sampled_from([*DATA, *"@. -+10:()x/\né٣", "::", "[REDACTED_EMAIL]"])
TEXTS = st.one_of(
    st.text(max_size=120),
    st.lists(PIECES, max_size=14).map("".join),
    st.text(alphabet="0123456789 .-+()@:aA", max_size=60),
)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_a_redacted_text_holds_nothing_more_to_redact(text: str) -> None:
    once = redact(text)
    again = redact(once.text)
    assert again.text == once.text
    assert not again.counts


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.sampled_from(["a.b@example.org", "4111 1111 1111 1111", "536-90-4399", "GB29NWBK60161331926819"]))
def test_what_stands_apart_never_survives(text: str, secret: str) -> None:
    assert secret not in redact(f"{text}\n{secret}\n{text}").text


def test_the_kinds_are_those_that_a_tenant_can_choose() -> None:
    from ringfence_api.spec import ALL_PII

    assert set(KINDS) == set(ALL_PII)
