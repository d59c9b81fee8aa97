"""Which segments to merge, so that a search never visits many and removed rows do not pile up."""

from collections import defaultdict
from collections.abc import Sequence

from ringfence_dataplane.adapters.faiss.manifest import Segment

TIER = 8
"""Segments of like size that may stand side by side; the next size is this many times larger. Every row is so
rewritten once per size, about six times on the way to a million."""


def to_merge(segments: Sequence[Segment]) -> list[Segment]:
    """Segments to be rewritten as one; empty when all is well."""
    worn = [entry for entry in segments if len(entry.removed) * 2 > entry.rows]
    if worn:
        return worn
    tiers: dict[int, list[Segment]] = defaultdict(list)
    for entry in segments:
        tiers[_tier(entry.live)].append(entry)
    for _, group in sorted(tiers.items()):
        if len(group) >= TIER:
            return group
    return []


def _tier(rows: int) -> int:
    tier = 0
    while rows > TIER:
        rows //= TIER
        tier += 1
    return tier
