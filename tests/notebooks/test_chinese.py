"""The Chinese pages say what the English ones say, in the words of the lessons, set as Chinese is set."""

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lessons"))
import build
import translation

from style_helpers import language
from style_helpers.course import checks

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "README.md": "README.zh-CN.md",
    "TEACHING.md": "TEACHING.zh-CN.md",
    "notebooks/symbols.md": "notebooks/zh/symbols.md",
    "notebooks/from_the_old_tutorial.md": "notebooks/zh/from_the_old_tutorial.md",
}
GLOSSARY = "notebooks/zh/glossary.md"
LESSONS = {lesson.stem[:2]: lesson.stem for lesson in build.lessons()}
each_page = pytest.mark.parametrize(("english", "chinese"), PAGES.items(), ids=PAGES)
each_lesson = pytest.mark.parametrize("lesson", build.lessons(), ids=lambda lesson: lesson.stem)
CODE = re.compile(r"^ *```.*?^ *```$|`[^`]+`", re.MULTILINE | re.DOTALL)
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL)


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def sections(page: str) -> list[str]:
    """From one heading to the next; blocks of code have none."""
    text = CODE.sub(lambda code: code[0].replace("\n#", "\n\\#"), read(page))
    return re.split(r"^(?=#+ )", text, flags=re.MULTILINE)


def in_english(text: str) -> str:
    """A Chinese page's addresses as the English page has them."""
    shared = {"notebooks/zh": "notebooks", "figures/zh": "figures", ".zh-CN.md": ".md"}
    return re.sub("|".join(map(re.escape, shared)), lambda own: shared[own[0]], text)


def code(section: str) -> Counter:
    """Its code, without what is said in it: comments, and the labels of a chart."""
    found = (re.sub(r"  # .*|\[.*?\]|-- \".*?\" -->", "", each[0]) for each in CODE.finditer(in_english(section)))
    return Counter(re.sub(r"\s+", " ", each) for each in found)


def formulas(section: str) -> Counter:
    return Counter(re.sub(r"\s+", "", each) for each in FORMULA.findall(CODE.sub("", section)))


def addresses(section: str) -> Counter:
    """Where its links lead and its pictures lie; headings are named otherwise in each language."""
    return Counter(re.findall(r"\]\(([^)#]+)[^)]*\)", in_english(section)))


def numbers(section: str) -> Counter:
    """What is written in digits, but for addresses; Chinese writes months so."""
    section = section.replace("November 2026", "2026 11")
    text = FORMULA.sub("", CODE.sub("", re.sub(r"\]\([^)]*\)", "]", section)))
    return Counter(re.findall(r"\d+(?:[.,:]\d+)*", text))


def rows(text: str) -> list[list[str]]:
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("|")]


@each_page
def test_a_page_has_the_sections_tables_and_links_of_the_english_one(english, chinese):
    ours, theirs = sections(chinese), sections(english)
    assert [re.match("#*", each)[0] for each in ours] == [re.match("#*", each)[0] for each in theirs]
    for here, there in zip(ours, theirs, strict=True):
        name = there.partition("\n")[0]
        assert [len(row) for row in rows(here)] == [len(row) for row in rows(there)], name
        allowed = {"notebooks/glossary.md", "README.md"}  # what Chinese readers get beside it
        assert set(addresses(here) - addresses(there)) <= allowed, name
        assert addresses(there) - addresses(here) == Counter(), name


@each_page
def test_a_page_has_the_code_formulas_and_numbers_of_the_english_one(english, chinese):
    for here, there in zip(sections(chinese), sections(english), strict=True):
        name = there.partition("\n")[0]
        assert code(here) == code(there), name
        assert formulas(here) == formulas(there), name
        assert numbers(here) == numbers(there), name


def test_the_pages_lead_to_one_another():
    for name in ("README", "TEACHING"):
        assert read(f"{name}.md").splitlines()[2] == f"[简体中文]({name}.zh-CN.md)"
        assert read(f"{name}.zh-CN.md").splitlines()[2] == f"[English]({name}.md)"


