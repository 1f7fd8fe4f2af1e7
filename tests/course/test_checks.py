"""Checks of exercise answers: right ones pass, each usual mistake is named as itself, nothing makes a check raise."""

import dataclasses
import inspect
import itertools
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from style_helpers.course import checks, feedback, museum
from style_helpers.course.checks import lesson_02
from style_helpers.course.feedback import Feedback
from tests.course.answers import changed

OFFERED = {name: getattr(checks, name) for name in checks.__all__}
TABLES = {name: check for name, check in OFFERED.items() if name != "which_bug"}  # it has no formulas: see lesson 08
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def said(check, answer) -> str:
    """What is said of an answer that is not right."""
    feedback = check(answer)
    assert feedback.passed is False
    return feedback.message


# Right answers, each in two spellings


def to_tensor_by_loops(picture):
    result = torch.zeros(1, 3, picture.height, picture.width)
    for y in range(picture.height):
        for x in range(picture.width):
            result[0, :, y, x] = torch.tensor(picture.getpixel((x, y)), dtype=torch.float32) / 255
    return result


def normalise_by_loops(x):
    result = x.clone()
    for colour in range(3):
        result[:, colour] = (result[:, colour] - MEAN[colour]) / STD[colour]
    return result


def numpy_bytes(x):
    return (np.clip(x[0].permute(1, 2, 0).numpy(), 0, 1) * 255 + 0.5).astype(np.uint8)


def field_backwards(layers):
    side = 1
    for kernel, stride in reversed(layers):
        side = (side - 1) * stride + kernel
    return side


def gram_by_loops(features):
    pictures, channels, height, width = features.shape
    rows = []
    for picture in features:
        for k, m in itertools.product(range(channels), repeat=2):
            rows.append((picture[k] * picture[m]).sum() / (channels * height * width))
    return torch.stack(rows).view(pictures, channels, channels)


def gram_by_einsum(features):
    return torch.einsum("bkyx,blyx->bkl", features, features) / features[0].numel()


def style_by_sum(features, target_gram):
    return ((gram_by_einsum(features) - target_gram) ** 2).sum() / features.shape[1] ** 2


def style_gradient_by_hand(features, target_gram):
    _, channels, height, width = features.shape
    rows = features.reshape(channels, height * width)
    gram = rows @ rows.T / (channels * height * width)
    return (4 / (channels**3 * height * width) * (gram - target_gram[0]) @ rows).reshape(features.shape)


def style_gradient_by_einsum(features, target_gram):
    factor = 4 / (features.shape[1] ** 2 * features.numel())
    return factor * torch.einsum("bkl,blyx->bkyx", gram_by_einsum(features) - target_gram, features)


def adam_as_written(x, gradient, m, v, t, learning_rate):
    m = 0.9 * m + 0.1 * gradient
    v = 0.999 * v + 0.001 * gradient * gradient
    step = (m / (1 - 0.9**t)) / (torch.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return x - learning_rate * step, m, v


def adam_with_one_rate(x, gradient, m, v, t, learning_rate):  # the order of Kingma and Ba's section 2
    m, v = torch.lerp(m, gradient, 0.1), torch.lerp(v, gradient.square(), 0.001)
    return [x - learning_rate * (1 - 0.999**t) ** 0.5 / (1 - 0.9**t) * m / (v.sqrt() + 1e-8), m, v]


def total_by_loops(features, content_target, style_target, content_weight, style_weight):
    total = 0
    for layer in content_target:
        total = total + content_weight * ((features[layer] - content_target[layer]) ** 2).mean()
    for layer in style_target:
        total = total + style_weight * style_by_sum(features[layer], style_target[layer])
    return total


def total_by_sums(features, content_target, style_target, content_weight, style_weight):
    content = torch.stack([F.mse_loss(features[layer], target) for layer, target in content_target.items()]).sum()
    style = [F.mse_loss(gram_by_einsum(features[layer]), target) for layer, target in style_target.items()]
    return content_weight * content + style_weight * torch.stack(style).sum()


def outside_by_parts(x):
    return (F.relu(-x) ** 2 + F.relu(x - 1) ** 2).mean()


def luminance_by_channels(content, painted):
    def brightness(x):
        return 0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]

    return (content - brightness(content) + brightness(painted)).clamp(0, 1)


