"""Facts such as `kind=cat`, `cat.count=3`, `cat.color=红`, `style=ink`, counted by aspect."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

JUDGED = ("kind", "color", "count", "style", "place", "time", "season", "weather")


def aspect(fact: str) -> str:
    """`kind`, `color`, `count`, `style` …: what sort of fact it is."""
    return fact.partition("=")[0].rpartition(".")[2]


def judged(facts: Iterable[str]) -> frozenset[str]:
    """The facts whose aspect a judge can read; sides and rows are left out."""
    return frozenset(fact for fact in facts if aspect(fact) in JUDGED)


def of_present(wanted: Iterable[str], seen: Collection[str]) -> frozenset[str]:
    """The colours and counts in `wanted` of things that are in `seen`."""
    return frozenset(
        fact for fact in wanted if "." in fact and f"kind={fact.partition('.')[0]}" in seen
    )


@dataclass
class Tally:
    """How many wanted facts were seen, by aspect."""

    wanted: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)

    def add(self, wanted: Iterable[str], seen: Collection[str]) -> None:
        for fact in wanted:
            self.wanted[aspect(fact)] += 1
            self.right[aspect(fact)] += fact in seen

    def share(self, *aspects: str) -> float:
        """Right of wanted over the named aspects, or over all; 0 where nothing was wanted."""
        names = aspects or tuple(self.wanted)
        return sum(self.right[n] for n in names) / max(1, sum(self.wanted[n] for n in names))