@pytest.mark.parametrize("page", [*PAGES.values(), GLOSSARY])
def test_links_resolve(page):
    for target in re.findall(r"\]\(([^)]+)\)", read(page)):
        path, _, anchor = target.partition("#")
        if target.startswith("http"):
            continue
        there = (ROOT / page).parent / path if path else ROOT / page
        assert there.exists(), target
        headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in anchors, target


# Words of the lessons


def answers(page: str, title: str) -> dict[str, str]:
    """The predictions of a lesson that a page for instructors answers: the question, and the choice in bold."""
    about = next(each for each in sections(page) if each.startswith(f"##{title}\n"))
    found = (re.match(r" (.*) \| \*\*(.*?)\*\*", "|".join(row)) for row in rows(about))
    return dict(each.groups() for each in found if each)


@each_lesson
def test_teaching_quotes_titles_predictions_and_answers_from_the_lessons(lesson):
    title = re.search(r"^# .*$", lesson.read_text(encoding="utf-8"), re.MULTILINE)[0]
    said = translation.read("zh", lesson.stem)
    expected = {said[question]: said.get(choice, choice) for question, choice in answers("TEACHING.md", title).items()}
    assert answers("TEACHING.zh-CN.md", said[title]) == expected


def test_usual_wrong_answers_are_told_in_the_words_of_the_checks(monkeypatch):
    monkeypatch.setenv(language.VARIABLE, "zh")
    told = 0
    for here, there in zip(sections("TEACHING.zh-CN.md"), sections("TEACHING.md"), strict=True):
        for ours, theirs in zip(rows(here), rows(there), strict=True):
            judge = re.search(r"`checks\.(\w+)`", theirs[0])
            exercise = judge and getattr(getattr(checks, judge[1]), "exercise", None)
            mistakes = [words for words, _ in exercise.mistakes] if exercise else []
            quoted = re.findall(r"“([^”]+)”", ours[-1]), re.findall(r'"([^"]+)"', theirs[-1])
            for chinese, english in zip(*quoted, strict=True) if mistakes else ():
                known = [language._(words) for words in mistakes if words.startswith(english)]
                assert any(said.startswith(chinese) for said in known), (judge[1], chinese, known)
                told += 1
    assert told > 50


def test_what_the_plans_call_by_its_name_stands_in_a_lesson():
    everything = "\n".join(said for name in LESSONS.values() for said in translation.read("zh", name).values())
    plans = [each for each in sections("TEACHING.zh-CN.md") if each.startswith("### 教案")]
    assert len(plans) == 3
    for plan in plans:
        for row in rows(plan):
            for quoted in re.findall(r"“([^”]+)”", " ".join(row)):
                assert quoted in everything, quoted


NAMED = re.compile(r'"([^"]+)"|\b[Pp]ress ([A-Z]\w+)(?![\w+])|\b([A-Z]\w+) is pressed')
KEYS = {"Enter"}


def said_by_programs() -> dict[str, str]:
    """By the English, the Chinese; without what counts something."""
    messages = translation.read("zh", translation.PACKAGE).items()
    return {english: chinese for english, chinese in messages if isinstance(english, str)}


def test_what_panels_and_programs_say_is_quoted_as_they_say_it():
    """A button of a panel, a line of the doctor: by the name that it has in the language of the text."""
    known = said_by_programs()
    known |= {english.partition(":")[0]: said for english, said in known.items()}
    texts = [pair for name in LESSONS.values() for pair in translation.read("zh", name).items()]
    texts += [(read(english), read(chinese)) for english, chinese in PAGES.items()]
    told = 0
    for english, chinese in texts:
        quoted = re.findall(r"“([^”]+)”", chinese)
        for name, *pressed in NAMED.findall(CODE.sub("", english)):
            button = "".join(pressed)
            assert button in known.keys() | KEYS | {""}, button
            if said := known.get(name or button):
                assert any(said.startswith(each) for each in quoted), (name or button, said, chinese[:80])
                told += 1
    assert told > 80