def luminance_by_difference(content, painted):
    more = torch.einsum("bchw,c->bhw", painted - content, torch.tensor([0.299, 0.587, 0.114]))
    return torch.clamp(content + more[:, None], min=0, max=1)


def masked_gram_by_loops(features, mask):
    channels = features.shape[1]
    gram = torch.zeros(1, channels, channels)
    for k, m in itertools.product(range(channels), repeat=2):
        gram[0, k, m] = (features[0, k] * mask[0, 0] * features[0, m] * mask[0, 0]).sum()
    return gram / (channels * (mask**2).sum())


def masked_gram_by_einsum(features, mask):
    weights = mask**2 / (mask**2).sum()
    return torch.einsum("bkyx,blyx,byx->bkl", features, features, weights[:, 0]) / features.shape[1]


def report_by_steps(picture):
    if picture.dim() != 4 or len(picture) != 1:
        return "shape"
    if picture.size(1) != 3:
        return "channels"
    return "fine" if ((picture >= 0) & (picture <= 1)).all() else "range"


def report_by_limits(picture):
    if picture.ndim != 4 or picture.shape[0] > 1:
        return "shape"
    lowest, highest = picture.aminmax()
    return "channels" if picture.shape[1] != 3 else "range" if not (lowest >= 0 and highest <= 1) else "fine"


def loop_by_autograd(picture, total_of, steps):
    x, m, v = picture.clone(), torch.zeros_like(picture), torch.zeros_like(picture)
    for t in range(1, steps + 1):
        x.requires_grad_()
        (gradient,) = torch.autograd.grad(total_of(x), x)
        x, m, v = adam_as_written(x.detach(), gradient, m, v, t, 0.05)
        x = x.clamp(0, 1)
    return x


def loop_as_usual(picture, total_of, steps):
    x = nn.Parameter(picture.clone())
    optimizer = torch.optim.Adam([x], lr=0.05)
    for _ in range(steps):
        optimizer.zero_grad()
        total_of(x).backward()
        optimizer.step()
        with torch.no_grad():
            x.clamp_(0, 1)
    return x.detach()


def training_loss_by_loops(painted, photographs, features, style_target, style_weight):
    seen = features(painted)
    style = 0
    for layer, target in style_target.items():
        style = style + ((gram_by_einsum(seen[layer]) - target) ** 2).mean()
    return F.mse_loss(seen["relu3_1"], features(photographs)["relu3_1"].detach()) + style_weight * style


def training_loss_by_hand(painted, photographs, features, style_target, style_weight):
    both, count = features(torch.cat([painted, photographs])), len(painted)
    total = (both["relu3_1"][:count] - both["relu3_1"][count:]).square().mean()
    style = [F.mse_loss(gram_by_loops(both[a][:count]), g.expand(count, -1, -1)) for a, g in style_target.items()]
    return total + style_weight * torch.stack(style).sum()


def instance_norm_by_loops(x):
    maps = [[(m - m.mean()) / (((m - m.mean()) ** 2).mean() + 1e-5) ** 0.5 for m in picture] for picture in x]
    return torch.stack([torch.stack(picture) for picture in maps])


def sorted_by_loops(features, target, directions):
    total = 0
    for direction in directions.T:
        mine, theirs = sorted(features.T @ direction), sorted(target.T @ direction)
        total = total + sum((one - other) ** 2 for one, other in zip(mine, theirs, strict=True)) / len(mine)
    return total / directions.shape[1]


def sorted_by_einsum(features, target, directions):
    mine, theirs = (torch.einsum("cn,cd->nd", each, directions).sort(dim=0).values for each in (features, target))
    return F.mse_loss(mine, theirs)


def nearest_by_loops(features, target):
    distances = [min(1 - F.cosine_similarity(f, s, dim=0) for s in target.T) for f in features.T]
    return torch.stack(distances).mean()


