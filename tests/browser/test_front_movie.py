"""The moving picture on a plain page: a recorded walk, and what the browser sends from its camera and from a file."""

import base64

import pytest

from style_helpers.panels.one_pass import Movie, OnePass

ANSWER = """() => {  // as Python does
    window.answer = () => setTimeout(() => model.set("painted", {
        number: model.get("asked"), frame: window.picture, picture: window.picture, seconds: 0.1,
        flicker: [0.012, 0.34],
    }), 10);
    model.on("change:asked", window.answer);
}"""
PICTURE = """() => { const canvas = document.createElement("canvas");
    canvas.getContext("2d").fillRect(0, 0, 9, 9);
    window.picture = canvas.toDataURL(); }"""
VIDEO = """async () => {  // three seconds of a square that moves, made by this browser, for this browser
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
    const context = canvas.getContext("2d");
    const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: "video/webm" });
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.start();
    for (let step = 0; step < 20; step += 1) {
        context.fillStyle = "white"; context.fillRect(0, 0, 640, 360);
        context.fillStyle = "red"; context.fillRect(20 * step, 100, 100, 100);
        await new Promise((done) => setTimeout(done, 50));
    }
    await new Promise((done) => { recorder.onstop = done; recorder.stop(); });
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""


@pytest.fixture(scope="module")
def recorded():
    panel = OnePass()
    panel.record(4)
    return panel.movie


@pytest.fixture
def live(on_page):
    """A page whose model answers as Python would."""
    page = on_page(Movie(), 700, 700)
    page.evaluate(PICTURE)
    page.evaluate(ANSWER)
    yield page
    page.evaluate("model.off('change:asked', window.answer)")


def press(page, name):
    page.get_by_role("button", name=name).click()


def frames(page):
    """How many were sent, and the first bytes of the newest."""
    return page.evaluate(
        """() => [model.get("asked"), [...new Uint8Array(model.get("frame")?.buffer ?? [])].slice(0, 2)]"""
    )


def test_a_recorded_walk_is_walked_through(on_page, recorded):
    page = on_page(recorded, 360, 800)
    slider = page.get_by_role("slider", name="frame")
    assert slider.get_attribute("aria-valuetext") == "1. Nothing moves yet."
    sources = []
    for _ in range(4):
        sources.append(page.locator("img").nth(1).get_attribute("src"))
        slider.press("ArrowRight")
    assert len(set(sources)) == 4
    plain, painted = recorded.steps[-1]["flicker"]
    assert slider.get_attribute("aria-valuetext") == (
        f"4. Moved along with the things, the painted frame before differs by {painted:.2f} of the spread "
        f"(the photographs: {plain:.2f})."
    )
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_walk_asks_for_step_after_step_until_it_is_stopped(live):
    press(live, "Walk over the photograph")
    live.get_by_text("differs by 0.34 of the spread (the photographs: 0.01).").wait_for()
    asked, begins = frames(live)
    assert asked > 1
    assert begins == []  # an empty frame: the next step
    press(live, "Stop")
    after = frames(live)[0]
    live.wait_for_timeout(200)
    assert frames(live)[0] == after
    assert live.get_by_role("button", name="Stop").get_attribute("aria-disabled") == "true"


def test_what_is_stopped_before_its_first_frame_says_so(on_page):
    page = on_page(Movie(), 700, 700)  # nobody answers
    press(page, "Walk over the photograph")
    page.wait_for_function("model.get('asked') === 1")
    assert page.get_by_text("Opening it.").is_visible()
    press(page, "Stop")
    page.get_by_text("Stopped.").wait_for()


def test_frames_of_a_video_are_sent_as_small_pictures(live, tmp_path):
    (tmp_path / "moves.webm").write_bytes(base64.b64decode(live.evaluate(VIDEO)))
    (tmp_path / "none.webm").write_text("no video")
    for name, says in (
        ("none.webm", "'none.webm' is no video that this browser can play."),
        ("moves.webm", "frames a second"),
    ):
        with live.expect_file_chooser() as chooser:
            press(live, "A video of your own")
        chooser.value.set_files(tmp_path / name)
        live.get_by_text(says).wait_for()
    assert frames(live)[1] == [0xFF, 0xD8]  # JPEG
    size = live.evaluate(
        "createImageBitmap(new Blob([model.get('frame')])).then(({ width, height }) => [width, height])"
    )
    assert size == [256, 144]
    press(live, "Stop")


def test_a_browser_that_lends_no_camera_says_so(live):
    live.evaluate("""() => {
        const refuses = { getUserMedia: () => Promise.reject(new DOMException("no", "NotAllowedError")) };
        Object.defineProperty(navigator, "mediaDevices", { value: refuses });
    }""")
    press(live, "Camera")
    live.get_by_text("no camera").wait_for()


def test_a_frame_that_cannot_be_painted_ends_it(live):
    live.evaluate("""() => {
        model.off("change:asked", window.answer);
        window.answer = () => setTimeout(() => model.set("painted", { number: model.get("asked") }), 10);
        model.on("change:asked", window.answer);
    }""")
    press(live, "Walk over the photograph")
    live.wait_for_function("model.get('asked') === 1 && model.get('painted').number === 1")
    assert live.get_by_role("button", name="Stop").get_attribute("aria-disabled") == "true"


def test_the_camera_is_given_back_when_it_stops(live):
    """A stream of the page's own stands for the camera's."""
    live.evaluate("""() => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
        canvas.getContext("2d").fillRect(0, 0, 9, 9);
        window.stream = canvas.captureStream(10);
        const given = { getUserMedia: async () => window.stream };
        Object.defineProperty(navigator, "mediaDevices", { value: given, configurable: true });
        window.drawing = setInterval(() => canvas.getContext("2d").fillRect(0, 0, 99 * Math.random(), 99), 50);
    }""")
    press(live, "Camera")
    live.get_by_text("frames a second").wait_for()
    press(live, "Stop")
    assert live.evaluate("window.stream.getTracks().map(each => each.readyState)") == ["ended"]
    live.evaluate("clearInterval(window.drawing)")
