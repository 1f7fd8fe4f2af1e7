"""Files are written whole or not at all, and nothing that exists is lost."""

import os
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from style_helpers import files, images
from style_helpers.files import FileError
from style_helpers.images import PictureError


def assert_refused(act, *words: str, error=FileError):
    with pytest.raises(error) as caught:
        act()
    message = str(caught.value)
    assert message.endswith(".")
    assert len(message.splitlines()) == 1
    for word in words:
        assert word in message


@pytest.fixture
def picture():
    return images.from_pil(Image.fromarray(random_levels()))


def random_levels():
    return np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)


def test_an_existing_file_is_kept_unless_told(tmp_path, picture):
    path = tmp_path / "out.png"
    path.write_bytes(b"precious")
    assert_refused(lambda: images.save(picture, path), "out.png'", "exists already", "--force")
    assert path.read_bytes() == b"precious"
    images.save(picture, path, overwrite=True)
    np.testing.assert_array_equal(np.asarray(images.open_picture(path)), random_levels())
    assert list(tmp_path.iterdir()) == [path]


def test_a_save_that_fails_leaves_everything_as_it_was(tmp_path, picture):
    path = tmp_path / "out.png"
    path.write_bytes(b"precious")
    assert_refused(lambda: images.save(torch.zeros(1, 3), path, overwrite=True), "shape", error=PictureError)
    assert_refused(lambda: images.save(picture * float("nan"), path, overwrite=True), "NaN", error=PictureError)
    assert_refused(lambda: images.save(torch.zeros(1, 1, 8, 8), tmp_path / "new.png"), "shape", error=PictureError)
    with pytest.raises((TypeError, AttributeError)):
        images.save(picture, tmp_path / "new.png", {"settings are text": None})
    # The picture is written beside its place, and then cannot be given this name
    assert_refused(lambda: images.save(picture, tmp_path / f"{'n' * 300}.png"), "cannot be written", tmp_path.name)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"precious"


def test_a_save_that_fails_at_the_last_moment_leaves_no_empty_file(tmp_path, picture, monkeypatch):
    def locked(*paths):  # as Windows does while another program reads the folder
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", locked)
    assert_refused(lambda: images.save(picture, tmp_path / "out.png"), "out.png'", "Permission denied")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("again", range(20))
def test_of_many_saving_at_once_under_one_name_exactly_one_wins(again, tmp_path):
    path = tmp_path / "out.png"
    start = threading.Barrier(8)
    winners, losers = [], []

    def save(level: int) -> None:
        start.wait()
        try:
            images.save(torch.full((3, 20, 20), level / 255), path)
            winners.append(level)
        except FileError as error:
            losers.append(str(error))

    threads = [threading.Thread(target=save, args=(level,)) for level in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 1
    assert len(losers) == 7
    assert all("exists already" in message for message in losers)
    assert images.open_picture(path).getpixel((0, 0)) == (winners[0],) * 3
    assert list(tmp_path.iterdir()) == [path]


def test_a_saved_file_may_be_read_by_whoever_may_read_other_new_files(tmp_path, picture):
    (tmp_path / "ordinary").touch()
    saved = images.save(picture, tmp_path / "out.png")
    assert saved.stat().st_mode == (tmp_path / "ordinary").stat().st_mode


PLACES = {
    "folder missing": ("nowhere/out.png", ["no folder", "nowhere'", "make it first"]),
    "file as folder": ("file/out.png", ["no folder", "file'"]),
    "a folder": ("folder.png", ["is a folder"]),
    "no name": ("", ["is a folder"]),
    "no ending": ("out", [".png"]),
    "another ending": ("out.gif", ["out.gif'", ".png"]),
    "taken": ("taken.png", ["exists already"]),
    "name too long": ("n" * 300 + ".png", ["cannot be written"]),
}


@pytest.mark.parametrize("place", PLACES)
def test_places_that_cannot_be_written_are_refused_before_and_after_the_run(tmp_path, picture, place):
    name, words = PLACES[place]
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "taken.png").write_bytes(b"precious")
    before = sorted(tmp_path.rglob("*"))
    assert_refused(lambda: files.check(tmp_path / name, images.WRITTEN), *words)
    assert_refused(lambda: images.save(picture, tmp_path / name), *words)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "taken.png").read_bytes() == b"precious"


def test_check_allows_what_save_can_do_and_leaves_no_trace(tmp_path, monkeypatch):
    (tmp_path / "taken.png").write_bytes(b"precious")
    files.check(tmp_path / "new.png", images.WRITTEN, inputs=[tmp_path / "taken.png", tmp_path / "missing.jpg"])
    files.check(tmp_path / "taken.png", images.WRITTEN, overwrite=True)
    monkeypatch.chdir(tmp_path)
    files.check("new.jpg", images.WRITTEN)
    assert [path.name for path in tmp_path.iterdir()] == ["taken.png"]
    assert (tmp_path / "taken.png").read_bytes() == b"precious"


@pytest.mark.parametrize("spelling", ["same", "roundabout", "hard link", "other link", "relative"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_an_input_is_never_the_output(tmp_path, monkeypatch, spelling, overwrite):
    source = tmp_path / "photo.png"
    source.write_bytes(b"precious")
    (tmp_path / "folder").mkdir()
    os.link(source, tmp_path / "hard.png")
    (os.link if os.name == "nt" else os.symlink)(source, tmp_path / "other.png")  # Windows reserves symbolic links
    monkeypatch.chdir(tmp_path)
    output = {
        "same": source,
        "roundabout": tmp_path / "folder" / ".." / "photo.png",
        "hard link": tmp_path / "hard.png",
        "other link": tmp_path / "other.png",
        "relative": "photo.png",
    }[spelling]
    inputs = ["missing.jpg", str(source)]
    assert_refused(lambda: files.check(output, images.WRITTEN, inputs, overwrite), "used for something else")
    assert source.read_bytes() == b"precious"


def test_a_file_named_for_two_outputs_is_refused_though_neither_exists(tmp_path):
    assert_refused(
        lambda: files.check(tmp_path / "a.csv", (".csv",), [tmp_path / "b" / ".." / "a.csv", tmp_path / "a.csv"]),
        "used for something else",
    )


def test_odd_characters_in_a_name_are_written_out():
    assert files.quote("a\x1b[31m\nb") == "'a\\x1b[31m\\nb'"
    assert files.quote("颐和园 'x'.png") == "'颐和园 'x'.png'"