def nearest_by_cosines(features, target):
    return 1 - F.cosine_similarity(features[:, :, None], target[:, None, :], dim=0).max(dim=1).values.mean()


def moved_by_loops(features, target):
    pictures = []
    for picture in features:
        rows = []
        for mine, theirs in zip(picture, target[0], strict=True):
            rows.append((mine - mine.mean()) / mine.var(correction=0).sqrt() * theirs.var(correction=0).sqrt())
            rows[-1] = rows[-1] + theirs.mean()
        pictures.append(torch.stack(rows))
    return torch.stack(pictures)


def moved_by_instance_norm(features, target):
    spread, mean = torch.std_mean(target, dim=(2, 3), keepdim=True, correction=0)
    return F.instance_norm(features, eps=0) * spread + mean


FIVE = ["conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1"]
RIGHT = {
    "to_tensor": (
        to_tensor_by_loops,
        lambda p: torch.from_numpy(np.asarray(p).transpose(2, 0, 1)[None].astype(np.float32) / 255),
    ),
    "normalise": (
        normalise_by_loops,
        lambda x: (x - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None],
    ),
    "to_bytes": (numpy_bytes, lambda x: x.mul(255).round().clamp(0, 255).byte().squeeze(0).permute(1, 2, 0)),
    "tutorial_layers": (tuple(FIVE), FIVE),
    "receptive_field": (lesson_02._sees, field_backwards),
    "relu_trap": (lambda x: F.relu(x), nn.ReLU()),
    "content_distance": (lambda f, p: ((f - p) ** 2).mean(), lambda a, b: F.mse_loss(a, b)),
    "content_gradient": (
        lambda features, target: 2 * (features - target) / features.numel(),
        lambda f, p: torch.einsum("bchw,->bchw", f - p, torch.tensor(2 / f[0].numel())),
    ),
    "gram_matrix": (gram_by_loops, gram_by_einsum),
    "style_distance": (style_by_sum, lambda f, a: F.mse_loss(gram_by_loops(f), a)),
    "style_gradient": (style_gradient_by_hand, style_gradient_by_einsum),
    "descent_step": (lambda x, g, r: x - r * g, lambda x, g, r: torch.add(x, g, alpha=-r)),
    "adam_step": (adam_as_written, adam_with_one_rate),
    "outside_range": (outside_by_parts, lambda x: (x - x.clamp(0, 1)).pow(2).mean()),
    "tutorial_weight": (1_000_000, 1000.0**2),
    "total_loss": (total_by_loops, total_by_sums),
    "share_seen": (
        lambda field, height, width: min(1, field / height) * min(1, field / width),
        lambda field, height, width: min(field, height) * min(field, width) / (height * width),
    ),
    "luminance": (luminance_by_channels, luminance_by_difference),
    "masked_gram": (masked_gram_by_loops, masked_gram_by_einsum),
    "picture_report": (report_by_steps, report_by_limits),
    "mended_loop": (loop_by_autograd, loop_as_usual),
    "training_loss": (training_loss_by_loops, training_loss_by_hand),
    "instance_norm": (instance_norm_by_loops, lambda x: F.instance_norm(x)),
    "frame_width": (
        lambda layers: sum((kernel - 1) // 2 * pixels for kernel, pixels in layers),
        lambda layers: (lesson_02._sees([(kernel, 1) for kernel, pixels in layers for _ in range(pixels)]) - 1) // 2,
    ),
    "sorted_distance": (sorted_by_loops, sorted_by_einsum),
    "nearest_distance": (nearest_by_loops, nearest_by_cosines),
    "mean_and_spread": (moved_by_loops, moved_by_instance_norm),
    "which_bug": (museum.MYSTERIES, dict(sorted(museum.MYSTERIES.items(), reverse=True))),
}


def test_exactly_these_checks_are_offered():
    assert set(OFFERED) == set(RIGHT)


@pytest.mark.parametrize(("name", "spelling"), list(itertools.product(RIGHT, (0, 1))))
def test_right_answers_pass_in_two_spellings(name, spelling):
    feedback = OFFERED[name](RIGHT[name][spelling])
    assert feedback.passed is True, feedback
    assert "otice" in feedback.message


# Wrong answers


MISTAKES = [(name, key) for name, check in TABLES.items() for key in check.exercise.mistakes]


@pytest.mark.parametrize(("name", "key"), MISTAKES, ids=lambda part: part if isinstance(part, str) else part[0])
def test_each_usual_mistake_is_named_as_itself(name, key):
    it = OFFERED[name].exercise
    wrong = it.mistakes[key] if it.arguments else it.mistakes[key]()
    assert said(OFFERED[name], wrong).startswith(f"This looks like {key[0]}. {key[1]}.")


@pytest.mark.parametrize("name", TABLES)
def test_at_least_twelve_mistakes_all_told_apart(name):
    it = OFFERED[name].exercise
    assert len(it.mistakes) >= 12
    formulas = {"right": it.right, **it.mistakes}
    runs = {key: [feedback._run(it, formula, make) for make in it.cases.values()] for key, formula in formulas.items()}
    assert not any(run.error for run in itertools.chain(*runs.values()))
    for one, other in itertools.combinations(runs, 2):
        pairs = zip(runs[one], runs[other], strict=True)
        assert not all(feedback._alike(*pair, strict=False) for pair in pairs), (one, other)


@pytest.mark.parametrize("name", TABLES)
def test_arguments_are_called_as_in_the_lesson(name):
    solution, arguments = changed(name), OFFERED[name].exercise.arguments
    assert arguments == (tuple(inspect.signature(solution).parameters) if callable(solution) else ())


@pytest.mark.parametrize("name", TABLES)
def test_cases_are_always_the_same(name):
    for make in OFFERED[name].exercise.cases.values():
        assert all(map(feedback._unchanged, make(), make()))


def step_in_place(x, gradient, learning_rate):
    x -= learning_rate * gradient
    return x


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("descent_step", step_in_place, "a step in place"),
        ("tutorial_weight", torch.tensor(1e6).sqrt().item(), "the old tutorial's weight as it stands"),
    ],
)
def test_mistakes_as_learners_write_them(name, answer, words):
    assert re.search(words, said(OFFERED[name], answer))


