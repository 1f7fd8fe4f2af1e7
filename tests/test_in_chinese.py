"""What the science and the commands say to a Chinese reader: nothing of it stays English.

That every sentence has a translation is in test_language; here sentences are really said, with what is put into them.
"""

import sys

import pytest
import safetensors.torch
import torch

from style_helpers import (
    COMMAND,
    devices,
    downloads,
    files,
    images,
    language,
    losses,
    metrics,
    networks,
    transfer,
    weights,
)
from style_helpers.__main__ import main
from style_helpers.objective import StyleObjective
from style_helpers.painter import Painter, PainterError, Training
from style_helpers.settings import Settings, SettingsError
from tests import test_command_line, test_files, test_images, test_metrics, test_objective, test_settings
from tests.chinese import assert_chinese
from tests.test_command_line import folder, nothing_in_reach  # noqa: F401  (fixtures)

SMALL = {"network": "alexnet", "evaluations": 3}


@pytest.fixture(autouse=True)
def _in_chinese(monkeypatch):
    monkeypatch.setenv(language.VARIABLE, "zh")


@pytest.fixture
def pair():
    return torch.rand(2, 1, 3, 64, 96, generator=torch.Generator().manual_seed(0)).to(devices.choose())


def assert_refused(act, error=ValueError):
    with pytest.raises(error) as refused:
        act()
    assert assert_chinese(str(refused.value)).endswith("。")


@pytest.mark.parametrize("changes", [changes for changes, _ in test_settings.BAD], ids=str)
def test_settings(changes):
    assert_refused(lambda: Settings.gatys(**changes), SettingsError)


@pytest.mark.parametrize("act", [act for act, _ in test_images.REFUSED])
def test_what_is_no_picture(act):
    assert_refused(act, images.PictureError)


@pytest.mark.parametrize("content", [content for _, content, _ in test_images.UNUSABLE])
def test_pictures_that_cannot_be_used(content):
    assert_refused(lambda: images.load(content), images.PictureError)


def test_sizes_and_what_is_saved_and_shown(tmp_path):
    for size in (8, 5000, True, "256"):
        assert_refused(lambda size=size: images.check_size(size))
    for given in ("abc", {"": "a"}):
        assert_refused(
            lambda given=given: images.save(torch.zeros(3, 20, 20), tmp_path / "a.png", given), files.FileError
        )
    long = {"Settings": "s" * images.JPEG_COMMENT}
    assert_refused(lambda: images.save(torch.zeros(3, 20, 20), tmp_path / "a.jpg", long), files.FileError)
    assert_refused(lambda: images.load(test_images.file_bytes(test_images.random_picture(9000, 16), "PNG"), 4000))
    assert_chinese(images._titles_and_axes(images.new_figure(1, 1)))
    axes = (figure := images.new_figure(1, 1)).subplots()
    axes.set(xlabel="层", ylabel="距离")
    assert images._titles_and_axes(figure) == "纵轴：距离；横轴：层"


@pytest.mark.parametrize("place", test_files.PLACES)
def test_places(tmp_path, place):
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "taken.png").touch()
    assert_refused(lambda: files.check(tmp_path / test_files.PLACES[place][0], images.WRITTEN), files.FileError)


def test_devices(monkeypatch):
    for name in ("abacus", test_command_line.LACKING):
        assert_refused(lambda name=name: devices.choose(name), SettingsError)
    assert_chinese(devices.in_words(torch.device("cpu")))
    assert_chinese(devices.in_words(torch.device("mps")))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Tesla T4")
    assert devices.in_words(torch.device("cuda")) == "显卡 Tesla T4"


