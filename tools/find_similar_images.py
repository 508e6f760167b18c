"""`find_similar_images`: pictures of the library that look like one at hand."""

from pydantic import Field

from tools import replies
from tools.context import ToolContext
from tools.contract import Arguments, ImageHandle, ToolOutput, tool
from tools.library import Found, as_json, keep_hits, require_pictures
from tools.search_images import MAX_TOP_K


class FindSimilarImages(Arguments):
    image: ImageHandle
    top_k: int = Field(4, description="要几张，1到20", ge=1, le=MAX_TOP_K)


@tool(title_zh="找相似图片", title_en="Find similar pictures", icon="compare", roles=("clip",))
def find_similar_images(arguments: FindSimilarImages, context: ToolContext) -> ToolOutput:
    """在图库里找和某张图片相似的图片。"""
    artifact = context.find(arguments.image, "image")
    require_pictures(context.library)
    inputs = {
        "image": artifact.sha256,
        "top_k": arguments.top_k,
        "library": context.library.state(),
    }
    found = context.remembered(inputs, ("clip",), lambda: _search(arguments, context))
    handles, details = keep_hits(found, context, parents=(artifact.sha256,))
    return ToolOutput(replies.found_similar(handles), handles, details)


def _search(arguments: FindSimilarImages, context: ToolContext) -> list[Found]:
    artifact, picture = context.image(arguments.image)
    hits = context.library.search_image(picture, arguments.top_k, exclude={artifact.sha256})
    return as_json(hits)