def test_an_unknown_mistake_is_shown_where_it_is_largest():
    def answer(features):
        gram = gram_by_einsum(features)
        gram[:, 2, 1] += 5
        return gram

    expected = gram_by_einsum(feedback.draw(1, 3, 4, 5))[0, 2, 1].item()
    message = said(checks.gram_matrix, answer)
    assert f"differs most at [0, 2, 1]: there it is {expected + 5:.5g}, but {expected:.5g} is expected." in message
    assert "one row for each channel" in message


def test_a_common_factor_is_told():
    message = said(checks.style_gradient, lambda f, a: 3.5 * style_gradient_by_hand(f, a))
    assert "In all cases it is 3.5 times the expected one." in message


def test_an_answer_that_is_right_at_first_hears_so():
    message = said(checks.gram_matrix, lambda f: gram_by_einsum(f).flip(0) * 1.5 ** (len(f) - 1))
    assert message.startswith("It is right with one picture, (1, 3, 4, 5). But with a batch of two, (2, 3, 4, 5): ")


def test_wrong_values_and_names_do_not_give_the_answer_away():
    assert "1000000" not in said(checks.tutorial_weight, 7)
    assert "? (G - A)^2" in said(checks.tutorial_weight, 7)
    message = said(checks.tutorial_layers, (*FIVE[:4], "conv9_9"))
    assert message.startswith("Part 5 of your result is 'conv9_9'")
    assert "conv3_1" not in message
    assert "is one str, but 5 are asked" in said(checks.tutorial_layers, " ".join(FIVE))
    assert "has 3 parts, but 5 are asked" in said(checks.tutorial_layers, FIVE[:3])
    assert "of type int, but text in quotes is asked" in said(checks.tutorial_layers, (0, 2, 5, 7, 10))
    assert "of type str, but a number is asked" in said(checks.tutorial_weight, "1000000")


# Guards


def raises_below(features):
    scale = 1.0
    return scale * features.reshape(1, 2, 3)


