"""The wall on the Python side: what it shows, and what becomes of a damaged bundle. Its front: test_front_wall.py."""

import pytest

from style_helpers.panels.bundled import COMMAND, FOLDER
from style_helpers.panels.wall import HUNG, MEASURED, PAIRS, STATISTICS, Wall, judges, names, settings
from style_helpers.settings import CHOICES
from tests.panels.fake_runs import copied_bundle, index


@pytest.mark.parametrize("number", range(len(PAIRS)))
def test_it_shows_the_bundled_pictures_of_its_pair_with_the_numbers_of_each_judge(number):
    paths = [path.name for path in PAIRS[number]]
    listed = [each for each in index()["wall"]["pictures"] if [each["content"], each["style"]] == paths]
    of = {each["statistic"]: each for each in listed}
    wall = Wall(number)
    for statistic, shown in zip(HUNG[number], wall.pictures, strict=True):
        each = of.pop(statistic)
        assert shown["picture"] == (FOLDER / each["file"]).read_bytes()
        assert shown["name"] == names()[each["statistic"]]
        assert shown["numbers"] == {judge: each[judge] for judge in MEASURED}
    assert not of
    assert [judge["name"] for judge in wall.judges] == list(MEASURED)
    assert wall.problem == ""


def test_nothing_that_is_read_or_heard_tells_whose_picture_it_is():
    for each in Wall().pictures:
        assert not any(name in each["words"] for name in names().values())


def test_a_letter_stands_for_another_idea_on_each_wall():
    assert all(set(hung) == set(STATISTICS) for hung in HUNG)
    assert all(len({*ideas}) == len(PAIRS) for ideas in zip(*HUNG, strict=True))


@pytest.mark.parametrize("number", [-1, 2, "astronaut.jpg"])
def test_a_number_of_no_photograph_is_one_sentence(number):
    with pytest.raises(ValueError, match=r"Wall\(.*\) has no pictures: give the number of a photograph, 0 or 1\."):
        Wall(number)


def test_all_statistics_hang_and_differ_in_nothing_else():
    assert set(STATISTICS) == set(names()) == set(CHOICES["statistic"])
    assert list(judges()) == list(MEASURED)
    assert {settings(each).replace(statistic="gram") for each in STATISTICS} == {settings("gram")}


def test_on_a_page_nothing_hangs_yet():
    wall = Wall()
    wall.order, wall.pair = [2, 0, 1, 3], [1, 3]
    assert (wall.recorded()["order"], wall.recorded()["pair"]) == ([], [0, 1])


def test_a_missing_picture_is_one_sentence(tmp_path):
    copied_bundle(tmp_path)
    (tmp_path / index()["wall"]["pictures"][1]["file"]).unlink()
    wall = Wall(folder=tmp_path)
    assert wall.pictures == []
    assert f"missing or damaged: run {COMMAND} in" in wall.problem
