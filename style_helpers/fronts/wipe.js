// Two pictures of one size, one over the other, and a line to drag between them; both are enlarged together.
//
// before, after: pictures; before_name, after_name: what they are; words: for those who listen; share: 0 to 100, how
// much of the width shows the one before; width: pixels; empty: what is said while there are no pictures.

const WIPE_LARGEST = 8; // times
const WIPE_STEP = 5; // per cent of the width, for a key

const wipeWords = (before, after) => _("A wipe from {before}, at the left, to {after}", { before, after });

function wipeLayer(name) {
  const picture = made("img", "picture wipe-picture", { alt: "", draggable: "false" });
  return { box: made("div", `wipe-layer wipe-${name}`, {}, picture), picture };
}

function wipe({ model, el }) {
  const its = { tabindex: "0", role: "slider", "aria-valuemin": 0, "aria-valuemax": 100 };
  const view = made("div", "view wipe-view", its);
  const before = wipeLayer("before");
  const after = wipeLayer("after");
  const line = made("div", "wipe-line", { "aria-hidden": "true" });
  const names = { before: made("span", "chip wipe-name"), after: made("span", "chip wipe-name wipe-right") };
  const smaller = button("−", () => step(1 / 1.5), { "aria-label": _("smaller"), title: _("smaller (-)") });
  const larger = button("+", () => step(1.5), { "aria-label": _("larger"), title: _("larger (+)") });
  const said = voice("wipe-said");
  view.append(after.box, before.box, line, names.before, names.after);
  const stage = made("div", "wipe", {}, view, made("div", "bar", {}, smaller, larger, said.node));
  const empty = made("div", "empty");
  el.append(stage, empty);

  const zoom = { times: 1, x: 0, y: 0 }; // of the pictures; x and y in parts of the view, 0 at its left and top
  const fingers = new Map();
  let share = model.get("share");
  let begun = share; // where the line was before the fingers came
  let dragged = null; // "line" or "picture"

  function place() {
    line.style.left = `${share}%`;
    before.box.style.clipPath = `inset(0 ${100 - share}% 0 0)`;
    names.before.style.opacity = share > 15 ? 1 : 0;
    names.after.style.opacity = share < 85 ? 1 : 0;
    for (const { picture } of [before, after]) {
      picture.style.transform = `translate(${100 * zoom.x}%, ${100 * zoom.y}%) scale(${zoom.times})`;
      picture.style.imageRendering = zoom.times > 3 ? "pixelated" : "auto";
    }
    view.style.touchAction = zoom.times > 1 ? "none" : "pan-y";
    const now = Math.round(share);
    const told = _("the left {now} %: {name}", { now, name: model.get("before_name") });
    write(view, { "aria-valuenow": now, "aria-valuetext": told });
    write(smaller, { "aria-disabled": zoom.times <= 1 });
    write(larger, { "aria-disabled": zoom.times >= WIPE_LARGEST });
    said.rest(inWords()); // fingers may go on
  }

  function inWords() {
    if (zoom.times === 1) return "";
    const times = zoom.times.toFixed(1);
    return _("{times} times as large; drag to move it, or press Shift and an arrow key", { times });
  }

  function moveTo(value, keep = true) {
    share = between(0, value, 100);
    place();
    if (keep) tell(model, { share: Math.round(share) });
  }

  // x, y: the point of the view, in parts of it, that stays where it is
  function enlarge(factor, x = 0.5, y = 0.5) {
    let times = between(1, zoom.times * factor, WIPE_LARGEST);
    if (times < 1.02) times = 1;
    const ratio = times / zoom.times;
    pan((x - zoom.x) * (1 - ratio), (y - zoom.y) * (1 - ratio), times);
  }

  function step(factor) {
    enlarge(factor);
    said.say(inWords());
  }

  function pan(x, y, times = zoom.times) {
    zoom.times = times;
    zoom.x = between(1 - times, zoom.x + x, 0);
    zoom.y = between(1 - times, zoom.y + y, 0);
    place();
  }

  view.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    const at = placeIn(view, event);
    if (fingers.size === 0) begun = share;
    view.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at);
    const near = Math.abs(at.x - share / 100) * at.wide < 24;
    dragged = fingers.size === 1 && (zoom.times === 1 || near) ? "line" : "picture";
    if (fingers.size > 1) moveTo(begun, false); // two fingers enlarge
    else if (dragged === "line" && event.pointerType !== "touch") moveTo(100 * at.x, false);
  });
  view.addEventListener("pointermove", (event) => {
    const was = fingers.get(event.pointerId);
    if (!was || !view.offsetWidth) return;
    const at = placeIn(view, event);
    fingers.set(event.pointerId, at);
    if (fingers.size > 1) {
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
      const apart = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
      enlarge(apart(at, other) / Math.max(0.02, apart(was, other)), (at.x + other.x) / 2, (at.y + other.y) / 2);
    } else if (dragged === "line") moveTo(100 * at.x, false);
    else pan(at.x - was.x, at.y - was.y);
  });
  const ended = (event) => {
    if (!fingers.delete(event.pointerId) || dragged !== "line") return;
    if (event.type === "pointercancel") moveTo(begun, false); // the page scrolled
    else moveTo(100 * placeIn(view, event).x);
  };
  view.addEventListener("pointerup", ended);
  view.addEventListener("pointercancel", ended);
  view.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return; // the page scrolls; a pinch on a trackpad comes with ctrlKey
      event.preventDefault();
      const at = placeIn(view, event);
      enlarge(Math.exp(-between(-40, event.deltaY, 40) / 100), at.x, at.y);
    },
    { passive: false },
  );
  onArrows(view, (x, y) => moveTo(share + WIPE_STEP * (x - y)), (x, y) => pan(-0.1 * x, -0.1 * y));
  const [more, less] = [() => step(1.5), () => step(1 / 1.5)];
  onKeys(view, { Home: () => moveTo(0), End: () => moveTo(100), "+": more, "Shift++": more, "=": more, "-": less });

  const pictures = gallery();
  const end = follow(model, {
    before: () => pictures.show(before.picture, model.get("before")),
    after: () => pictures.show(after.picture, model.get("after")),
    "after before_name after_name words width empty"() {
      names.before.textContent = model.get("before_name");
      names.after.textContent = model.get("after_name");
      write(view, { "aria-label": model.get("words") || _("two pictures") });
      stage.style.width = empty.style.width = `${model.get("width")}px`;
      stage.hidden = !isThere(model.get("after"));
      empty.textContent = model.get("empty");
      empty.hidden = !stage.hidden || !empty.textContent;
      place();
    },
    share() {
      if (fingers.size === 0) moveTo(model.get("share"), false);
    },
  });
  return ends(end, pictures.end);
}