def changes_late(features, target):
    distance = F.mse_loss(features, target)
    target.add_(1)
    return distance


def nan_above(features):
    gram = gram_by_einsum(features)
    return gram / (gram - gram)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (3, "of type int, not a function"),
        (gram_by_einsum(torch.ones(1, 2, 3, 4)), "of type Tensor, not a function"),
        (lambda: 0, r"takes \(\), but it is called with \(features\)"),
        (lambda features, height: 0, r"takes \(features, height\), but it is called with \(features\)"),
        (raises_below, r"stops in line \d+, `return scale \* features.reshape\(1, 2, 3\)`, with RuntimeError: shape"),
        (lambda features: None, "is None: is `return` missing"),
        (lambda features: gram_by_einsum(features).numpy(), "a NumPy array, but a tensor is asked"),
        (lambda features: gram_by_einsum(features).sum().item(), r"a Python number \(float\).*`.item\(\)`"),
        (lambda features: features.shape, "has 4 parts, but one tensor is asked"),
        (lambda features: features, r"shape \(1, 3, 4, 5\), but \(1, 3, 3\) is expected\."),
        (lambda features: features.sum(), r"but \(1, 3, 3\) is expected: everything was added up to one number"),
        (lambda features: gram_by_einsum(features).to("meta"), "on the device meta, but the arguments are on cpu"),
        (
            lambda features: gram_by_einsum(features).double(),
            r"torch.float64, but torch.float32 .*`.to\(torch.float32\)`",
        ),
        (lambda features: gram_by_einsum(features).half(), "holds torch.float16"),
        (lambda features: gram_by_einsum(features).to(torch.complex64), "holds torch.complex64"),
        (nan_above, "9 of 9 numbers that are NaN or infinite: look for a division by 0"),
        (lambda features: gram_by_einsum(features.mul_(2)), "changes its argument `features`"),
        (lambda features: gram_by_einsum(features.relu_()), "changes its argument `features`"),
    ],
)
def test_guards(answer, words):
    assert re.search(words, said(checks.gram_matrix, answer))


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("content_distance", changes_late, "changes its argument `target`"),
        ("adam_step", lambda x, g, m, v, t, r: adam_as_written(x, g, m.mul_(0.9), v.mul_(2), t, r), "`m` and `v`"),
        ("adam_step", lambda x, g, m, v, t, r: x, "is one Tensor, but 3 are asked"),
        ("adam_step", lambda x, g, m, v, t, r: (x, m, 0.5), "part 1 of your result differs most at"),
        ("adam_step", lambda *a: (*adam_as_written(*a)[:2], 0.5), "part 3 of your result is a Python number"),
        ("receptive_field", lambda layers: float(field_backwards(layers)), "right value, but the type float"),
        ("receptive_field", lambda layers: True, "of type bool, but a number is asked"),
        ("receptive_field", lambda layers: field_backwards(layers) + 40, "is 45, but 5 is expected"),
        ("receptive_field", lambda layers: layers.pop()[0] + 2, "changes its argument `layers`"),
        ("total_loss", lambda f, c, s, wc, ws: total_by_loops(f, c, s, wc, ws) + s.clear(), "TypeError"),
        ("total_loss", lambda f, c, s, wc, ws: (total_by_loops(f, c, s, wc, ws), s.clear())[0], "`style_target`"),
        ("content_distance", lambda f, p: (f - p) ** 2, r"\(\) is expected: `.mean\(\)` is missing"),
        (
            "content_gradient",
            lambda f, p: (f - p).permute(0, 2, 3, 1),
            r"same sides in another order. In all cases .* turned by `permute\(0, 2, 3, 1\)`",
        ),
        ("content_gradient", lambda f, p: (f - p)[0], "a dimension of 1 is missing"),
        ("content_gradient", lambda f, p: (f - p)[None], "a dimension of 1 is too many"),
        ("content_gradient", lambda f, p: (f - p).view(-1, 10), "as many numbers, in another arrangement"),
        ("to_tensor", lambda p: p.resize((2, 2)), "of type Image, but a tensor is asked"),
        ("to_tensor", lambda p: torch.from_numpy(np.array(p) / 255).permute(2, 0, 1)[None], "holds torch.float64"),
        (
            "to_tensor",
            lambda p: (RIGHT["to_tensor"][1](p), p.paste(0, (0, 0, 1, 1)))[0],
            "changes its argument `picture`",
        ),
        (
            "to_bytes",
            lambda x: (x[0].permute(1, 2, 0).clamp(0, 1) * 255).round(),
            "holds torch.float32, but torch.uint8",
        ),
    ],
)
def test_guards_of_other_exercises(name, answer, words):
    assert re.search(words, said(OFFERED[name], answer))


