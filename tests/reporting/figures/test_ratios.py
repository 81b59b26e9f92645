import re

from stillroom.reporting.figures.ratios import ratios


def test_each_bar_has_its_number_and_the_description_all_of_them() -> None:
    svg = ratios("Teacher over student", [("Parameters", 71.76), ("Latency", 0.5)]).svg("r")
    assert 'aria-label="Teacher over student: Parameters 71.8 times, Latency 0.5 times"' in svg
    assert {"71.8 times", "0.5 times"} <= set(re.findall(r">([^<>]+)</text>", svg))


def test_more_bars_make_a_higher_figure_of_the_same_width() -> None:
    sizes = []
    for count in (2, 5):
        svg = ratios("t", [(f"cost {number}", 2.0) for number in range(count)]).svg("r")
        box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
        assert box is not None
        sizes.append((float(box[1]), float(box[2])))
    assert sizes[0][0] == sizes[1][0]
    assert sizes[1][1] - sizes[0][1] == 3 * 30


def test_thousands_have_no_exponent() -> None:
    assert "Energy 6,172 times" in ratios("Teacher over student", [("Energy", 6171.9)]).svg("r")