@pytest.mark.parametrize(
    ("page", "quoted"), [("TEACHING.md", r'"([^"]+)"'), ("TEACHING.zh-CN.md", "“([^”]+)”")], ids=["en", "zh"]
)
def test_messages_to_look_up_are_what_the_programs_say(page, quoted):
    others = {"No module named 'style_helpers'", "下载"}  # Python's, and a folder's name
    messages = said_by_programs()
    said = "\n".join(messages if page == "TEACHING.md" else messages.values())
    (about,) = (each for each in sections(page) if re.match("## (When something fails|当天出了问题)", each))
    found = {each for row in rows(about) for each in re.findall(quoted, row[0])} - others
    assert len(found) > 5
    for message in found:
        for part in message.split(" ... "):
            assert part in said, message


def test_the_glossary_has_the_words_of_the_lessons():
    terms = [[cell.strip() for cell in row] for row in rows(read(GLOSSARY)) if re.fullmatch(r" \d\d ", row[2])]
    assert len(terms) > 100
    assert len({term for term, *_ in terms}) == len(terms)
    for english, chinese, lesson, _ in terms:
        term = re.compile(r"\b" + re.escape(english.partition(" (")[0]), re.IGNORECASE)
        said = translation.read("zh", LESSONS[lesson]).items()
        assert any(term.search(message) and chinese in words for message, words in said), english


# How it is set

HAN = r"[\u4e00-\u9fff]"
PLACE = "\ufffc"  # for a {place}: what comes there may be either
WIDE = "，。；：！？、（）《》“”…"
WRONG = {
    "a half-width mark beside a Chinese letter": rf"{HAN}[,;:!?]|{HAN}\.(?=\s|{HAN}|$)|{HAN}\(|\){HAN}|{HAN}\"|\"{HAN}",
    "no space between Chinese and Latin letters or digits": rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9%]{HAN}",
    "a space beside a full-width mark": rf"(?<=[^\s|.#>*-]) +[{WIDE}]|[{WIDE}] +(?=[^\s|*_])",
    "a space between Chinese letters": rf"{HAN} {HAN}",
    "an x for a multiplication sign": r"\d x \d",
    "a mark that is doubled": r"([，。；：！？、])\1|，。|。，",
    "corner brackets": r"[「」『』]",
}


def prose(text: str) -> str:
    """What is read: a letter in place of each piece of code or formula, of a link its words."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", CODE.sub("x", text))
    return re.sub(r"<[^>]*>|https?://\S+", "", re.sub(r"\{[^{}]*\}", PLACE, FORMULA.sub("x", text)))


def faults(text: str) -> list[str]:
    """Each place where Chinese is not set as it should be, with what is wrong there."""
    found = []
    plain = prose(text)
    for what, pattern in WRONG.items():
        looked_at = re.sub(r"[*_]", "", plain) if "full-width mark" not in what else plain
        for place in re.finditer(pattern, looked_at, re.MULTILINE):
            found.append(f"{what}: {looked_at[max(0, place.start() - 15) : place.end() + 15]!r}")
    return found


@pytest.mark.parametrize("page", [*PAGES.values(), GLOSSARY])
def test_a_page_is_set_as_chinese_is(page):
    assert faults(read(page)) == []


@pytest.mark.parametrize("name", ["build", *LESSONS.values()])
def test_a_lesson_is_set_as_chinese_is(name):
    assert [fault for said in translation.read("zh", name).values() for fault in faults(said)] == []


SET_WRONGLY = [
    "图像,画面", "图像.", "图像(画面)", "用Adam 走", "共 3张", "图像， 画面", "图像 （画面）", "5 x 5", "说：：",
    "「图像」", "图 像", "`x`的值", "$x$的值", '叫"图像"',
]  # fmt: skip


@pytest.mark.parametrize("wrong", SET_WRONGLY)
def test_what_is_set_wrongly_is_found(wrong):
    assert faults(wrong)