def detached_side(features):
    rows = features.flatten(2)
    return rows @ rows.detach().transpose(1, 2) / features[0].numel()


@torch.no_grad()
def gram_without_gradient(features):
    return gram_by_einsum(features)


def total_of_detached_style(features, content_target, style_target, content_weight, style_weight):
    without = {layer: value.data for layer, value in features.items()}
    content = total_by_loops(features, content_target, {}, content_weight, style_weight)
    return content + total_by_loops(without, {}, style_target, content_weight, style_weight)


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("gram_matrix", lambda f: gram_by_einsum(f.detach()), r"cut from the gradient: leave out `.detach\(\)`"),
        ("gram_matrix", lambda f: gram_by_einsum(f.data), "leave out `.data`"),
        ("gram_matrix", gram_without_gradient, r"cut from the gradient: look for .* `torch.no_grad\(\)`"),
        ("gram_matrix", detached_side, r"its gradient is not: a part is cut off: leave out `.detach\(\)`"),
        (
            "gram_matrix",
            lambda f: gram_by_einsum(f) + (0 * f.sum()).sqrt(),
            "holds NaN or infinity: .* before the root",
        ),
        ("gram_matrix", lambda f: torch.from_numpy(gram_by_einsum(f).numpy()), "asked, your function stops .*numpy"),
        ("content_distance", lambda f, p: torch.tensor(F.mse_loss(f, p).item()), r"leave out `.item\(\)`"),
        ("style_distance", lambda f, a: style_by_sum(f.detach(), a), r"leave out `.detach\(\)`"),
        ("outside_range", lambda x: outside_by_parts(x.detach()), r"leave out `.detach\(\)`"),
        ("total_loss", total_of_detached_style, "a part is cut off: (leave out|look for) .*`.data`"),
    ],
)
def test_an_answer_cut_from_the_gradient(name, answer, words):
    message = said(OFFERED[name], answer)
    assert message.startswith("The value is right")
    assert re.search(words, message)


def test_gradients_are_judged_even_where_they_are_switched_off():
    with torch.no_grad():
        assert checks.gram_matrix(gram_by_einsum).passed


# Not written yet


def unwritten(*arguments):
    raise NotImplementedError("your code here")


@pytest.mark.parametrize("name", TABLES)
def test_not_yet(name):
    it = OFFERED[name].exercise
    answers = [..., unwritten] if it.arguments else [..., (..., ...)]
    for answer in answers:
        feedback = OFFERED[name](answer)
        assert feedback.passed is None
        assert it.task in feedback.message
        assert ("raise NotImplementedError" in feedback.message) == (answer is unwritten)
        assert repr(feedback).startswith("Not yet: Write your own code in place of")


def test_what_torch_does_not_implement_is_no_unwritten_answer():
    def answer(features):
        raise NotImplementedError("\"mse_cpu\" not implemented for 'Byte'")

    assert "NotImplementedError: \"mse_cpu\" not implemented for 'Byte'" in said(checks.gram_matrix, answer)


# Whatever is handed in


class Hostile:
    def __call__(self, *arguments):
        return self

    def _fail(self, *arguments):
        raise RuntimeError("no")

    __eq__ = __len__ = __iter__ = __repr__ = __str__ = __bool__ = __getattr__ = __float__ = _fail
    __hash__ = None


class MuteError(Exception):
    def __str__(self):
        raise ValueError


def raising(error):
    def answer(*arguments):
        raise error

    return answer


