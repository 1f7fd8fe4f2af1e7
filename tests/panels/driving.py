"""What the tests of all panels need: wait for a background thread, walk through a panel's controls, click at once."""

import threading
import time

SECONDS = 300  # a guard against hanging, and no measure of speed
TIRED = "The <network> is tired."


def wait(until, seconds=SECONDS):
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)


def idle(panel):
    """The panel when nothing is under way any more, in the background neither."""
    wait(lambda: not panel.working)
    panel.wait()
    return panel


def stopped_at(panel, fake, button, evaluation):
    """The panel after this button, and Stop while that evaluation was under way; nothing is under way any more."""
    fake.free = False
    button.click()
    fake.reach(evaluation)
    panel.stop_button.click()
    fake.grant()
    return idle(panel)


def inside(widget):
    """The widget and all that it contains."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from inside(child)


def click_at_once(clicks):
    """Each click on a thread of its own; all of them must come back."""
    threads = [threading.Thread(target=click, daemon=True) for click in clicks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert not any(thread.is_alive() for thread in threads)


class Fake:
    """What a panel works with in its tests. How long making it and each evaluation take is for the test to say."""

    def __init__(self):
        self.may_be_made = threading.Event()
        self.may_be_made.set()
        self.free, self.allowed = True, threading.Semaphore(0)  # evaluations, one by one unless free
        self.reached = self.granted = 0  # evaluations
        self.began = self.making = self.most_at_once = 0
        self.evaluated, self.fail_at = 0, None  # evaluations so far, and the one that raises TIRED
        self.cannot_be_made = ""

    def make(self):
        self.began += 1
        self.making += 1
        self.most_at_once = max(self.most_at_once, self.making)
        assert self.may_be_made.wait(SECONDS)
        self.making -= 1
        if self.cannot_be_made:
            raise ValueError(self.cannot_be_made)

    def evaluate(self):
        self.evaluated += 1
        if self.evaluated == self.fail_at:
            raise ValueError(TIRED)
        if not self.free:
            self.reached += 1
            assert self.allowed.acquire(timeout=SECONDS)

    def grant(self, evaluations=1):
        self.granted += evaluations
        self.allowed.release(evaluations)

    def reach(self, evaluation):
        """Lets all before this one pass, and returns when this one is under way."""
        self.grant(evaluation - 1 - self.granted)
        wait(lambda: self.reached == evaluation)

    def let_all_end(self):
        self.free = True
        self.may_be_made.set()
        self.allowed.release(100)
