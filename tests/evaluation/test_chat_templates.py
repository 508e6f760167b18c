"""The figures on chat templates, on three of our own."""

from pathlib import Path

from agent.families import FAMILIES
from evaluation.chat_templates import evaluate

TURNS = "{% for m in messages %}<{{ m.role }}>{{ m.content }}"
CALLS = "{% for c in m.tool_calls or [] %}"
END = "{% endfor %}<|end|>{% endfor %}"
GOOD = (
    "{{ tools | tojson }}" + TURNS + CALLS + '\n<tool_call>\n{"name": "{{ c.function.name }}", '
    '"arguments": {{ c.function.arguments | tojson }}}\n</tool_call>' + END
)
MUTE = TURNS + "<|end|>{% endfor %}"
WRONG = GOOD.replace("tojson }}}", "string }}}")


def test_what_comes_back_is_told_from_what_does_not(tmp_path: Path) -> None:
    for name, template in (("good", GOOD), ("mute", MUTE), ("wrong", WRONG)):
        (tmp_path / f"{name}.jinja").write_text(template, "utf-8")
    (tmp_path / "broken.jinja").write_text("{% if %}", "utf-8")
    report = evaluate(tmp_path, {"hermes": FAMILIES["hermes"]})
    told = {row[0]: row[4] for row in report.tables[0].rows}
    assert told == {"good": "hermes", "mute": "", "wrong": "", "broken": ""}
    assert report.figures["templates"] == 4
    assert report.figures["rendered"] == 2
    assert report.figures["round_trip"] == 1