# Drawn by name, because hypothesis looks at what it draws from, and these do not bear it
ODD = {
    **{f"object {i}": value for i, value in enumerate([..., Hostile(), Hostile, object(), 10**5000, iter(()), torch])},
    **{f"callable {i}": value for i, value in enumerate([type, len, int, nn.ReLU, nn.ReLU(), F.relu, torch.zeros])},
    **{f"array {i}": np.array(value) for i, value in enumerate([3, [[], []], "a", [None], float("nan")])},
    **{f"tensor {i}": torch.tensor(value) for i, value in enumerate([[], 1j, True, [[[float("inf")]]]])},
    "sparse": torch.ones(1, 3, 3).to_sparse(),
    "elsewhere": torch.ones(2, device="meta"),
    "mute error": MuteError(),
    **{error.__name__: error() for error in (SystemExit, GeneratorExit, RecursionError, StopIteration, KeyError)},
}
odd = st.sampled_from(sorted(ODD)).map(lambda name: ODD[name])
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.binary()
things = plain | st.text(st.characters(exclude_categories=())) | odd
objects = st.recursive(things, lambda inner: st.lists(inner) | st.tuples(inner, inner, inner) | st.sets(st.text()))
errors = st.sampled_from(["mute error", "SystemExit", "GeneratorExit", "RecursionError", "StopIteration", "KeyError"])
answers = st.one_of(
    objects,
    objects.map(lambda value: lambda *arguments: value),
    errors.map(lambda name: raising(ODD[name])),
)


@pytest.mark.parametrize("name", OFFERED)
@given(answer=answers)
def test_a_check_never_raises(name, answer):
    feedback = OFFERED[name](answer)
    assert isinstance(feedback, Feedback)
    assert feedback.message
    (repr(feedback) + feedback._repr_html_()).encode()  # can be sent to a page


def test_when_nbgrader_marks_no_points_are_an_error_and_all_points_are_silence(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert checks.content_distance(lambda features, target: (features - target).square().mean()) is None
    with pytest.raises(AssertionError, match="Look again: This looks like"):
        checks.content_distance(lambda features, target: (features - target).square().sum())
    with pytest.raises(AssertionError, match="Not yet: Write your own code"):
        checks.tutorial_layers(...)


def test_only_the_learner_may_interrupt():
    with pytest.raises(KeyboardInterrupt):
        checks.gram_matrix(raising(KeyboardInterrupt()))
    assert "stops in line" in said(checks.gram_matrix, raising(SystemExit(3)))


# What is shown


def test_messages_are_escaped_and_code_is_marked():
    page = checks.gram_matrix(raising(ValueError("<script>alert('x')</script> & `<b>`")))._repr_html_()
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; <code>&lt;b&gt;</code>" in page


@pytest.mark.parametrize(("passed", "word"), [(True, "Right"), (False, "Look again"), (None, "Not yet")])
def test_a_word_and_a_sign_tell_the_verdict_in_both_themes(passed, word):
    feedback = Feedback(passed, "Some `code` and words.")
    page = feedback._repr_html_()
    assert f"</span> {word}:</strong> Some <code>code</code> and words.</div>" in page
    assert 'role="status"' in page
    assert not re.search(r"#[0-9a-fA-F]{3}|rgb|background", page)  # the theme's colours alone
    assert page.count("var(--jp-") == page.count(", currentColor)") == 2
    assert repr(feedback) == f"{word}: Some `code` and words."


def test_verdicts_look_different_without_colour():
    pages = [re.sub(r"--jp-\w+-color\d", "", Feedback(passed, "")._repr_html_()) for passed in (True, False, None)]
    assert len({re.search("border-left: [^;]*", page)[0] for page in pages}) == 3
    assert len({re.search("<strong>.*</strong>", page)[0] for page in pages}) == 3


def test_a_long_message_of_an_error_is_cut():
    assert len(said(checks.gram_matrix, raising(ValueError("long " * 1000)))) < 600


def test_half_a_character_in_a_message_can_still_be_shown():
    assert "ValueError: before ? after" in said(checks.gram_matrix, raising(ValueError("before \ud800 after")))


def test_feedback_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Feedback(True, "").passed = False
