"""The strip's Python half; what the hand does to it is tested in a browser."""

from style_helpers.panels.strip import Filmstrip, frame


def moment(number):
    return frame(bytes([number]), str(number), f"Evaluation {number}", [f"total {number}"])


def watched(monkeypatch, strip):
    """The names of the traits that are sent, message by message."""
    sent, real = [], strip.send_state

    def send_state(key=None):
        sent.append(sorted({key} if isinstance(key, str) else key or strip.keys))
        real(key)

    monkeypatch.setattr(strip, "send_state", send_state)
    return sent


def test_one_more_is_sent_alone_and_what_is_recorded_has_all(monkeypatch):
    strip = Filmstrip(pictures=[moment(0)])
    sent = watched(monkeypatch, strip)
    for number in (1, 2):
        strip.add(moment(number))
    assert sent == [["newest"], ["newest"]]
    assert strip.newest == moment(2) | {"number": 2}
    recorded = strip.recorded()["pictures"]
    assert [each["name"] for each in recorded] == ["Evaluation 0", "Evaluation 1", "Evaluation 2"]
    assert recorded[1]["picture"] == {"base64": "AQ=="}
    assert Filmstrip().pictures == []  # each strip has a list of its own


def test_a_page_that_missed_some_gets_all_and_may_miss_some_again(monkeypatch):
    strip = Filmstrip()
    strip.add(moment(0))
    sent = watched(monkeypatch, strip)
    for _ in range(2):
        strip.set_state({"have": 0})  # as the page tells it
        assert ["pictures"] in sent
        assert strip.have == -1
        sent.clear()
    strip.set_state({"have": 1})  # it has all
    assert ["pictures"] not in sent


def test_words_are_there_for_those_who_listen():
    assert moment(3)["words"] == "Evaluation 3"
    assert frame(b"", "3", "Third", words="a tower")["words"] == "a tower"
