"""What a Chinese learner reads of checks, predictions, the museum and figures: no English left, and nothing lost."""

import io
import itertools
import logging
import re
import sys
from collections import Counter
from pathlib import Path

import matplotlib
import pytest
import torch
from matplotlib.text import Text

from style_helpers import language, losses
from style_helpers.course import checks, errors, feedback, letters, museum, plots, predict, relations
from tests.browser.test_accessibility import BY_LAYER, FIGURES
from tests.course import test_checks

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lessons"))
import translation  # noqa: E402  (lessons/ is no package: authors run its programs)

CODE = re.compile(r"`[^`]*`")
CHINESE = re.compile("[\u4e00-\u9fff]")
each_check = pytest.mark.parametrize("check", test_checks.TABLES.values(), ids=test_checks.TABLES)


@pytest.fixture(autouse=True)
def chinese(monkeypatch):
    monkeypatch.setenv(language.VARIABLE, "zh")


def is_chinese(said: str) -> bool:
    """Nothing but names stands in Latin letters: no two words of English side by side."""
    return bool(CHINESE.search(said)) and not re.search(r"[a-z]{2,} [a-z]{2,}", CODE.sub("", said))


# Feedback


@each_check
def test_every_phrase_of_an_exercise_is_chinese(check):
    it = check.exercise
    for phrase in (it.task, it.look, it.praise, *it.cases, *itertools.chain(*it.mistakes)):
        said = feedback._spoken(phrase)
        assert is_chinese(said) or not re.search("[A-Za-z]{2}", phrase), phrase
        assert not Counter(CODE.findall(phrase)) - Counter(CODE.findall(said)), phrase


def names_a_method(features):
    features.relu  # noqa: B018
    return features.sum() * TWO


