"""What a model made is kept with its label and its lineage."""

import numpy as np
from PIL import Image

from tests.tools.conftest import attach, png
from tools.context import ToolContext
from tools.labels import ContentLabel, read_label, write_label


def test_a_made_picture_is_labelled_and_says_where_it_comes_from(context: ToolContext) -> None:
    parent, _ = context.image(attach(context, png("red")))
    with context.calling("edit_image", {"instruction": "改成夜景"}) as call:
        picture = Image.new("RGB", (20, 10), "navy")
        handle = call.keep_image(
            picture, role="clip", name="夜景", seed=7, parents=(parent.sha256,)
        )
    artifact, shown = context.image(handle)
    label = read_label(context.artifacts.path(artifact.sha256))
    assert artifact.label
    assert label == ContentLabel(ProduceID=label.ProduceID if label else "")
    assert shown.getpixel((3, 3)) == (0, 0, 128)
    lineage = artifact.lineage
    assert (lineage.tool, lineage.checkpoint, lineage.seed) == ("edit_image", "tiny-clip", 7)
    assert lineage.parents == (parent.sha256,)
    assert lineage.arguments == {"instruction": "改成夜景"}


def test_two_equal_pictures_are_two_files(context: ToolContext) -> None:
    handles = [
        context.keep_image(Image.new("RGB", (8, 8)), role="clip", name="x") for _ in range(2)
    ]
    first, second = (context.image(handle)[0] for handle in handles)
    assert first.sha256 != second.sha256


def test_what_another_producer_wrote_about_the_original_stays(context: ToolContext) -> None:
    theirs = ContentLabel(ContentProducer="别家", ProduceID="7", ReservedCode1="签名")
    parent, _ = context.image(attach(context, write_label(png("red"), theirs)))
    handle = context.keep_image(
        Image.new("RGB", (8, 8)), role="clip", name="x", parents=(parent.sha256,)
    )
    label = read_label(context.artifacts.path(context.image(handle)[0].sha256))
    assert label is not None
    assert (label.ContentProducer, label.ProduceID, label.ReservedCode1) == ("别家", "7", "签名")
    assert label.ContentPropagator == "Duomo"
    assert label.PropagateID


def test_a_made_sound_is_labelled(context: ToolContext) -> None:
    handle = context.keep_sound(np.zeros(8000, np.float32), 8000, role="tts", name="声音")
    artifact, path = context.audio(handle)
    assert artifact.label
    assert artifact.seconds == 1
    assert read_label(path)


def test_a_preview_is_labelled_and_has_no_handle(context: ToolContext) -> None:
    preview = context.keep_preview(Image.new("RGB", (8, 8)))
    assert preview.label
    assert context.artifacts.handles(context.conversation_id) == []
