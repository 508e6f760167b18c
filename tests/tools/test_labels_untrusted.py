"""Labels that nobody honest wrote: bounded, never an error of the parser, never taken for one."""

import json
import time
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from models.errors import UnreadableMedia
from tests.tools.test_labels import PLAIN_SOUNDS
from tools.labels import ContentLabel, label_image, new_label, read_label, write_label
from tools.labels.content import parse_label
from tools.labels.png import SIGNATURE, chunk
from tools.labels.xmp import label_of_packet, packet_with

LABEL = new_label()
JSON = LABEL.json()
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
TC260 = 'xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"'
LABELLED = {
    **{
        form: label_image(Image.new("RGB", (9, 9)), form, LABEL) for form in ("PNG", "JPEG", "WEBP")
    },
    **{form: write_label(plain, LABEL) for form, plain in PLAIN_SOUNDS.items()},
}


def packet(description: str, before: str = "") -> bytes:
    return f"{before}<rdf:RDF {RDF}>{description}</rdf:RDF>".encode()


@pytest.mark.parametrize("wrap", ['{"AIGC": %s}', '{"aigc":%s}', "\n%s\0\0", " %s"])
def test_what_other_writers_wrap_around_the_object_is_understood(wrap: str) -> None:
    assert parse_label(wrap % JSON) == LABEL


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"1",
        b"null",
        b'{"AIGC": 3}',
        b'{"AIGC": null}',
        b'{"ContentProducer": "x"}',
        b"\xff\xfe",
        b"",
        b"[" * 60_000,
        b'{"AIGC":' * 8_000,
        b'{"Label": ' + b"9" * 9_000 + b"}",
        b'{"Label": "' + b"x" * 70_000 + b'"}',
    ],
)
def test_what_is_no_object_of_the_standard_is_no_label(content: bytes) -> None:
    assert parse_label(content) is None


def test_values_of_other_types_are_left_out() -> None:
    content = {"Label": 1, "ContentProducer": ["x"], "ProduceID": None, "ReservedCode1": True}
    assert parse_label(json.dumps(content | {"Other": {}})) == ContentLabel("1", "", "", "")


def test_half_a_surrogate_pair_can_be_written_again() -> None:
    label = parse_label('{"Label": "1", "ProduceID": "\\ud800x"}')
    assert label is not None
    assert label.ProduceID == "\ufffdx"
    assert read_label(write_label(LABELLED["PNG"], label)) == label


@pytest.mark.parametrize(
    "form",
    [
        f"<rdf:Description {TC260}><TC260:AIGC>{{}}</TC260:AIGC></rdf:Description>",
        f"<rdf:Description {TC260} TC260:AIGC='{{}}'/>",
        f"<rdf:Description {TC260.replace('TC260=', 'a=')}><a:AIGC>{{}}</a:AIGC></rdf:Description>",
        f"<rdf:Description {TC260}><TC260:AIGC><![CDATA[{{}}]]></TC260:AIGC></rdf:Description>",
    ],
)
def test_every_form_that_rdf_allows_is_read_and_replaced(form: str) -> None:
    old = packet(form.replace("{}", ContentLabel(ProduceID="old").json()))
    found = label_of_packet(old)
    assert found is not None
    assert found.ProduceID == "old"
    assert label_of_packet(packet_with(LABEL, old)) == LABEL


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE x [<!ENTITY a "%s">]>' % ("lol" * 1000),
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">',
        "<!DOCTYPE x>",
    ],
)
def test_a_packet_that_declares_a_document_type_is_not_read(declaration: str) -> None:
    element = f"<rdf:Description {TC260}><TC260:AIGC>{JSON}</TC260:AIGC></rdf:Description>"
    assert label_of_packet(packet(element)) == LABEL
    assert label_of_packet(packet(element, declaration)) is None
    assert label_of_packet(packet_with(LABEL, packet("&a;", declaration))) == LABEL


@pytest.mark.parametrize(
    "hostile",
    [
        b"<a>" * 300_000,
        b"<TC260:AIGC>" * 80_000,
        b"<TC260:AIGC>" * 40_000 + b"</TC260:AIGC>" * 40_000,
        b"</" * 500_000,
        b"<a " + b"b='c' " * 150_000 + b"/>",
        b"<x:xmpmeta" * 100_000,
        b"&lt;" * 260_000,
        b"\0" * 1_000_000,
        b"<" * 2_000_000,
    ],
)
def test_a_hostile_packet_costs_little_and_gives_way_to_the_label(hostile: bytes) -> None:
    began = time.process_time()
    assert label_of_packet(hostile) is None
    assert label_of_packet(packet_with(LABEL, hostile)) == LABEL
    assert time.process_time() - began < 2


def test_a_packet_that_inflates_without_end_is_cut() -> None:
    bomb = zlib.compress(b" " * 200_000_000, 9)
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb)
    plain = LABELLED["PNG"]
    head_end = len(SIGNATURE) + 25
    began = time.process_time()
    assert read_label(plain[:head_end] + text + plain[head_end:]) == LABEL
    assert time.process_time() - began < 1


def test_lengths_that_lie_are_not_believed() -> None:
    for data in (
        SIGNATURE + b"\xff\xff\xff\xffiTXtXML:com.adobe.xmp",
        b"RIFF\xff\xff\xff\xffWAVEAIGC\xff\xff\xff\xff{",
        b"RIFF\0\0\0\0WEBPXMP \xff\xff\xff\x7f<",
        b"\xff\xd8\xff\xe1\xff\xffhttp://ns.adobe.com/xap/1.0/\0<",
        b"\xff\xd8\xff\xe1\0\0",
    ):
        assert read_label(data) is None


@given(st.data())
@settings(max_examples=250, deadline=None)
def test_a_damaged_file_has_a_label_or_none_and_takes_one_or_is_refused(
    data: st.DataObject,
) -> None:
    whole = LABELLED[data.draw(st.sampled_from(sorted(LABELLED)))]
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    places = st.tuples(st.integers(0, 500), st.integers(0, 255))
    for at, value in data.draw(st.lists(places, max_size=6)):
        if at < len(damaged):
            damaged[at] = value
    found = read_label(bytes(damaged))
    assert found is None or isinstance(found, ContentLabel)
    with suppress(UnreadableMedia):
        assert read_label(write_label(bytes(damaged), LABEL)) == LABEL


def test_pillow_agrees_that_a_relabelled_picture_is_whole() -> None:
    for form in ("PNG", "JPEG", "WEBP"):
        Image.open(BytesIO(write_label(LABELLED[form], new_label()))).load()


def test_a_png_text_called_aigc_is_read_where_there_is_no_xmp() -> None:
    sink, info = BytesIO(), PngInfo()
    info.add_text("AIGC", ContentLabel(ContentProducer="other").json())
    Image.new("RGB", (8, 8)).save(sink, "PNG", pnginfo=info)
    assert read_label(sink.getvalue()) == ContentLabel(ContentProducer="other")
    assert read_label(write_label(sink.getvalue(), LABEL)) == LABEL
