"""The command line as a user types it: what it writes, what it says, and what it does with everything that is wrong.

Most runs are inside this process, through `main`: it is the same code, and spares the import of torch each time. What
makes a picture, a setting or a place bad is tested with those; here, that it is refused in a sentence before any work.
"""

import contextlib
import csv
import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

with contextlib.suppress(ImportError):  # POSIX
    import fcntl
    import termios

import numpy as np
import pytest
from PIL import Image

from style_helpers import COMMAND, devices, files, weights
from style_helpers.__main__ import main
from style_helpers.objective import StyleObjective
from style_helpers.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 300  # a guard against hanging, and no measure of speed
FAST = ("--network", "alexnet", "--size", "64", "--evaluations", "1")
PAINT = ("stylize", "content.png", "style.jpg", "out.png", *FAST)
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
    return subprocess.run(command, env=environment(**changes), capture_output=True, encoding="utf-8", timeout=SECONDS)


def code_of(*arguments) -> int:
    """The exit code of a run inside this process."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as exit:  # argparse's way to end
        return exit.code


def files_in(folder: Path) -> dict:
    """Every file with what is in it, and every folder."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def assert_refused(capsys, *arguments, says=(), code=2, lines=1) -> str:
    """The exit code, a last sentence that holds the words of `says`, and every file as it was before."""
    before = files_in(Path.cwd())
    assert code_of(*arguments) == code
    assert files_in(Path.cwd()) == before
    shown = capsys.readouterr()
    assert shown.out == ""
    assert lines is None or len(shown.err.splitlines()) == lines
    assert shown.err.endswith(".\n")
    assert "Traceback" not in shown.err
    for word in says:
        assert word in shown.err.splitlines()[-1]
    return shown.err


def losses() -> list[dict[str, float]]:
    rows = csv.DictReader(Path("out.csv").read_text().splitlines())
    return [{name: float(value) for name, value in row.items()} for row in rows]


# What is written


def test_a_run_writes_the_picture_its_settings_and_the_losses(folder):
    arguments = ("--network", "alexnet", "--size", "64", "--evaluations", "4", "--style-weight", "300", "--seed", "7")
    done = command_line("stylize", folder / "content.png", "style.jpg", "颐和园.png", *arguments, "--losses", "out.csv",
                        PYTHONIOENCODING="ascii")  # a terminal that cannot show the name  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "\\u9890\\u548c\\u56ed.png: All 4 evaluations are done.\n"
    assert re.search(r"4/4 evaluations, total [\d.]+, 00:00 left", done.stderr)  # the bar, with the time left
    assert sorted(files_in(folder)) == sorted(folder / name for name in
        ("content.png", "notes.txt", "out.csv", "style.jpg", "颐和园.png"))  # fmt: skip

    with Image.open("颐和园.png") as out:
        assert (out.format, out.mode, out.size) == ("PNG", "RGB", (82, 64))
        text = out.text
    assert text["Software"].startswith("style_helpers ")
    about = {"Content": "content.png", "Style": "style.jpg", "Preset": "gatys", "Size": "64", "Evaluations": "4"}
    assert about.items() <= text.items()
    chosen = Settings.gatys(network="alexnet", evaluations=4, style_weight=300.0, seed=7)
    assert json.loads(text["Settings"]) == json.loads(json.dumps(vars(chosen)))
    assert str(folder).encode() not in Path("颐和园.png").read_bytes()  # nobody's folders are written into it

    assert Path("out.csv").read_text().startswith("evaluation,side,seconds,total,content,style\n")
    rows = losses()
    assert [(row["evaluation"], row["side"]) for row in rows] == [(1, 64), (2, 64), (3, 64), (4, 64)]
    assert sorted(row["seconds"] for row in rows) == [row["seconds"] for row in rows]
    for row in rows:
        assert all(math.isfinite(value) and value >= 0 for value in row.values())
        assert row["total"] >= (row["content"] + row["style"]) * (1 - 1e-6)  # the pixel range adds to it
    assert rows[0]["content"] == 0  # it starts from the content picture
    assert rows[0]["total"] == pytest.approx(rows[0]["style"])
    assert rows[-1]["total"] < rows[0]["total"]


