from models.roles.reading_order import Span, reading_order

Box = tuple[float, float, float, float]


def order(*boxes: Box) -> list[int]:
    return reading_order([Span(index, *box) for index, box in enumerate(boxes)])


def test_nothing_to_read() -> None:
    assert order() == []


def test_rows_from_the_top_each_from_the_left() -> None:
    assert order((100, 50, 150, 70), (0, 52, 50, 72), (0, 0, 150, 20)) == [2, 1, 0]


def test_a_form_is_read_row_by_row() -> None:
    labels = [(0, 30 * n, 60, 30 * n + 20) for n in range(4)]
    values = [(100, 30 * n, 180, 30 * n + 20) for n in range(4)]
    assert order(*labels, *values) == [0, 4, 1, 5, 2, 6, 3, 7]


def test_columns_of_text_are_read_one_after_the_other() -> None:
    left = [(0, 30 * n, 200, 30 * n + 20) for n in range(4)]
    right = [(240, 30 * n + 7, 440, 30 * n + 27) for n in range(4)]  # not on the same lines
    assert order(*right, *left) == [4, 5, 6, 7, 0, 1, 2, 3]


def test_three_columns() -> None:
    columns = [(240 * c, 30 * n, 240 * c + 200, 30 * n + 20) for c in range(3) for n in range(3)]
    assert order(*columns) == list(range(9))


def test_a_heading_above_and_a_line_below_stay_there() -> None:
    left = [(0, 30 * n, 200, 30 * n + 20) for n in range(2, 5)]
    right = [(240, 30 * n, 440, 30 * n + 20) for n in range(2, 5)]
    assert order((100, 0, 340, 30), *right, (0, 200, 440, 220), *left) == [0, 5, 6, 7, 1, 2, 3, 4]


def test_vertical_columns_run_from_right_to_left() -> None:
    assert order((0, 0, 20, 200), (40, 0, 60, 200), (80, 0, 100, 90), (80, 110, 100, 200)) == [
        2,
        3,
        1,
        0,
    ]


def test_a_slanted_row_stays_a_row() -> None:
    assert order((200, 12, 290, 32), (0, 0, 90, 20), (100, 6, 190, 26)) == [1, 2, 0]
