"""Files are written whole or not at all, and nothing that exists is lost."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from style_helpers import files, images
from style_helpers.files import FileError
from style_helpers.images import PictureError

ROOT = Path(__file__).resolve().parents[1]


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
    assert_refused(lambda: images.save(picture, path), "out.png'", "exists already", "another name")
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
    for settings in ({"settings are text": None}, {"ключ": "a"}, {"": "a"}, {"a\0": "a"}):
        assert_refused(lambda settings=settings: images.save(picture, tmp_path / "new.png", settings), "plain letters")
    # The picture is written beside its place, and then cannot be given this name
    assert_refused(lambda: images.save(picture, tmp_path / f"{'n' * 300}.png"), "cannot be written", tmp_path.name)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"precious"


def refusing(*_):  # as Windows does while another program reads the folder, and as a stick's file system has no links
    raise PermissionError(13, "Permission denied")


def no_links(monkeypatch):
    monkeypatch.setattr(os, "link", refusing)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_save_that_fails_at_the_last_moment_leaves_no_empty_file(tmp_path, picture, monkeypatch, overwrite):
    no_links(monkeypatch)
    for name in ("replace", "rename"):
        monkeypatch.setattr(os, name, refusing)
    save = lambda: images.save(picture, tmp_path / "out.png", overwrite=overwrite)  # noqa: E731
    assert_refused(save, "out.png'", "Permission denied")
    assert list(tmp_path.iterdir()) == []


def test_where_there_are_no_links_a_name_is_taken_all_the_same(tmp_path, monkeypatch):
    no_links(monkeypatch)
    path = files.write(tmp_path / "out.png", b"first")
    assert_refused(lambda: files.write(path, b"second"), "exists already")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="POSIX: a process that is killed where it stands")
@pytest.mark.parametrize("moment", ["link", "unlink"])
def test_a_kill_at_the_last_moment_leaves_no_empty_file_and_the_next_write_sweeps(tmp_path, moment):
    code = (
        f"import os; os.{moment} = lambda *_, **__: os.kill(os.getpid(), 9)\n"
        f"from style_helpers import files; files.write({str(tmp_path / 'out.png')!r}, b'whole')"
    )
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == -9
    left = list(tmp_path.iterdir())
    assert {path.read_bytes() for path in left} == {b"whole"}
    (part,) = [path for path in left if files.is_left_over(path)]
    files.write(tmp_path / "another.png", b"")
    assert part.exists()  # it may belong to a program at work
    os.utime(part, (0, 0))
    (tmp_path / ".mine.part").touch()
    os.utime(tmp_path / ".mine.part", (0, 0))
    files.write(tmp_path / "third.png", b"")
    assert not part.exists()
    assert (tmp_path / ".mine.part").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither such files nor such modes")
def test_what_is_no_ordinary_file_is_never_replaced_and_a_files_mode_is_kept(tmp_path, picture):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "null.png").symlink_to(os.devnull)
    for name in ("pipe.png", "null.png"):
        check = lambda path=tmp_path / name: files.check(path, images.WRITTEN, overwrite=True)  # noqa: E731
        assert_refused(check, "not an ordinary file")
        save = lambda path=tmp_path / name: images.save(picture, path, overwrite=True)  # noqa: E731
        assert_refused(save, "not an ordinary file")
    path = tmp_path / "private.png"
    path.touch(0o600)
    images.save(picture, path, overwrite=True)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_name_with_a_nul_is_refused_in_a_sentence(tmp_path, picture):
    assert_refused(lambda: files.check(tmp_path / "a\0.png", images.WRITTEN), r"'a\x00.png'", "null")
    assert_refused(lambda: images.save(picture, tmp_path / "a\0.png"), r"'a\x00.png'")
    assert_refused(lambda: images.load(f"{tmp_path}/a\0.png"), r"a\x00.png'", "no file", error=PictureError)


def test_settings_too_long_for_a_jpeg_are_refused(tmp_path, picture):
    most = {"Settings": "s" * (images.JPEG_COMMENT - len('{"Settings": ""}'))}
    saved = images.save(picture, tmp_path / "out.jpg", most)
    with Image.open(saved) as out:
        assert json.loads(out.info["comment"]) == most
    more = {"Settings": most["Settings"] + "s"}
    assert_refused(lambda: images.save(picture, tmp_path / "more.jpg", more), "65534 bytes", "PNG")
    images.save(picture, tmp_path / "more.png", more)


def test_elsewhere_are_new_names_beside_in_the_temporary_folder_and_at_home(tmp_path):
    named = files.elsewhere(tmp_path / f"{'long' * 60}.png")
    assert [path.parent for path in named] == [tmp_path, Path(tempfile.gettempdir()), Path.home()]
    assert all(path.suffix == ".png" and len(path.name) < 60 for path in named)
    assert named != files.elsewhere(tmp_path / f"{'long' * 60}.png")


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
    "file as folder": ("file/out.png", ["is no folder", "file'"]),
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
