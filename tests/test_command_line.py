"""The command line as a user types it: what it writes, what it says, and what it does with everything that is wrong.

Bad input is tested inside this process, through `main`: it is the same code, and spares the import of torch each time.
"""

import contextlib
import csv
import json
import math
import os
import re
import signal
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from style_helpers import devices, weights
from style_helpers.__main__ import main
from style_helpers.objective import StyleObjective
from style_helpers.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
FAST = ("--network", "alexnet", "--size", "64", "--evaluations", "1")
NOWHERE = "http://127.0.0.1:9"  # the port named "discard": nothing listens there
LACKING = next(kind for kind in ("cuda", "mps", "xpu") if kind not in devices.available())


def picture(width: int, height: int, seed=0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder with content.png, style.jpg and notes.txt, which is the current one."""
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    picture(90, 70).save("content.png")
    picture(66, 80, seed=1).save("style.jpg")
    Path("notes.txt").write_text("Do not forget the milk.")
    return folder


@pytest.fixture
def nothing_in_reach(tmp_path, monkeypatch):
    """No weights on this computer, and no network to fetch them from."""
    for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("STYLE_HELPERS_WEIGHTS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{NOWHERE}/simple/")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("https_proxy", NOWHERE)


def environment(**changes) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"} | changes


def command_line(*arguments, **changes) -> subprocess.CompletedProcess:
    """A run in a process of its own, in the current folder."""
    command = [sys.executable, "-m", "style_helpers", *arguments]
    return subprocess.run(command, env=environment(**changes), capture_output=True, encoding="utf-8", timeout=120)


def code_of(*arguments) -> int:
    """The exit code of a run inside this process."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as exit:  # argparse's way to end
        return exit.code


def files_in(folder: Path) -> dict:
    """Every file with what is in it, and every folder."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def assert_refused(capsys, *arguments, says=(), code=2) -> str:
    """Exit code 2, one sentence that holds the words of `says`, and every file as it was before."""
    before = files_in(Path.cwd())
    assert code_of(*arguments) == code
    assert files_in(Path.cwd()) == before
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert shown.err.endswith(".\n")
    assert "Traceback" not in shown.err
    for word in says:
        assert word in shown.err
    return shown.err


# What is written


def test_a_run_writes_the_picture_its_settings_and_the_losses(folder):
    arguments = ("--network", "alexnet", "--size", "64", "--evaluations", "4", "--style-weight", "300", "--seed", "7")
    done = command_line("stylize", "content.png", "style.jpg", "out.png", *arguments, "--losses", "out.csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "out.png: All 4 evaluations are done.\n"
    assert re.search(r"4/4 evaluations, total [\d.]+, 00:00 left", done.stderr)  # the bar, with the time left

    with Image.open("out.png") as out:
        assert (out.format, out.mode, out.size) == ("PNG", "RGB", (82, 64))
        text = out.text
    assert text["Software"].startswith("style_helpers ")
    about = {"Content": "content.png", "Style": "style.jpg", "Preset": "gatys", "Size": "64", "Evaluations": "4"}
    assert about.items() <= text.items()
    settings = json.loads(text["Settings"])
    assert settings == json.loads(json.dumps(vars(
        Settings.gatys(network="alexnet", evaluations=4, style_weight=300.0, seed=7)
    )))  # fmt: skip

    lines = Path("out.csv").read_text().splitlines()
    assert lines[0] == "evaluation,scale,seconds,total,content,style"
    rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(lines)]
    assert [row["evaluation"] for row in rows] == [1, 2, 3, 4]
    assert [row["scale"] for row in rows] == [64] * 4
    assert sorted(row["seconds"] for row in rows) == [row["seconds"] for row in rows]
    for row in rows:
        assert all(math.isfinite(value) and value >= 0 for value in row.values())
        assert row["total"] >= (row["content"] + row["style"]) * (1 - 1e-6)  # the pixel range adds to it
    assert rows[0]["content"] == 0  # it starts from the content picture
    assert rows[0]["total"] == pytest.approx(rows[0]["style"])
    assert rows[-1]["total"] < rows[0]["total"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "content.png",
        "notes.txt",
        "out.csv",
        "out.png",
        "style.jpg",
    ]


def test_in_the_tutorial_the_total_is_content_and_style(folder):
    options = ("--network", "alexnet", "--size", "64", "--evaluations", "3", "--losses", "out.csv")
    assert code_of("stylize", "content.png", "style.jpg", "out.png", "--preset", "tutorial", *options) == 0
    rows = list(csv.DictReader(Path("out.csv").read_text().splitlines()))
    assert len(rows) == 3
    for row in rows:
        assert float(row["total"]) == pytest.approx(float(row["content"]) + float(row["style"]), rel=1e-6)


def test_the_settings_are_kept_in_a_jpeg_too(folder):
    assert code_of("stylize", "content.png", "style.jpg", "out.jpg", *FAST) == 0
    with Image.open("out.jpg") as out:
        assert out.size == (82, 64)
        comment = json.loads(out.info["comment"])
    assert comment["Style"] == "style.jpg"
    assert json.loads(comment["Settings"])["network"] == "alexnet"


def test_the_folders_of_the_user_are_not_written_into_the_picture(folder):
    assert code_of("stylize", folder / "content.png", folder / "style.jpg", folder / "out.png", *FAST) == 0
    assert str(folder).encode() not in Path("out.png").read_bytes()


def test_the_same_seed_gives_the_same_noise(folder):
    for name, seed in (("a.png", 1), ("b.png", 1), ("c.png", 2)):
        assert code_of("stylize", "content.png", "style.jpg", name, *FAST, "--start", "noise", "--seed", seed) == 0
    pixels = {name: np.asarray(Image.open(name)) for name in ("a.png", "b.png", "c.png")}
    np.testing.assert_array_equal(pixels["a.png"], pixels["b.png"])
    assert (pixels["a.png"] != pixels["c.png"]).any()


def test_weight_zero_leaves_the_content_alone(folder):
    options = (*FAST, "--style-weight", "0", "--losses", "out.csv")
    assert code_of("stylize", "content.png", "style.jpg", "out.png", *options) == 0
    (row,) = csv.DictReader(Path("out.csv").read_text().splitlines())
    assert float(row["style"]) == 0


def test_force_replaces_what_exists(folder):
    for name in ("out.png", "out.csv"):
        Path(name).write_text("something of mine")
    options = (*FAST, "--losses", "out.csv", "--force")
    assert code_of("stylize", "content.png", "style.jpg", "out.png", *options) == 0
    with Image.open("out.png") as out:
        assert out.size == (82, 64)
    assert Path("out.csv").read_text().startswith("evaluation,")


# Good pictures of every kind


def grey_16bit() -> Image.Image:
    return Image.fromarray(np.arange(80 * 70, dtype=np.uint16).reshape(70, 80) * 11)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("16-bit.png", grey_16bit),
        ("cmyk.jpg", lambda: picture(80, 70).convert("CMYK")),
        ("palette.png", lambda: picture(80, 70).convert("P")),
        ("grey.png", lambda: picture(80, 70).convert("L")),
        ("rgba.png", lambda: picture(80, 70).convert("RGBA")),
        ("two words and 'quotes'.png", lambda: picture(80, 70)),
        ("颐和园 佛香阁.png", lambda: picture(80, 70)),
    ],
)
def test_a_picture_of_this_kind_works_as_content_and_as_style(folder, capsys, name, make):
    make().save(name)
    out = f"painted {Path(name).stem}.png"
    assert code_of("stylize", name, name, out, *FAST) == 0
    assert capsys.readouterr().out == f"{out}: All 1 evaluations are done.\n"
    with Image.open(out) as written:
        assert written.size == (73, 64)
        assert written.text["Content"] == written.text["Style"] == name


def test_names_that_the_terminal_cannot_show_work(folder):
    done = command_line("stylize", "content.png", "style.jpg", "颐和园.png", *FAST, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "\\u9890\\u548c\\u56ed.png: All 1 evaluations are done.\n"
    assert Path("颐和园.png").is_file()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes no such name, so no file can have one")
def test_a_name_that_is_not_text_works(folder):
    name = "caf\udce9.png"  # on Linux the byte E9, as an old Latin-1 name has it
    picture(80, 70).save(name)
    assert code_of("stylize", name, "style.jpg", "out.png", *FAST) == 0
    with Image.open("out.png") as out:
        assert out.text["Content"] == "caf\\udce9.png"


# Bad pictures


def png_that_claims(width: int, height: int) -> bytes:
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def jpeg_cut_short() -> bytes:
    picture(200, 200).save("whole.jpg")
    whole = Path("whole.jpg").read_bytes()
    return whole[: len(whole) // 2]


def one_pixel() -> bytes:
    picture(1, 1).save("one.png")
    return Path("one.png").read_bytes()


@pytest.mark.parametrize(
    ("name", "make", "word"),
    [
        ("empty.jpg", lambda: b"", "empty"),
        ("cut.jpg", jpeg_cut_short, "cut short"),
        ("text.jpg", lambda: b"These are words, not pixels.", "not a picture"),
        ("drawing.svg", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>', "SVG"),
        ("tiny.png", one_pixel, "at least 16"),
        ("huge.png", lambda: png_that_claims(20_000, 20_000), "20000 x 20000"),
    ],
)
def test_a_bad_picture_is_refused(folder, capsys, name, make, word):
    Path(name).write_bytes(make())
    assert_refused(capsys, "stylize", name, "style.jpg", "out.png", *FAST, says=(f"{name}'", word))
    assert_refused(capsys, "stylize", "content.png", name, "out.png", *FAST, says=(f"{name}'", word))


def test_a_picture_that_is_not_there_is_refused(folder, capsys):
    assert_refused(capsys, "stylize", "no.jpg", "style.jpg", "out.png", *FAST, says=("no.jpg'", "no file"))
    assert_refused(capsys, "stylize", "content.png", "no.jpg", "out.png", *FAST, says=("no.jpg'", "no file"))
    assert_refused(capsys, "stylize", "", "style.jpg", "out.png", *FAST, says=("no file",))
    assert_refused(capsys, "stylize", "9" * 300 + ".jpg", "style.jpg", "out.png", *FAST, says=("999.jpg'",))
    assert_refused(capsys, "stylize", "two\nlines.jpg", "style.jpg", "out.png", *FAST, says=(r"two\nlines.jpg'",))


def test_a_folder_is_no_picture(folder, capsys):
    Path("pictures").mkdir()
    assert_refused(capsys, "stylize", "pictures", "style.jpg", "out.png", *FAST, says=("pictures'", "folder"))


# Bad settings


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--size", "0", ("size", "16 to 4096")),
        ("--size", "-5", ("size", "16 to 4096", "-5")),
        ("--size", "8", ("size", "16 to 4096", "8")),
        ("--size", "99999999", ("size", "16 to 4096", "99999999")),
        ("--size", "abc", ("size", "whole number", "'abc'")),
        ("--size", "1.5", ("size", "whole number", "'1.5'")),
        ("--size", "", ("size", "whole number")),
        ("--size", "20", ("20 pixels", "alexnet", "at least 31")),
        ("--preset", "monet", ("preset", "'monet'", "tutorial, gatys, fine")),
        ("--network", "vgg99", ("network", "'vgg99'", "vgg19, vgg16, alexnet")),
        ("--network", "", ("network", "vgg19, vgg16, alexnet")),
        ("--device", "abacus", ("device", "'abacus'", "auto", "cpu")),
        ("--device", LACKING, ("device", f"'{LACKING}'", "not on this machine", "cpu")),
        ("--precision", "fp7", ("precision", "'fp7'", "auto, fp32, bf16")),
        ("--start", "nowhere", ("start", "'nowhere'", "content, noise")),
        ("--style-weight", "-1", ("style_weight", "from 0 to 1e+09", "-1")),
        ("--style-weight", "nan", ("style_weight", "from 0 to 1e+09", "nan")),
        ("--style-weight", "inf", ("style_weight", "from 0 to 1e+09", "inf")),
        ("--style-weight", "much", ("style-weight", "0 or more", "'much'")),
        ("--evaluations", "0", ("evaluations", "from 1", "0")),
        ("--evaluations", "-1", ("evaluations", "from 1", "-1")),
        ("--evaluations", "x", ("evaluations", "whole number", "'x'")),
        ("--seed", "-1", ("seed", "from 0", "-1")),
        ("--seed", "99999999999999999999", ("seed", "from 0")),
    ],
)
def test_a_bad_setting_is_refused(folder, capsys, option, value, words):
    assert_refused(capsys, "stylize", "content.png", "style.jpg", "out.png", *FAST, option, value, says=words)


# Bad places for the result


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("missing/out.png", ("missing'", "no folder", "out.png'")),
        ("notes.txt/out.png", ("notes.txt'", "no folder", "out.png'")),
        ("out.gif", ("out.gif'", ".png or .jpg")),
        ("out", ("out'", ".png or .jpg")),
        (".", ("'.'", "folder")),
        ("", ("folder",)),
        ("9" * 300 + ".png", ("999.png'", "cannot be written")),
        ("content.png", ("content.png'", "another name")),
        ("style.jpg", ("style.jpg'", "another name")),
        ("../folder/content.png", ("content.png'", "another name")),
    ],
)
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_bad_place_for_the_picture_is_refused(folder, capsys, out, words, force):
    assert_refused(capsys, "stylize", "content.png", "style.jpg", out, *FAST, *force, says=words)


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ("missing/out.csv", ("missing'", "no folder")),
        ("out.txt", ("out.txt'", ".csv")),
        ("out.png", ("out.png'", "another name")),
        ("content.png", ("content.png'", "another name")),
        ("picture.csv", ("picture.csv'", "another name")),
    ],
)
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_bad_place_for_the_losses_is_refused(folder, capsys, losses, words, force):
    Path("picture.csv").write_bytes(Path("style.jpg").read_bytes())  # a picture all the same
    arguments = ("stylize", "content.png", "picture.csv", "out.png", *FAST, "--losses", losses, *force)
    assert_refused(capsys, *arguments, says=words)


def test_what_exists_is_kept_without_force(folder, capsys):
    Path("mine.png").write_text("something of mine")
    Path("mine.csv").write_text("something of mine")
    assert_refused(capsys, "stylize", "content.png", "style.jpg", "mine.png", *FAST, says=("mine.png'", "--force"))
    arguments = ("stylize", "content.png", "style.jpg", "out.png", *FAST, "--losses", "mine.csv")
    assert_refused(capsys, *arguments, says=("mine.csv'", "--force"))


# Bad commands


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("required", "COMMAND")),
        (("paint",), ("'paint'", "stylize", "doctor", "prepare")),
        (("stylize",), ("required", "CONTENT", "STYLE", "OUT")),
        (("stylize", "content.png", "style.jpg"), ("required", "OUT")),
        (("stylize", "content.png", "style.jpg", "out.png", "more.png"), ("more.png",)),
        (("stylize", "content.png", "style.jpg", "out.png", "--sighs", "9"), ("--sighs",)),
        (("stylize", "content.png", "style.jpg", "out.png", "--size"), ("--size",)),
        (("stylize", "content.png", "style.jpg", "out.png", "--style-weight", "-inf"), ("--style-weight",)),
        (("doctor", "--cure"), ("--cure",)),
        (("prepare", "--network", "vgg99"), ("'vgg99'", "vgg19, vgg16, alexnet")),
    ],
)
def test_a_bad_command_is_refused(folder, capsys, arguments, words):
    assert_refused(capsys, *arguments, says=words)


def test_a_refusal_in_a_process_of_its_own(folder):
    before = files_in(folder)
    done = command_line("stylize", "no such picture.jpg", "style.jpg", "out.png")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"There is no file 'no such picture.jpg' in the folder '{Path.cwd()}'; check the spelling."
    ]
    assert files_in(folder) == before


# Runs that do not reach their end


def test_ctrl_c_keeps_what_was_reached(folder):
    arguments = ("--network", "alexnet", "--size", "64", "--evaluations", "5000", "--losses", "out.csv")
    with background("stylize", "content.png", "style.jpg", "out.png", *arguments) as run:
        wait_for(run, "total")  # the bar shows it once there was an evaluation
        interrupt(run)
        said = run.communicate(timeout=60)[1]
    assert run.returncode == 130
    assert "Traceback" not in said
    (count,) = re.findall(r"out\.png: Stopped after (\d+) of 5000 evaluations\.", said)
    assert len(Path("out.csv").read_text().splitlines()) == 1 + int(count)
    with Image.open("out.png") as out:
        assert out.size == (82, 64)
        assert out.text["Evaluations"] == count
    assert sorted(path.name for path in folder.iterdir()) == [
        "content.png",
        "notes.txt",
        "out.csv",
        "out.png",
        "style.jpg",
    ]


@contextlib.contextmanager
def background(*arguments):
    # A program started where Ctrl-C is ignored, as by a shell's &, inherits that; Python's own way is put back
    code = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    if sys.platform == "win32":  # nothing can send one process a Ctrl-C there: a line on its input stands for it
        code += "import _thread, sys, threading; "
        code += (
            "threading.Thread(target=lambda: sys.stdin.readline() and _thread.interrupt_main(), daemon=True).start(); "
        )
    code += "runpy.run_module('style_helpers', run_name='__main__', alter_sys=True)"
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    run = subprocess.Popen([sys.executable, "-c", code, *arguments], env=environment(), encoding="utf-8", **pipes)
    with run:
        try:
            yield run
        finally:
            run.kill()


def wait_for(run, word: str):
    read = ""
    while word not in read:
        character = run.stderr.read(1)
        assert character, f"It ended before it said {word!r}: {read}"
        read += character


def interrupt(run):
    if sys.platform == "win32":
        run.stdin.write("stop\n")
        run.stdin.flush()
    else:
        run.send_signal(signal.SIGINT)


def test_ctrl_c_puts_the_old_handler_back(folder, capsys):
    before = signal.getsignal(signal.SIGINT)
    assert code_of("stylize", "content.png", "style.jpg", "out.png", *FAST) == 0
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_before_the_run_writes_nothing(folder, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("style_helpers.networks.load", interrupted)
    arguments = ("stylize", "content.png", "style.jpg", "out.png", *FAST)
    assert_refused(capsys, *arguments, says=("Stopped before the end",), code=130)


def test_a_run_that_breaks_in_the_middle_keeps_what_was_reached(folder, capsys, monkeypatch):
    whole, calls = StyleObjective.__call__, []

    def breaks_at_the_fourth(objective, pixels):
        calls.append(pixels)
        terms = whole(objective, pixels)
        return terms | {"style relu2": terms["style relu2"] * (math.inf if len(calls) == 4 else 1)}

    monkeypatch.setattr(StyleObjective, "__call__", breaks_at_the_fourth)
    options = ("--network", "alexnet", "--size", "64", "--evaluations", "9", "--losses", "out.csv")
    assert code_of("stylize", "content.png", "style.jpg", "out.png", *options) == 1
    shown = capsys.readouterr()
    assert "out.png: Ended at evaluation 4, because the term 'style relu2' " in shown.err.splitlines()[-1]
    assert shown.out == ""
    assert len(Path("out.csv").read_text().splitlines()) == 1 + 3
    with Image.open("out.png") as out:
        assert out.text["Evaluations"] == "3"


def test_without_weights_it_says_what_to_do(folder, nothing_in_reach):
    before = files_in(folder)
    done = command_line("stylize", "content.png", "style.jpg", "out.png", *FAST)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    for word in ("AlexNet", "could be fetched", "prepare", "STYLE_HELPERS_WEIGHTS"):
        assert word in last
    assert files_in(folder) == before


# prepare and doctor


def test_prepare_says_where_the_weights_are(folder, capsys):
    assert code_of("prepare", "--network", "alexnet", "--network", "vgg16") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["alexnet", "vgg16"]
    for line in lines:
        path, _, source = line.partition(": ")[2].rpartition(" (")
        assert Path(path).is_file()
        assert source.rstrip(")")


def test_prepare_makes_a_class_folder_and_takes_its_weights_from_a_sound_copy(folder, capsys, monkeypatch):
    done = command_line("prepare", "--for-class", "class")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        rf"{re.escape(str(folder))}.class is ready: (\d+) files, \1 of them copied now\.\n", done.stdout
    )
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(folder / "class" / "weights"))
    for name in ("vgg16", "alexnet"):
        assert weights.verify(name).path == folder / "class" / "weights" / f"{name}.safetensors"
    with open("class/weights/alexnet.safetensors", "r+b") as file:
        file.seek(1_000_000)
        file.write(b"damaged")
    assert code_of("prepare", "--for-class", "class") == 0
    shown = capsys.readouterr()
    assert "alexnet.safetensors cannot be used" in shown.err
    assert shown.out.endswith(" 1 of them copied now.\n")
    assert weights.verify("alexnet").path.parent == folder / "class" / "weights"


def test_prepare_refuses_a_folder_that_is_the_users(folder, capsys):
    assert_refused(capsys, "prepare", "--for-class", ".", says=("holds other things", "such as"), code=1)
    assert_refused(capsys, "prepare", "--for-class", "notes.txt", says=("is a file",), code=1)
    assert_refused(capsys, "prepare", "--for-class", ROOT / "class", says=("beside the project",), code=1)


def test_prepare_refuses_options_that_do_not_fit_together(folder, capsys):
    assert_refused(capsys, "prepare", "--wheels", says=("--for-class FOLDER",))
    assert_refused(capsys, "prepare", "--for-class", "class", "--network", "vgg99", says=("'vgg99'",))


def test_a_class_folder_needs_weights(folder, nothing_in_reach):
    before = files_in(folder)
    done = command_line("prepare", "--for-class", "class")
    assert (done.returncode, done.stdout) == (1, "")
    assert "No sound copy of VGG-16" in done.stderr.splitlines()[-1]
    assert files_in(folder) == before


def test_ctrl_c_leaves_a_class_folder_that_the_same_command_finishes(folder, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("style_helpers.classroom.class_folder._copy", interrupted)
        assert code_of("prepare", "--for-class", "class") == 130
    assert capsys.readouterr().err == "Stopped before the end; the same command goes on from here.\n"
    assert code_of("prepare", "--for-class", "class") == 0


def test_prepare_knows_all_names_before_it_fetches_the_first(folder, capsys, nothing_in_reach):
    assert_refused(capsys, "prepare", "--network", "alexnet", "--network", "vgg99", says=("'vgg99'",))


def test_the_doctor_answers_in_lines_and_with_its_exit_code(folder, capsys, monkeypatch):
    monkeypatch.setattr("style_helpers.classroom.pace.measure.__defaults__", (0.1,))  # seconds, for the twenty
    code = code_of("doctor")
    lines = capsys.readouterr().out.splitlines()
    assert all(re.match(r"(ok  |MEND)  [^:]+: .", line) for line in lines)
    assert all((" -> " in line) == line.startswith("MEND") for line in lines)
    assert code == int(any(line.startswith("MEND") for line in lines))
    for topic in ("Python", "device", "memory", "disk", "weights of vgg16", "weights of lpips-alexnet", "lesson 08"):
        assert any(line[6:].startswith(f"{topic}: ") for line in lines)


def test_the_doctor_finds_that_weights_are_missing(folder, nothing_in_reach):
    done = command_line("doctor")
    assert (done.returncode, done.stderr) == (1, "")
    missing = [line for line in done.stdout.splitlines() if line.startswith("MEND  weights of ")]
    assert len(missing) == 4
    assert all("-> run python -m style_helpers prepare" in line for line in missing)


def test_the_doctor_answers_programs_in_one_json_document(folder, nothing_in_reach):
    done = command_line("doctor", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    said = json.loads(done.stdout)
    assert said["good"] is False
    assert said["minutes"] == {}
    missing = [each for each in said["findings"] if each["topic"].startswith("weights of ")]
    assert [each["good"] for each in missing] == [False] * 4
    assert all(each["advice"] and each["found"] for each in missing)


def test_the_doctor_says_which_package_is_missing_when_it_cannot_even_begin(folder, capsys, monkeypatch):
    monkeypatch.delitem(sys.modules, "style_helpers.classroom.doctor", raising=False)
    monkeypatch.delattr("style_helpers.classroom.doctor", raising=False)
    monkeypatch.setitem(sys.modules, "psutil", None)  # as if it were not installed
    assert_refused(capsys, "doctor", "--json", says=("psutil", "python start.py"), code=1)


# Quick to answer


def modules_after(code: str) -> tuple[set[str], str]:
    """Which modules of others are loaded when `code` has run, and what it printed."""
    code = f"import sys\nbefore = set(sys.modules)\n{code}\nprint('\\n!', *sorted(set(sys.modules) - before))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8", check=True)
    printed, _, names = done.stdout.rpartition("\n!")
    top = {name.partition(".")[0] for name in names.split()}
    return {name for name in top if name not in sys.stdlib_module_names}, printed


def test_importing_the_package_imports_nothing_else():
    assert modules_after("import style_helpers")[0] == {"style_helpers"}


@pytest.mark.parametrize("arguments", [("--help",), ("stylize", "--help"), ("stylize", "a", "b", "c", "--seed", "x")])
def test_help_and_bad_options_need_no_torch(arguments):
    run = f"sys.argv[1:] = {arguments!r}\nimport runpy\ntry: runpy.run_module('style_helpers', run_name='__main__')\n"
    loaded, printed = modules_after(run + "except SystemExit as end: print('exit', end.code)")
    assert loaded == {"style_helpers"}
    if "--help" in arguments:
        assert printed.startswith("usage: python -m style_helpers")
        assert printed.endswith("exit 0\n")


def test_the_help_names_every_option(capsys):
    assert code_of("stylize", "--help") == 0
    shown = capsys.readouterr().out
    for option in ("preset", "network", "size", "evaluations", "style-weight", "start", "seed", "device", "precision"):
        assert f"--{option} " in shown
    for word in ("--losses FILE.csv", "--force", "CONTENT", "STYLE", "OUT"):
        assert word in shown