def test_in_the_tutorial_the_total_is_content_and_style(folder):
    options = ("--network", "alexnet", "--size", "64", "--evaluations", "3", "--losses", "out.csv")
    assert code_of("stylize", "content.png", "style.jpg", "out.png", "--preset", "tutorial", *options) == 0
    assert len(losses()) == 3
    for row in losses():
        assert row["total"] == pytest.approx(row["content"] + row["style"], rel=1e-6)


def test_the_same_seed_gives_the_same_noise(folder):
    for name, seed in (("a.png", 1), ("b.png", 1), ("c.png", 2)):
        assert code_of("stylize", "content.png", "style.jpg", name, *FAST, "--start", "noise", "--seed", seed) == 0
    pixels = {name: np.asarray(Image.open(name)) for name in ("a.png", "b.png", "c.png")}
    np.testing.assert_array_equal(pixels["a.png"], pixels["b.png"])
    assert (pixels["a.png"] != pixels["c.png"]).any()


def test_force_replaces_what_exists_and_weight_zero_and_precision_are_taken(folder):
    for name in ("out.jpg", "out.csv"):
        Path(name).write_text("something of mine")
    options = ("--losses", "out.csv", "--force", "--style-weight", "0", "--precision", "fp32")
    assert code_of("stylize", "content.png", "style.jpg", "out.jpg", *FAST, *options) == 0
    with Image.open("out.jpg") as out:
        assert out.size == (82, 64)
        about = json.loads(out.info["comment"])
    assert json.loads(about["Settings"])["precision"] == "fp32"
    assert [row["style"] for row in losses()] == [0]


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes no such name, so no file can have one")
def test_a_name_that_is_not_text_works(folder):
    name = "caf\udce9.png"  # on Linux the byte E9, as an old Latin-1 name has it
    picture(80, 70).save(name)
    assert code_of("stylize", name, "style.jpg", "out.png", *FAST) == 0
    with Image.open("out.png") as out:
        assert out.text["Content"] == "caf\\udce9.png"


# What is refused