TWO = 2  # from another cell, as it were
gram, right_gram = test_checks.gram_by_einsum, checks.gram_matrix
SAID = [  # an answer to a check, for every sentence that `feedback` and `relations` make
    (right_gram, gram),
    (right_gram, ...),
    (right_gram, test_checks.unwritten),
    (right_gram, 3),
    (right_gram, lambda features, height: 0),
    (right_gram, lambda features: None),
    (right_gram, test_checks.raising(ValueError())),
    (right_gram, test_checks.Hostile()),
    (right_gram, lambda features: gram(features.mul_(2))),
    (right_gram, names_a_method),
    (right_gram, lambda features: features.flaten(2)),
    (right_gram, lambda features: torch.from_numpy(gram(features).numpy())),
    (right_gram, torch.zeros),
    (right_gram, lambda features: gram(features).numpy()),
    (right_gram, lambda features: gram(features).numpy().mean()),
    (right_gram, lambda features: gram(features).sum().item()),
    (right_gram, lambda features: 0),
    (right_gram, lambda features: features.shape),
    (right_gram, lambda features: "G"),
    (right_gram, lambda features: features),
    (right_gram, lambda features: features.sum()),
    (right_gram, lambda features: gram(features)[0, 0]),
    (right_gram, lambda features: gram(features)[None]),
    (right_gram, lambda features: gram(features).to("meta")),
    (right_gram, lambda features: gram(features).double()),
    (right_gram, lambda features: (1e6 * gram(features)).to(torch.complex64)),
    (right_gram, test_checks.nan_above),
    (right_gram, lambda features: gram(features).flip(0) * 1.5 ** (len(features) - 1)),
    (right_gram, lambda features: 3.5 * gram(features)),
    (right_gram, lambda features: gram(features) * features.shape[1] * 3),
    (right_gram, lambda features: gram(features) * features.sum()),
    (right_gram, lambda features: torch.ones(1, 2, 2)),
    (right_gram, lambda features: gram(features) + gram(features) ^ 2),
    (right_gram, lambda features: gram(features.detach())),
    (right_gram, lambda features: gram(features) + (0 * features.sum()).sqrt()),
    (right_gram, test_checks.gram_without_gradient),
    (right_gram, test_checks.detached_side),
    (checks.content_distance, lambda f, p: ((f - p) ** 2).sum()),
    (checks.content_distance, lambda f, p: 0.7 * ((f - p) ** 2).mean() + 0.01),
    (checks.content_distance, lambda f, p: (f - p).abs()),
    (checks.content_distance, lambda f, p: (f - p) ** 2),
    (checks.content_distance, lambda f, p: ((f - p) ** 2)[0]),
    (checks.content_gradient, lambda f, p: (f - p).permute(0, 2, 3, 1)),
    (checks.content_gradient, lambda f, p: (f - p).view(-1, 10)),
    (checks.content_gradient, lambda f, p: (f - p)[0]),
    (checks.content_gradient, lambda f, p: ((f - p) ** 2).mean((2, 3), keepdim=True)),
    (checks.content_gradient, lambda f, p: 3 * f - p + 0.5 * f**2),
    (checks.content_gradient, lambda f, p: (2 * (f - p) / f.numel()).requires_grad_()),
    (checks.content_gradient, lambda f, p: torch.func.grad(lambda x: ((x - p) ** 2).mean())(f)),
    (checks.adam_step, lambda x, g, m, v, t, r: x),
    (checks.adam_step, lambda x, g, m, v, t, r: (x, m)),
    (checks.adam_step, lambda x, g, m, v, t, r: (x, m, 0.5)),
    (checks.adam_step, lambda *a: (test_checks.adam_as_written(*a)[0] * 2, *test_checks.adam_as_written(*a)[1:])),
    (checks.receptive_field, lambda layers: float(test_checks.field_backwards(layers))),
    (checks.receptive_field, lambda layers: test_checks.field_backwards(layers) + 40),
    (checks.receptive_field, lambda layers: test_checks.field_backwards(layers) - 40),
    (checks.receptive_field, lambda layers: True),
    (checks.tutorial_layers, test_checks.FIVE[:3]),
    (checks.tutorial_layers, (*test_checks.FIVE[:4], "conv9_9")),
    (checks.tutorial_layers, (*test_checks.FIVE[:4], "Conv3-1")),
    (checks.tutorial_layers, (0, 2, 5, 7, 10)),
    (checks.tutorial_weight, "1000000"),
    (checks.tutorial_weight, 7),
    (checks.tutorial_weight, None),
    (checks.picture_report, lambda x: "fine" if x.ndim == 4 else "shape"),
    (checks.which_bug, ...),
    (checks.which_bug, "grey photo"),
    (checks.which_bug, {}),
    (checks.which_bug, museum.MYSTERIES),
    (checks.which_bug, museum.MYSTERIES | {"A": "grey foto", "F": "grey photo"}),
    (checks.which_bug, dict.fromkeys("ABC", "grey photo") | {"D": 3, "E": museum.MYSTERIES["E"]}),
]


MADE_OF = [  # right results
    lambda right: right.square(),
    lambda right: right.abs().sqrt(),
    lambda right: right.abs(),
    lambda right: 2 * right.mean(),
    lambda right: 2 * right.mean(1),
    lambda right: 2 * right.sum(1),
    lambda right: right * (right > 0.5),
    lambda right: right.permute(2, 0, 1).reshape(right.shape),
]


def test_every_sentence_of_feedback_is_chinese_and_has_the_code_of_the_english(monkeypatch):
    heard = set()
    for module in (feedback, relations):
        monkeypatch.setattr(module, "_", lambda message, **values: heard.add(message) or language._(message, **values))
    for number, (check, answer) in enumerate(SAID):
        said = check(answer)
        with monkeypatch.context() as english:
            english.setenv(language.VARIABLE, "en")
            in_english = check(answer)
        assert said.passed is in_english.passed
        assert re.match("正确：|再看看：|还没完成：", repr(said))
        assert repr(said)[:2] in said._repr_html_()
        own = re.sub(r"报错 \w+: [^。]*", "", said.message)  # without Python's own words
        own = re.sub("|".join(map(re.escape, (*museum.BUGS, "grey foto"))), "", own)
        assert is_chinese(own), (number, said.message)
        assert not Counter(CODE.findall(in_english.message)) - Counter(CODE.findall(said.message)), said.message
    for change, less in itertools.product(MADE_OF, (0, 0.4)):
        rights = [feedback.unit(2, 3, 4) - less, feedback.unit(2, 5, 3) - less]
        said = relations.relation([*map(change, rights)], rights, [{}, {}])
        assert is_chinese(said) or not said
    course = ROOT / "style_helpers" / "course"
    sentences = {*translation.of(course / "feedback.py"), *translation.of(course / "relations.py")}
    assert sorted(sentences - heard) == []


