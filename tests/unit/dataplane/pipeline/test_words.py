"""Numbers, names and words as they are compared."""

import pytest

from ringfence_dataplane.pipeline.words import content, names, numbers, sentences


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("27 days, four weeks and 1,165 dollars", {"27", "4", "1165"}),
        ("from 11:15 to 14:00.", {"11:15", "14:00"}),
        ("the sixth day", {"6th"}),
        ("six days", {"6"}),
        ("on the 18th, first and third", {"18th", "1st", "3rd"}),
        ("no number", set()),
    ],
)
def test_numbers_are_compared_as_digits_and_ordinals_apart(text: str, found: set[str]) -> None:
    assert numbers(text) == found


def test_names_are_capitals_inside_a_sentence() -> None:
    assert names("Ask in the Harbour portal. The Anchor fund's Galley is on St. Mary Street.") == {
        "harbour",
        "anchor",
        "galley",
        "st",
        "street",
    }


def test_words_are_compared_by_their_stems_without_the_small_ones() -> None:
    assert content("The warranties of these canopies ended") == content("Warranty: a canopy's ending?")


def test_sentences_end_where_sentences_end() -> None:
    assert sentences("It costs 3.50 dollars. Pay e.g. by card!\n\n- A list item\nWhat else?") == [
        "It costs 3.50 dollars.",
        "Pay e.g. by card!",
        "- A list item",
        "What else?",
    ]