WRONG = [
    # pictures
    (("stylize", "no.jpg", "style.jpg", "out.png", *FAST), ("no file 'no.jpg'",)),
    (("stylize", "content.png", "no.jpg", "out.png", *FAST), ("no file 'no.jpg'",)),
    (("stylize", "notes.txt", "style.jpg", "out.png", *FAST), ("notes.txt'", "not a picture")),
    (("stylize", "content.png", "notes.txt", "out.png", *FAST), ("notes.txt'", "not a picture")),
    (("stylize", "", "style.jpg", "out.png", *FAST), ("no file",)),
    (("stylize", "9" * 300 + ".jpg", "style.jpg", "out.png", *FAST), ("999.jpg'",)),
    (("stylize", "two\nlines.jpg", "style.jpg", "out.png", *FAST), (r"two\nlines.jpg'",)),
    # settings
    ((*PAINT, "--size", "8"), ("size", "16 to 4096", "8")),
    ((*PAINT, "--size", "abc"), ("size", "whole number", "'abc'")),
    ((*PAINT, "--size", "1.5"), ("size", "whole number", "'1.5'")),
    ((*PAINT, "--size", "20"), ("20 pixels", "alexnet", "at least 31")),
    ((*PAINT, "--preset", "monet"), ("preset", "'monet'", "tutorial, gatys, fine, nearest")),
    ((*PAINT, "--network", "vgg99"), ("network", "'vgg99'", "vgg19, vgg16, alexnet")),
    ((*PAINT, "--device", "abacus"), ("device", "'abacus'", "auto", "cpu")),
    ((*PAINT, "--device", LACKING), ("device", f"'{LACKING}'", "not on this machine", "cpu")),
    ((*PAINT, "--precision", "fp7"), ("precision", "'fp7'", "auto, fp32, bf16")),
    ((*PAINT, "--start", "nowhere"), ("start", "'nowhere'", "content, noise")),
    ((*PAINT, "--style-weight", "-1"), ("style_weight", "from 0 to 1e+09", "-1")),
    ((*PAINT, "--style-weight", "much"), ("style-weight must be a number, not 'much'",)),
    ((*PAINT, "--evaluations", "0"), ("evaluations", "from 1", "0")),
    ((*PAINT, "--evaluations", ""), ("evaluations", "whole number", "''")),
    ((*PAINT, "--seed", "-1"), ("seed", "from 0", "-1")),
    ((*PAINT, "--seed", "x"), ("seed", "whole number", "'x'")),
    # places for the picture and the losses
    (("stylize", "content.png", "style.jpg", "missing/out.png", *FAST), ("no folder", "missing'", "out.png'")),
    (("stylize", "content.png", "style.jpg", "out.gif", *FAST, "--force"), ("out.gif'", ".png or .jpg")),
    (("stylize", "content.png", "style.jpg", "content.png", *FAST, "--force"), ("content.png'", "another name")),
    (("stylize", "content.png", "style.jpg", "../folder/style.jpg", *FAST), ("style.jpg'", "another name")),
    (("stylize", "content.png", "style.jpg", "mine.png", *FAST), ("mine.png'", "--force")),
    ((*PAINT, "--losses", "missing/out.csv"), ("no folder", "missing'")),
    ((*PAINT, "--losses", "out.txt"), ("out.txt'", ".csv")),
    ((*PAINT, "--losses", "mine.csv"), ("mine.csv'", "--force")),
    (
        ("stylize", "content.png", "mine.csv", "out.png", *FAST, "--losses", "mine.csv", "--force"),
        ("another name",),
    ),
    # commands
    ((), ("required", "COMMAND")),
    (("paint",), ("'paint'", "stylize", "doctor", "prepare")),
    (("stylize",), ("required", "CONTENT", "STYLE", "OUT")),
    ((*PAINT, "more.png"), ("more.png",)),
    ((*PAINT, "--sighs", "9"), ("--sighs",)),
    ((*PAINT, "--style-weight", "-inf"), ("--style-weight",)),
    (("doctor", "--cure"), ("--cure",)),
    (("prepare", "--network", "alexnet", "--network", "vgg99"), ("'vgg99'", "vgg19, vgg16, alexnet")),
    (("class", "new", "--network", "vgg99"), ("'vgg99'",)),
    (("class", "--wheels"), ("required", "FOLDER")),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_what_is_wrong_is_refused_before_any_work(folder, capsys, monkeypatch, arguments, words):
    picture(66, 80).save("mine.png")
    Path("mine.csv").write_bytes(Path("style.jpg").read_bytes())  # a picture all the same
    monkeypatch.setattr(weights, "fetch", lambda name: pytest.fail("fetched"))
    monkeypatch.setattr(StyleObjective, "__call__", lambda *_: pytest.fail("computed"))
    assert_refused(capsys, *arguments, says=words)


def test_a_refusal_in_a_process_of_its_own(folder):
    before = files_in(folder)
    done = command_line("stylize", "no such picture.jpg", "style.jpg", "out.png")
    assert (done.returncode, done.stdout) == (2, "")
    said = f"There is no file 'no such picture.jpg' in the folder '{Path.cwd()}'; check the spelling."
    assert done.stderr.splitlines() == [said]
    assert files_in(folder) == before


# Runs that do not reach their end


@pytest.mark.parametrize("name", ["SIGINT"] if os.name == "nt" else ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_to_end_keeps_what_was_reached(folder, name):
    arguments = ("--network", "alexnet", "--size", "64", "--evaluations", "5000", "--losses", "out.csv")
    with background("stylize", "content.png", "style.jpg", "out.png", *arguments) as run:
        wait_for(run, "total")  # the bar shows it once there was an evaluation
        interrupt(run, name)
        said = run.communicate(timeout=SECONDS)[1]
    assert run.returncode == 128 + getattr(signal, name)
    assert "Traceback" not in said
    (count,) = re.findall(r"out\.png: Stopped after (\d+) of 5000 evaluations\.", said)
    assert len(losses()) == int(count)
    with Image.open("out.png") as out:
        assert (out.size, out.text["Evaluations"]) == ((82, 64), count)
    assert len(files_in(folder)) == 5


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell")
@pytest.mark.parametrize("streams", ["2>&-", ">&-", ">&- 2>&-", "2>/dev/full", ">/dev/full", "2>&1 | true"])
def test_nobody_who_listens_costs_no_picture(folder, streams):
    if "full" in streams and not os.path.exists("/dev/full"):
        streams = "2>&-"  # macOS
    command = shlex.join([sys.executable, "-m", "style_helpers", *PAINT])
    subprocess.run(f"{command} {streams}", shell=True, env=environment(), capture_output=True, timeout=SECONDS)
    with Image.open("out.png") as out:
        assert out.text["Evaluations"] == "1"


@pytest.mark.skipif(os.name == "nt", reason="POSIX terminals")
def test_a_terminal_that_is_closed_costs_no_picture(folder):
    ours, theirs = os.openpty()
    termios.tcsetwinsize(ours, (24, 120))
    command = [sys.executable, "-m", "style_helpers", *PAINT, "--evaluations", "5000"]
    own_terminal = lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # noqa: E731
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
    run = subprocess.Popen(command, env=environment(), start_new_session=True, preexec_fn=own_terminal, **streams)
    os.close(theirs)
    seen = b""
    while b"total" not in seen:
        seen += os.read(ours, 1000)
    os.close(ours)  # the system sends SIGHUP, and nothing can be written there any more
    run.wait(SECONDS)
    with Image.open("out.png") as out:
        assert 0 < int(out.text["Evaluations"]) < 5000


@contextlib.contextmanager
def background(*arguments):
    # A program started where Ctrl-C is ignored, as by a shell's &, inherits that; Python's own way is put back
    code = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    if os.name == "nt":  # nothing can send one process a Ctrl-C there: a line on its input stands for it
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


def interrupt(run, name):
    if os.name == "nt":
        run.stdin.write("stop\n")
        run.stdin.flush()
    else:
        run.send_signal(getattr(signal, name))


def interrupted(*_, **__):
    raise KeyboardInterrupt


def test_ctrl_c_before_the_run_writes_nothing_and_after_it_the_old_handler_is_back(folder, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("style_helpers.networks.load", interrupted)
        assert_refused(capsys, *PAINT, says=("Stopped before the end; nothing unfinished is left behind",), code=130)
    before = signal.getsignal(signal.SIGINT)
    assert code_of(*PAINT) == 0
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("evaluation", [1, 4])
def test_a_run_that_breaks_names_the_term_and_keeps_what_was_reached(folder, capsys, monkeypatch, evaluation):
    whole, calls = StyleObjective.__call__, []

    def breaks(objective, pixels):
        calls.append(pixels)
        terms = whole(objective, pixels)
        return terms | {"style relu2": terms["style relu2"] * (math.inf if len(calls) == evaluation else 1)}

    monkeypatch.setattr(StyleObjective, "__call__", breaks)
    assert code_of(*PAINT, "--evaluations", "9", "--losses", "out.csv") == 1
    shown = capsys.readouterr()
    last = shown.err.splitlines()[-1]
    assert f"Ended at evaluation {evaluation}, because the term 'style relu2' is no longer a finite number" in last
    assert "Warning" not in shown.err
    assert shown.out == ""
    if evaluation == 1:
        assert last.endswith("No picture was written.")
        assert len(files_in(folder)) == 3
        return
    assert last.startswith("out.png: ")
    assert len(losses()) == 3
    with Image.open("out.png") as out:
        assert out.text["Evaluations"] == "3"


def test_a_finished_picture_that_cannot_be_written_as_asked_is_kept_elsewhere(folder, capsys, monkeypatch):
    write, home = files.write, folder.parent / "home"
    home.mkdir()
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(home / "gone"))
    monkeypatch.setattr(Path, "home", lambda: home)

    def taken_by_another(path, content, overwrite=False):
        if Path(path).name == "out.png":
            Path("out.png").write_bytes(b"of another program")
        return write(path, content, overwrite)

    def only_at_home(path, content, overwrite=False):
        if Path(path).parent != home:
            raise files.FileError("The disk is full.")
        return write(path, content, overwrite)

    def nowhere(*_, **__):
        raise files.FileError("The disk is full.")

    for writes, place, reason in ((taken_by_another, Path(), "exists already"), (only_at_home, home, "is full")):
        monkeypatch.setattr(files, "write", writes)
        assert code_of(*PAINT) == 1
        said = capsys.readouterr().err.splitlines()[-1]
        assert reason in said
        (kept,) = re.findall(r"The picture is kept as '(.+?)'\. The one evaluation is done\.$", said)
        assert Path(kept).parent == place
        with Image.open(kept) as out:
            assert out.text["Evaluations"] == "1"
        Path(kept).unlink()
        Path("out.png").unlink(missing_ok=True)
    monkeypatch.setattr(files, "write", nowhere)
    assert_refused(capsys, *PAINT, says=("The disk is full.",), code=1, lines=None)


def test_losses_whose_place_is_taken_meanwhile_are_kept_beside_it(folder, capsys, monkeypatch):
    write = files.write

    def taken_by_another(path, content, overwrite=False):
        if Path(path).name == "out.csv":
            Path("out.csv").write_bytes(b"of another program")
        return write(path, content, overwrite)

    monkeypatch.setattr(files, "write", taken_by_another)
    assert code_of(*PAINT, "--losses", "out.csv") == 1
    said = capsys.readouterr().err.splitlines()[-1]
    (kept,) = re.findall(r"exists already; .+ The losses are kept as '(.+?)'\.$", said)
    assert Path(kept).read_text().startswith("evaluation,side,")
    assert Path("out.csv").read_bytes() == b"of another program"


def test_an_interrupt_while_torch_is_imported_is_obeyed_after_it(folder):
    """It is only noted: raised inside C++ it would be lost, or end the program without a word."""
    interrupted = """
import signal, sys
class Interrupting:
    def find_spec(name, path=None, target=None):
        if name == "torch":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Interrupting)
from style_helpers.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
    done = subprocess.run([sys.executable, "-c", interrupted, *PAINT], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.strip() == "Stopped before the end; nothing unfinished is left behind."
    assert not Path("out.png").exists()


def test_a_folder_that_was_deleted_meanwhile(folder, capsys, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert code_of(*PAINT) == 2
    assert capsys.readouterr().err == "The folder that you are in has been deleted: go to another one with cd.\n"


def test_a_size_beyond_memory_is_refused_in_a_sentence(folder, capsys, monkeypatch):
    monkeypatch.setattr(devices, "free_memory", lambda *_: 1_000_000)
    assert_refused(capsys, *PAINT, says=("needs about", "it fits"), code=2)

    def exhausted(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    monkeypatch.setattr("style_helpers.images.load", exhausted)
    assert_refused(capsys, *PAINT, "--size", "4096", says=("smaller --size",), code=1)


def test_nothing_that_is_said_reaches_the_terminal_as_a_command(folder, capsys):
    evil = "\x1b[31mred.png"
    assert code_of("stylize", "content.png", "style.jpg", evil, *FAST) == 0
    assert code_of(*PAINT, f"--{evil}") == 2
    shown = capsys.readouterr()
    assert r"\x1b[31mred.png: The one evaluation is done." in shown.out
    assert "\x1b[31m" not in shown.out + shown.err


# prepare and doctor


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (PAINT, ("AlexNet", "could be fetched", "prepare", "STYLE_HELPERS_WEIGHTS")),
        (("prepare", "--network", "alexnet"), ("AlexNet", "could be fetched")),
        (("class", "new"), ("No sound copy of VGG-16",)),
    ],
)
def test_without_weights_it_says_what_to_do(folder, nothing_in_reach, capsys, arguments, words):
    assert_refused(capsys, *arguments, says=words, code=1, lines=None)


def test_prepare_says_where_the_weights_are(folder, capsys):
    assert code_of("prepare") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["vgg16", "alexnet"]
    for line in lines:
        path, _, source = line.partition(": ")[2].rpartition(" (")
        assert Path(path).is_file()
        assert source.rstrip(")")


def test_prepare_makes_a_class_folder_and_takes_its_weights_from_a_sound_copy(folder, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("style_helpers.classroom.class_folder._copy", interrupted)
        assert code_of("class", "class") == 130
    assert capsys.readouterr().err == "Stopped before the end; the same command goes on from here.\n"
    assert code_of("class", "class") == 0
    place = re.escape(str(folder / "class"))
    assert re.fullmatch(rf"{place} is ready: (\d+) files, \1 of them copied now\.\n.+\n", capsys.readouterr().out)
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(folder / "class" / "weights"))
    for name in ("vgg16", "alexnet"):
        assert weights.verify(name).path == folder / "class" / "weights" / f"{name}.safetensors"
    with open("class/weights/alexnet.safetensors", "r+b") as file:
        file.seek(1_000_000)
        file.write(b"damaged")
    assert code_of("class", "class") == 0
    shown = capsys.readouterr()
    assert "alexnet.safetensors cannot be used" in shown.err
    assert " 1 of them copied now.\nIt holds no packages, so each laptop downloads its own" in shown.out
    assert weights.verify("alexnet").path.parent == folder / "class" / "weights"


def test_prepare_refuses_a_folder_that_is_the_users(folder, capsys):
    assert_refused(capsys, "class", ".", says=("holds other things", "such as"), code=1)


def test_the_doctor_answers_in_lines_and_with_its_exit_code(folder, capsys, monkeypatch):
    monkeypatch.setattr("style_helpers.classroom.pace.measure.__defaults__", (0.1,))  # seconds, for the twenty
    code = code_of("doctor")
    lines = capsys.readouterr().out.splitlines()
    assert all(re.match(r"(ok  |MEND)  [^:]+: .", line) for line in lines)
    assert all((" -> " in line) == line.startswith("MEND") for line in lines)
    assert code == int(any(line.startswith("MEND") for line in lines))
    for topic in ("Python", "device", "memory", "disk", "weights of vgg16", "weights of lpips-alexnet", "lesson 08"):
        assert any(line[6:].startswith(f"{topic}: ") for line in lines)


def test_the_doctor_answers_programs_in_one_json_document(folder, nothing_in_reach, capsys):
    assert code_of("doctor", "--json") == 1
    shown = capsys.readouterr()
    said = json.loads(shown.out)
    assert (shown.err, said["good"], said["minutes"]) == ("", False, {})
    missing = [each for each in said["findings"] if each["topic"].startswith("weights of ")]
    assert [each["good"] for each in missing] == [False] * 3
    assert all(each["advice"].startswith(f"run {COMMAND} prepare") and each["found"] for each in missing)


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


@pytest.mark.parametrize("arguments", [("stylize", "--help"), ("stylize", "a", "b", "c", "--seed", "x")])
def test_help_and_bad_options_need_no_torch(arguments):
    run = f"sys.argv[1:] = {arguments!r}\nimport runpy\ntry: runpy.run_module('style_helpers', run_name='__main__')\n"
    loaded, printed = modules_after(run + "except SystemExit as end: print('exit', end.code)")
    assert loaded == {"style_helpers"}
    if "--help" in arguments:
        assert printed.startswith(f"usage: {COMMAND} stylize")
        assert printed.endswith("exit 0\n")
        for option in ("preset", "network", "size", "evaluations", "style-weight", "start", "seed", "device"):
            assert f"--{option} " in printed
        for word in ("--precision ", "--losses FILE.csv", "--force", "CONTENT", "STYLE", "OUT"):
            assert word in printed
