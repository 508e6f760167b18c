"""pydantic's error list → one short Chinese hint for the model, one question for the person.

A validator of our own raises `PydanticCustomError` with the Chinese words in its context: `zh`
for the hint, `question` where the general one would not do.
"""

from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from models.errors import ToolRetry
from tools.checks import handle_fields
from tools.handles import which

_TYPES_ZH = {
    "int": "整数",
    "float": "数字",
    "string": "文字",
    "bool": "true 或 false",
    "list": "列表",
    "dict": "对象",
    "model": "对象",
    "date": "日期，如2024-05-01",
}
_SHOWN = 3  # hints past the third only cost the model tokens


def retry_from(error: ValidationError, model: type[BaseModel]) -> ToolRetry:
    """The first few problems of `error`, each in one Chinese clause, as a `ToolRetry`."""
    problems = error.errors(include_url=False, include_context=True)[:_SHOWN]
    return ToolRetry(
        "；".join(_zh(problem, model) for problem in problems) + "。",
        "; ".join(f"{_path(problem)}: {problem['msg']}" for problem in problems) + ".",
        question=_question(problems[0], model),
    )


def _question(problem: ErrorDetails, model: type[BaseModel]) -> str:
    """What only the person can say, in the words of the argument's description."""
    if question := problem.get("ctx", {}).get("question"):
        return str(question)
    name = str(problem["loc"][0]) if problem["loc"] else ""
    field = model.model_fields.get(name)
    if field is None or not field.description:
        return ""
    if problem["type"] in _ABSENT and (kind := handle_fields(model).get(name)):
        return which(kind, ())
    if problem["type"] in _ABSENT:
        return f"还差一样，请告诉我：{field.description.partition('，')[0]}。"
    return f"这里只能是：{field.description}。请换一个再说。"


_ABSENT = ("missing", "string_too_short", "no_words")


def _path(problem: ErrorDetails) -> str:
    return ".".join(str(part) for part in problem["loc"]) or "arguments"


def _zh(problem: ErrorDetails, model: type[BaseModel]) -> str:
    name, kind, context = _path(problem), problem["type"], problem.get("ctx", {})
    if kind == "missing":
        return f"缺少参数{name}"
    if kind == "extra_forbidden":
        known = "" if "." in name else f"，可用的参数：{'、'.join(model.model_fields)}"
        return f"没有参数{name}{known}"
    if kind in _BOUNDS_ZH:
        return f"{name}{_BOUNDS_ZH[kind].format(**context)}{_given(problem)}"
    if kind in ("literal_error", "enum"):
        return f"{name}只能是{context['expected'].replace(' or ', '、').replace(', ', '、')}"
    if "zh" in context:
        return f"{name if problem['loc'] else ''}{context['zh']}"
    if kind == "value_error":
        return f"{name}：{context['error']}"
    return f"{name}应为{_TYPES_ZH.get(kind.partition('_')[0], '别的类型')}{_given(problem)}"


_BOUNDS_ZH = {
    "greater_than_equal": "不能小于{ge}",
    "greater_than": "要大于{gt}",
    "less_than_equal": "不能大于{le}",
    "less_than": "要小于{lt}",
    "string_too_short": "不能少于{min_length}个字",
    "string_too_long": "不能超过{max_length}个字",
    "too_short": "不能少于{min_length}项",
    "too_long": "不能超过{max_length}项",
    "string_pattern_mismatch": "格式不对，应合{pattern}",
}


def _given(problem: ErrorDetails) -> str:
    """The offending number, when it is one: long values only repeat the model's own text."""
    value: Any = problem["input"]
    return f"（现在是{value}）" if isinstance(value, (int, float)) else ""
