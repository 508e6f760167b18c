"""What one generation did, and how long it took."""

import time
from dataclasses import dataclass, field
from typing import Literal


@dataclass
class GenerationStats:
    """What one call did. `seconds_to_first` is None when no token came out.

    `first_probability`: of the first token among those that the grammar allowed; None where the
    model's entry has no `unsure_below`."""

    prompt_tokens: int
    reused_tokens: int = 0
    new_tokens: int = 0
    seconds_to_first: float | None = None
    first_probability: float | None = None
    seconds: float = 0.0
    stop: Literal["end", "length", "cancelled", "abandoned"] = "abandoned"
    started: float = field(default_factory=time.monotonic, repr=False)

    def count(self) -> None:
        """One more token came out."""
        self.new_tokens += 1
        if self.seconds_to_first is None:
            self.seconds_to_first = time.monotonic() - self.started
