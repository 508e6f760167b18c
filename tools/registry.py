"""Finds the tools by scanning this package; names sorted, so that prompts stay stable."""

import importlib
import pkgutil
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import tools
from tools.contract import Tool


class DuplicateTool(RuntimeError):
    """Two tools of one name: a mistake in the code, found when the engine starts."""


def discover() -> dict[str, Tool]:
    """Every tool of the package, name → tool, sorted by name."""
    return collect(_scan())


def schemas() -> dict[str, dict[str, Any]]:
    """Name → OpenAI function schema of every tool, sorted by name."""
    return {name: schema(tool) for name, tool in discover().items()}


def collect(found: Iterable[Tool]) -> dict[str, Tool]:
    """Name → tool, sorted by name; `DuplicateTool` when two share one."""
    by_name: dict[str, Tool] = {}
    for tool in found:
        if tool.name in by_name:
            raise DuplicateTool(f"{tool.name}: {by_name[tool.name].module} and {tool.module}")
        by_name[tool.name] = tool
    return dict(sorted(by_name.items()))


def _scan() -> Iterator[Tool]:
    for info in pkgutil.iter_modules(tools.__path__, prefix="tools."):
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            # A module that imports another's tool does not register it again.
            if isinstance(value, Tool) and value.module == info.name:
                yield value


def schema(tool: Tool) -> dict[str, Any]:
    """`tool` as an OpenAI function schema: Chinese descriptions, bounds, defaults, no `$ref`."""
    parameters = _parameters(tool, (*_NOISE, *_LENGTHS))
    function = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": function}


def form_schema(tool: Tool) -> dict[str, Any]:
    """The arguments of `tool` as a JSON schema for a person's form: lengths of texts too."""
    return _parameters(tool, _NOISE)


def _parameters(tool: Tool, noise: Collection[str]) -> dict[str, Any]:
    full = tool.arguments.model_json_schema()
    compact = _compact(full, full.get("$defs", {}), noise)
    return {
        "type": "object",
        "properties": compact.get("properties", {}),
        "required": compact.get("required", []),
    }


# Tokens that tell a model nothing; and lengths of strings, which a grammar would have to count
# character by character: validation checks those, the descriptions say them.
_NOISE = ("title", "$defs", "additionalProperties")
_LENGTHS = ("minLength", "maxLength")


def _compact(node: Any, definitions: dict[str, Any], noise: Collection[str]) -> Any:
    """Inline `$ref`, fold `X | None` into X, drop pydantic's titles and null defaults."""
    if isinstance(node, list):
        return [_compact(item, definitions, noise) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        own = {key: value for key, value in node.items() if key != "$ref"}
        return _compact({**target, **own}, definitions, noise)
    if "anyOf" in node and (folded := _fold_optional(node)) is not node:
        return _compact(folded, definitions, noise)
    properties = node.get("properties", {})
    compact = {
        key: _compact(value, definitions, noise)
        for key, value in node.items()
        if key not in (*noise, "properties") and not (key == "default" and value is None)
    }
    if properties:  # names of arguments are not noise, even when one is called `title`
        compact["properties"] = {
            name: _compact(value, definitions, noise) for name, value in properties.items()
        }
    return compact


def _fold_optional(node: dict[str, Any]) -> dict[str, Any]:
    choices = [choice for choice in node["anyOf"] if choice != {"type": "null"}]
    if len(choices) != 1:
        return node
    return {**choices[0], **{key: value for key, value in node.items() if key != "anyOf"}}