def test_what_errors_mean_is_chinese():
    for meant in errors.MEANINGS:
        assert is_chinese(language._(meant.words))


def test_a_mistake_of_layers_is_told_whatever_the_error_says():
    def answer(f, content, style, wc, ws):
        return sum(losses.content_distance(f["relu1_1"], target) for target in content.values())

    assert "要是同一层" in checks.total_loss(answer).message


def test_numbers_and_code_of_the_course_are_kept():
    for message in said_by_the_course():
        said = language._(message)
        for pattern in (CODE, re.compile(r"\d+(?:\.\d+)?")):
            assert not Counter(pattern.findall(message)) - Counter(pattern.findall(said)), said


def said_by_the_course() -> set[str]:
    tree = {message for path in (ROOT / "style_helpers" / "course").rglob("*.py") for message in translation.of(path)}
    return {message for message in tree if isinstance(message, str)}


# Predictions and the museum


def test_predictions_and_answers():
    question = predict("G 会怎样？", ["不变", "变"])
    assert is_chinese(repr(question))
    for guess in (None, "不变", "变"):
        question.guess = guess
        answer = question.answer("变", "差是 1e-7")
        assert is_chinese(repr(answer))
        assert is_chinese(re.sub("<[^>]*>|&larr;", "", answer._repr_html_()))
        assert all(map(is_chinese, answer.verdicts.values()))
    for wrong in (lambda: predict("?", []), lambda: question.answer("3")):
        with pytest.raises(ValueError, match="选项"):
            wrong()


@pytest.mark.parametrize("bug", museum.BUGS.values(), ids=lambda bug: bug.name)
def test_labels_of_the_museum(bug):
    assert is_chinese(bug.mistake.replace(", with retain_graph", ""))
    assert is_chinese(re.sub("“[^”]*”", "", bug.symptom))  # torch's own words
    for part in ("wrong", "right"):
        code, _, comment = getattr(bug, part).partition("  # ")
        assert code == vars(bug)[part].partition("  # ")[0]
        assert is_chinese(comment) or not re.search("[a-z]{2}", comment)


def test_notes_of_the_museum():
    assert is_chinese(museum.runaway(7, float("inf")))
    assert is_chinese(museum.stopped(2, RuntimeError("no. And more")))
    assert museum.try_test("swapped channels", broken=False) == "通过"
    assert museum.try_test("swapped channels", broken=True) == "未通过：AssertionError"


# Figures


@pytest.fixture
def our_own_letters(monkeypatch):
    monkeypatch.setattr(letters, "SYSTEMS", ())
    with matplotlib.rc_context():
        letters.lend("zh")
        yield


GIVEN = {"one", "other", "now", "row", "left", "right", "a note", "another", "distance", "small", "large", *BY_LAYER}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_say_all_in_chinese_and_every_letter_is_there(name, our_own_letters, caplog):
    with caplog.at_level(logging.WARNING):
        figure = FIGURES[name]()
        figure.savefig(io.BytesIO(), format="png")
    assert caplog.messages == []  # matplotlib logs, and does not warn of, letters that a line with a formula lacks
    texts = {text.get_text() for text in figure.findobj(Text)} - GIVEN
    for text in texts:
        words = re.sub(r"\$[^$]*\$|(?:conv|relu)\w*|LPIPS", "", text)
        assert not re.search("[A-Za-z]{2}", words), text


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: plots.pixel_numbers(torch.rand(1, 3, 4, 4), 3, 3),
        lambda: plots.feature_agreement({way: {"relu1": 1.0} for way in "abcdefgh"}),
        lambda: plots.gram_matrices({"one": torch.eye(3), "other": torch.eye(4)}),
    ],
)
def test_figures_refuse_in_chinese(wrong):
    with pytest.raises(ValueError, match=CHINESE.pattern):
        wrong()
