"""What whoever asks may want of one run, beside their words."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.decoding.sampling import Sampling


@dataclass(frozen=True)
class Options:
    """None and nothing: as the settings say. `max_new_tokens` is of each reply of the language
    model; its words end before the first of `stop`. `instructions` come after the system prompt.
    """

    instructions: str = ""
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    max_new_tokens: int | None = None
    stop: tuple[str, ...] = ()

    def over(self, default: "Sampling") -> "Sampling":
        """`default` with what is wanted in place. Raises InvalidRequest (out of bounds)."""
        return replace(default, **self._given())

    def _given(self) -> dict[str, Any]:
        names = ("temperature", "top_p", "seed", "max_new_tokens")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def on_the_wire(self) -> dict[str, Any]:
        """What of it an OpenAI-compatible server is told."""
        given = self._given()
        if "max_new_tokens" in given:
            given["max_tokens"] = given.pop("max_new_tokens")
        return {**given, "stop": list(self.stop)} if self.stop else given


AS_SET = Options()
