// Two pictures of one size, one over the other, and a line to drag between them; both are enlarged together.
//
// The model may be a notebook's live one or a page's, read from JSON: pictures are bytes or addresses.
// before, after: pictures; before_name, after_name: what they are; words: for those who listen; share: 0 to 100, how
// much of the width shows the one before; width: pixels; empty: what is said while there are no pictures.

const LARGEST = 8; // times
const STEP = 5; // per cent of the width, for a key

function made(tag, name, attributes = {}) {
  const node = document.createElement(tag);
  node.className = `style-helpers-${name}`;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function layer(name) {
  const box = made("div", `wipe-layer style-helpers-wipe-${name}`);
  const picture = made("img", "wipe-picture", { alt: "", draggable: "false" });
  box.append(picture);
  return { box, picture };
}

const between = (low, value, high) => Math.min(high, Math.max(low, value));

function render({ model, el }) {
  const stage = made("div", "wipe");
  const view = made("div", "wipe-view", { tabindex: "0", role: "slider", "aria-valuemin": "0", "aria-valuemax": "100" });
  const before = layer("before");
  const after = layer("after");
  const line = made("div", "wipe-line", { "aria-hidden": "true" });
  const names = { before: made("span", "wipe-name"), after: made("span", "wipe-name style-helpers-wipe-right") };
  const bar = made("div", "wipe-bar");
  const smaller = made("button", "wipe-button", { type: "button", "aria-label": "smaller", title: "smaller (-)" });
  const larger = made("button", "wipe-button", { type: "button", "aria-label": "larger", title: "larger (+)" });
  const said = made("span", "wipe-said", { "aria-live": "polite" });
  smaller.textContent = "−";
  larger.textContent = "+";
  view.append(after.box, before.box, line, names.before, names.after);
  bar.append(smaller, larger, said);
  stage.append(view, bar);
  const empty = made("div", "wipe-empty");
  el.append(stage, empty);

  const zoom = { times: 1, x: 0, y: 0 }; // of the pictures; x and y in parts of the view, 0 at its left and top
  const fingers = new Map();
  let share = model.get("share");
  let begun = share; // where the line was before the fingers came
  let dragged = null; // "line" or "picture"

  function has(name) {
    const given = model.get(name);
    return Boolean(given && (given.byteLength ?? given.length));
  }

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
    view.setAttribute("aria-valuenow", String(Math.round(share)));
    view.setAttribute("aria-valuetext", `the left ${Math.round(share)} %: ${model.get("before_name")}`);
    smaller.setAttribute("aria-disabled", String(zoom.times <= 1)); // disabled, it would lose the focus
    larger.setAttribute("aria-disabled", String(zoom.times >= LARGEST));
    const times = `${zoom.times.toFixed(1)} times as large; drag to move it, or press Shift and an arrow key`;
    const now = zoom.times > 1 ? times : "";
    if (said.textContent !== now) said.textContent = now; // else a screen reader says it again
  }

  function moveTo(value, keep = true) {
    share = between(0, value, 100);
    place();
    if (keep) {
      model.set("share", Math.round(share));
      model.save_changes();
    }
  }

  // x, y: the point of the view, in parts of it, that stays where it is
  function enlarge(factor, x = 0.5, y = 0.5) {
    let times = between(1, zoom.times * factor, LARGEST);
    if (times < 1.02) times = 1;
    const ratio = times / zoom.times;
    pan((x - zoom.x) * (1 - ratio), (y - zoom.y) * (1 - ratio), times);
  }

  function pan(x, y, times = zoom.times) {
    zoom.times = times;
    zoom.x = between(1 - times, zoom.x + x, 0);
    zoom.y = between(1 - times, zoom.y + y, 0);
    place();
  }

  function inView(event) {
    const box = view.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height, wide: box.width };
  }

  view.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    const at = inView(event);
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
    const at = inView(event);
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
    else moveTo(100 * inView(event).x);
  };
  view.addEventListener("pointerup", ended);
  view.addEventListener("pointercancel", ended);
  view.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return; // the page scrolls; a pinch on a trackpad comes with ctrlKey
      event.preventDefault();
      const at = inView(event);
      enlarge(Math.exp(-between(-40, event.deltaY, 40) / 100), at.x, at.y);
    },
    { passive: false },
  );
  view.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's own
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way && event.shiftKey) pan(-way[0] / 10, -way[1] / 10);
    else if (way) moveTo(share + STEP * (way[0] - way[1]));
    else if (event.key === "Home") moveTo(0);
    else if (event.key === "End") moveTo(100);
    else if (event.key === "+" || event.key === "=") enlarge(1.5);
    else if (event.key === "-") enlarge(1 / 1.5);
    else return;
    event.preventDefault();
    event.stopPropagation(); // JupyterLab has keys of its own
  });
  larger.addEventListener("click", () => enlarge(1.5));
  smaller.addEventListener("click", () => enlarge(1 / 1.5));

  const lent = new Map(); // addresses of pictures that came as bytes, to be given back
  function show(name, { picture }) {
    const [given, old] = [model.get(name), lent.get(name)];
    lent.delete(name);
    if (!has(name)) picture.removeAttribute("src");
    else if (typeof given === "string") picture.src = given;
    else {
      picture.src = URL.createObjectURL(new Blob([given]));
      lent.set(name, picture.src);
    }
    if (old) URL.revokeObjectURL(old);
  }
  const update = {
    before: () => show("before", before),
    after: () => show("after", after),
    text: () => {
      names.before.textContent = model.get("before_name");
      names.after.textContent = model.get("after_name");
      view.setAttribute("aria-label", model.get("words") || "two pictures");
      stage.style.width = empty.style.width = `${model.get("width")}px`;
      stage.hidden = !has("after");
      empty.textContent = model.get("empty");
      empty.hidden = !stage.hidden || !empty.textContent;
      place();
    },
    share: () => {
      if (fingers.size === 0) moveTo(model.get("share"), false);
    },
  };
  const listened = [
    ["change:before", update.before],
    ["change:after", update.after],
    ["change:after change:before_name change:after_name change:words change:width change:empty", update.text],
    ["change:share", update.share],
  ];
  for (const [events, act] of listened) for (const name of events.split(" ")) model.on(name, act);
  update.before();
  update.after();
  update.text();
  return () => {
    for (const [events, act] of listened) for (const name of events.split(" ")) model.off(name, act);
    for (const address of lent.values()) URL.revokeObjectURL(address);
  };
}

export default { render };
