from training.llm.overlap import grams, shared


def test_runs_of_characters_leave_out_punctuation_and_attachments() -> None:
    assert grams("[img-1]海边，的猫", 3) == {"海边的", "边的猫"}


def test_a_case_is_named_with_what_it_shares() -> None:
    cases = {"a": ["帮我找海边的猫"], "b": ["今天天气真不错"]}
    assert shared(cases, ["我想找海边的猫吗"], 5) == {"a": {"找海边的猫"}}


def test_short_texts_share_nothing() -> None:
    assert shared({"a": ["猫"]}, ["猫"], 4) == {}
