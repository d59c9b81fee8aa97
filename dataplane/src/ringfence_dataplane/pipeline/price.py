"""What an answer costs, in dollars, from the providers' token counts and the Binding's prices.

Sums are exact; what is shown is rounded half up to eight places: one token at one cent per million is the smallest
amount that shows.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ringfence_api.binding import Binding

_MILLION = Decimal(1_000_000)
_PLACES = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that one request used."""

    embedding: int = 0
    prompt: int = 0
    completion: int = 0


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars per million tokens."""

    embedding: Decimal
    prompt: Decimal
    completion: Decimal

    @classmethod
    def of(cls, binding: Binding) -> "Prices":
        """Prices of a tenant; through text, so that 0.15 is 0.15."""
        return cls(
            Decimal(str(binding.embedding.price_per_million_tokens)),
            Decimal(str(binding.llm.input_price)),
            Decimal(str(binding.llm.output_price)),
        )

    def cost(self, usage: Usage) -> dict[str, Decimal]:
        """Exact dollars by cost type."""
        generation = self.prompt * usage.prompt + self.completion * usage.completion
        return {"embedding": self.embedding * usage.embedding / _MILLION, "generation": generation / _MILLION}


def rounded(dollars: Decimal) -> float:
    """Dollars as shown."""
    return float(dollars.quantize(_PLACES, ROUND_HALF_UP))