@pytest.mark.parametrize("act", [
    lambda: losses.content_distance(torch.zeros(1, 2, 3, 3), torch.zeros(1, 2, 4, 4)),
    lambda: losses.style_distance(torch.zeros(1, 2, 2), torch.zeros(1, 3, 3)),
    lambda: losses.total_variation(torch.zeros(1, 3, 1, 9)),
    lambda: metrics.lpips(torch.zeros(1, 3, 40, 40), torch.zeros(1, 3, 40, 41)),
    lambda: metrics.ssim(*torch.zeros(2, 1, 3, 9, 9)),
    lambda: metrics.restlessness(*torch.zeros(3, 1, 3, 1, 9)),
    lambda: metrics.ssim(*torch.zeros(2, 3, 40, 40)),
    lambda: metrics.ssim(*torch.full((2, 1, 3, 40, 40), 255.0)),
    lambda: metrics.ssim(test_metrics.NESTED, "cat.jpg"),
    lambda: metrics.style_distance_to(*torch.zeros(2, 1, 3, 40, 40), "resnet"),
])  # fmt: skip
def test_distances(act):
    assert_refused(act)


@pytest.mark.parametrize("spoil", [spoil for spoil, _ in test_objective.SPOILT])
def test_pictures_of_an_objective(alexnet, pair, spoil):
    content, style = pair
    assert_refused(lambda: StyleObjective(alexnet, spoil(content), style, Settings.gatys(**SMALL)))


@pytest.mark.parametrize("styles", [styles for styles, _ in test_objective.USELESS])
def test_styles_of_an_objective(alexnet, pair, styles):
    content, style = pair
    assert_refused(lambda: StyleObjective(alexnet, content, styles(style), Settings.gatys(**SMALL)))


def test_networks_and_objectives(alexnet, pair, monkeypatch):
    content, style = pair
    for wrong in (
        lambda: alexnet.cut(("relu6_1",)), lambda: alexnet.cut(()), lambda: networks.load("vgg17"),
        lambda: alexnet(torch.zeros(3, 32, 32)), lambda: alexnet(torch.zeros(1, 1, 32, 32)),
        lambda: alexnet(torch.zeros(1, 3, 9, 9)),
        lambda: StyleObjective(alexnet, content, style, Settings.gatys(network="vgg16")),
        lambda: StyleObjective(alexnet, content, style, "gatys"),
        lambda: StyleObjective(torch.nn.ReLU(), content, style, Settings.gatys()),
        lambda: StyleObjective(alexnet, content, style, Settings.gatys(**SMALL), keep="sky"),
        lambda: StyleObjective(alexnet, content, style, Settings.gatys(**SMALL), keep=torch.ones(9, 9)),
        lambda: Training(Painter(), [content[..., :32]], style, alexnet),
    ):  # fmt: skip
        assert_refused(wrong)
    for normalise in (True, False):
        assert_chinese(alexnet.cut(("relu1",), normalise=normalise).extra_repr())
    mask = torch.ones(64, 96, device=content.device)
    objective = StyleObjective(alexnet, content, [test_objective.Style(style, mask=mask)], Settings.gatys(**SMALL))
    assert "，有蒙版\n" in repr(objective)
    for free in (10**6, 0):
        monkeypatch.setattr(devices, "free_memory", lambda _, free=free: free)
        assert_refused(lambda: StyleObjective(alexnet, content, style, Settings.gatys(**SMALL)))


def test_which_network_is_taken(monkeypatch, capsys):
    for found in (None, "here"):
        monkeypatch.setattr(weights, "find", lambda _, found=found: found)
        assert_chinese(networks.choose()[1])

    def load(name, **_):
        if name == "vgg19":
            raise weights.WeightsError("它坏了")
        return name

    monkeypatch.setattr(networks, "load", load)
    assert networks.default() == "vgg16"
    assert_chinese(capsys.readouterr().out)


def test_runs(alexnet, pair, capsys):
    content, style = pair
    objective = StyleObjective(alexnet, content, style, Settings.gatys(**SMALL))
    assert_refused(lambda: transfer.Run("gatys"), TypeError)
    assert_refused(lambda: transfer.Run(objective, content[..., :32]))
    assert_refused(lambda: transfer.Run(objective, evaluations=0))
    whole = transfer.Run(objective)
    for _ in transfer.progress(whole):
        pass
    assert assert_chinese(whole.ended) == "全部 3 次求值都已完成。"
    bar = capsys.readouterr().err.splitlines()[-1].rpartition("\r")[2]
    assert "3/3 次求值，总损失 " in bar
    assert bar.rstrip().endswith("，还剩 00:00")
    stopped = transfer.Run(objective)
    for _ in stopped:
        stopped.stop()
    assert assert_chinese(stopped.ended) == "停在第 1 次求值，共 3 次。"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError(), ValueError("没有地方")], ids=repr)
