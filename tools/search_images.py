"""`search_images`: pictures of the library that fit a sentence."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from retrieval.library import Filters
from tools import replies
from tools.checks import Sentence
from tools.context import ToolContext
from tools.contract import Arguments, ToolOutput, tool
from tools.library import as_json, keep_hits, require_pictures
from tools.marks import Scene
from tools.recall import same_question

MAX_TOP_K = 20


class ImageFilters(Arguments):
    folder: str | None = Field(None, description="只在这个文件夹里找，如旅行", max_length=200)
    after: date | None = Field(None, description="不早于这一天，如2024-05-01")
    before: date | None = Field(None, description="不晚于这一天，如2024-05-31")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.after and self.before and self.after > self.before:
            raise PydanticCustomError(
                "contradiction",
                "after is later than before",
                {
                    "zh": f"里after（{self.after}）比before（{self.before}）晚",
                    "question": "要找的时间前后对不上。请告诉我从哪一天到哪一天。",
                },
            )
        return self


class SearchImages(Arguments):
    query: Annotated[Sentence, Scene()] = Field(
        description="要找的画面，用一句中文描述，最多200字", min_length=1, max_length=200
    )
    top_k: int = Field(4, description="要几张，1到20", ge=1, le=MAX_TOP_K)
    filters: ImageFilters | None = Field(None, description="限定范围，用户提到时才填")


@tool(title_zh="搜索图片", title_en="Search pictures", icon="image_search", roles=("clip",))
def search_images(arguments: SearchImages, context: ToolContext) -> ToolOutput:
    """按一句话在图库里找图片。"""
    require_pictures(context.library)
    filters = _filters(arguments.filters)
    inputs = {
        **arguments.model_dump(mode="json"),
        "query": same_question(arguments.query),
        "library": context.library.state(),
    }
    found = context.remembered(
        inputs,
        ("clip",),
        lambda: as_json(context.library.search_text(arguments.query, arguments.top_k, filters)),
    )
    handles, details = keep_hits(found, context)
    return ToolOutput(replies.found_images(handles), handles, details)


def _filters(given: ImageFilters | None) -> Filters | None:
    return None if given is None else Filters(**given.model_dump())
