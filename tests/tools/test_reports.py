import pytest

from tools import replies
from tools.reports import reported, sentence


@pytest.mark.parametrize(
    ("name", "arguments", "result", "said"),
    [
        (
            "search_images",
            {"query": "桥"},
            replies.found_images(["img-1", "img-2", "img-3"]),
            "找到3张图，img-1 到 img-3，都在上面了。",
        ),
        ("search_images", {"query": "桥"}, replies.found_images([]), "没有找到相符的图片。"),
        (
            "find_similar_images",
            {"image": "img-9"},
            replies.found_similar(["img-1", "img-2"]),
            "找到2张相似的图，img-1、img-2，都在上面了。",
        ),
        ("generate_image", {"prompt": "塔"}, replies.generated(["img-4"]), "画好了，img-4。"),
        ("edit_image", {"image": "img-4"}, replies.edited("img-4", "img-5"), "改好了，img-5。"),
        ("speak", {"text": "好"}, replies.spoken("aud-1", 1.0), "读好了，aud-1。"),
        ("ask_image", {"image": "img-1"}, replies.answered("夏天。"), "夏天。"),
        ("ask_image", {"image": "img-1"}, replies.answered("夏天"), "夏天。"),
        (
            "read_text",
            {"image": "img-1"},
            replies.text_in_image("img-1", ["小心", "台阶"]),
            "img-1上写着：小心，台阶。",
        ),
        ("read_text", {"image": "img-1"}, replies.text_in_image("img-1", []), "img-1里没有文字。"),
        ("transcribe_audio", {}, replies.transcribed("aud-1", "明天见"), "录音里说：明天见。"),
        ("transcribe_audio", {}, replies.transcribed("aud-1", ""), "aud-1里没有听到说话。"),
        (
            "score_image",
            {"image": "img-1", "text": "红狐狸"},
            replies.scored("img-1", 1.5, 0.6),
            "img-1和“红狐狸”的图文分是1.50。",
        ),
        ("a_tool_of_yours", {}, "温度：21度", "温度：21度。"),
    ],
)
def test_a_result_is_said_to_a_person(
    name: str, arguments: dict[str, str], result: str, said: str
) -> None:
    assert sentence(name, arguments, result) == said


def test_an_answer_speaks_of_the_latest_steps() -> None:
    asked = [("ask_image", {}, replies.answered(f"第{n}。")) for n in range(5)]
    assert reported(asked) == "第2。第3。第4。"