def test_runs_that_end_early(alexnet, pair, monkeypatch, error):
    def fail(*_):
        raise error

    run = transfer.Run(StyleObjective(alexnet, *pair, Settings.gatys(**SMALL)))
    monkeypatch.setattr(transfer.Run, "_objective_at", fail)
    with pytest.raises(KeyboardInterrupt) if isinstance(error, KeyboardInterrupt) else pytest.warns(RuntimeWarning):
        list(run)
    assert_chinese(run.ended)


def test_a_run_that_is_no_longer_finite(alexnet, pair):
    run = transfer.Run(StyleObjective(alexnet, *pair, Settings.gatys(**SMALL)))
    run._picture = run._picture * torch.nan
    with pytest.warns(RuntimeWarning):
        list(run)
    assert_chinese(run.ended)


def test_a_file_that_holds_no_painter(tmp_path):
    assert_refused(lambda: Painter.load(tmp_path / "none.safetensors"), PainterError)


@pytest.mark.usefixtures("nothing_in_reach")
def test_weights(capsys, tmp_path, monkeypatch):
    assert_refused(lambda: weights.load("vgg"), weights.WeightsError)
    weights.cache_folder().mkdir(parents=True)
    (weights.cache_folder() / "vgg16.safetensors").write_bytes(safetensors.torch.save({"a": torch.zeros(1)}))
    monkeypatch.setenv("STYLE_HELPERS_WEIGHTS", str(tmp_path / "nowhere"))
    monkeypatch.setattr(weights, "SPECS", {"vgg16": weights.SPECS["vgg16"], "lpips-alexnet": weights.SPECS["vgg16"]})

    def download(*_):
        raise OSError("断了")

    monkeypatch.setattr(downloads, "_download", download)
    assert_refused(lambda: weights.load("vgg16"), weights.WeightsError)
    for line in capsys.readouterr().err.splitlines():
        assert_chinese(line)
    with pytest.raises(ValueError, match="层或形状") as refused:
        weights._checked({}, "vgg16")
    assert_chinese(str(refused.value))
    assert_chinese(weights._in_cache("vgg16").source)
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert_chinese(weights._keep({}))


# The commands


@pytest.mark.parametrize(
    "arguments", [arguments for arguments, _ in test_command_line.WRONG], ids=lambda a: " ".join(a)[:40]
)
def test_commands_that_are_refused(folder, capsys, arguments):  # noqa: F811
    test_command_line.picture(66, 80).save("mine.png")
    (folder / "mine.csv").write_bytes((folder / "style.jpg").read_bytes())
    assert test_command_line.code_of(*arguments) == 2
    assert assert_chinese(capsys.readouterr().err.splitlines()[-1]).endswith("。")


@pytest.mark.parametrize("command", ["", "stylize", "doctor", "prepare", "class"])
def test_help(capsys, command):
    assert test_command_line.code_of(*filter(None, [command, "--help"])) == 0
    said = capsys.readouterr().out
    assert said.startswith("用法：")
    for paragraph in ("位置参数:", "选项:"):
        assert (paragraph in said) or command in ("doctor", "prepare")
    described = [line.strip() for line in said.split("\n\n", 1)[1].splitlines() if "  " in line.strip()]
    assert described
    for line in described:
        assert_chinese(line)


def test_a_picture_is_painted(folder, capsys):  # noqa: F811
    assert main([*test_command_line.PAINT]) == 0
    said = capsys.readouterr()
    assert said.out == "out.png: 全部 1 次求值都已完成。\n"
    assert main([*test_command_line.PAINT]) == 2
    assert capsys.readouterr().err.strip() == "'out.png' 已经存在；请换一个名字。加上 --force 就会覆盖它。"
    assert COMMAND not in said.out
    assert sys.modules["argparse"]._("options") == "选项"
