// What all fronts share; it stands before each of them in its module (style_helpers/fronts/__init__.py).
//
// A model may be a notebook's live one or a page's, read from JSON (page.js): `get`, `set`, `save_changes`, `on`, `off`.
// Pictures are the bytes of a file, or addresses. Numbers of maps are bytes too: see `bytesOf`.

const between = (low, value, high) => Math.min(high, Math.max(low, value));

// <tag class="nst-name nst-other" ...>inside</tag>, the names apart by spaces
function made(tag, names, attributes = {}, ...inside) {
  const svg = ["svg", "g", "path", "circle", "line", "polyline", "ellipse", "rect", "text"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  if (names) node.setAttribute("class", names.split(" ").map((name) => `nst-${name}`).join(" "));
  write(node, attributes);
  node.append(...inside);
  return node;
}

function write(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
}

// Where a node lies on another one: { left, top, width, height } or some of them, in parts of that one
function lay(node, parts) {
  for (const [side, part] of Object.entries(parts)) node.style[side] = `${100 * part}%`;
}

// A canvas of width x height pixels. colourAt(place), row after row: 0xAABBGGRR
function fillCanvas(canvas, width, height, colourAt) {
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let place = 0; place < pixels.length; place += 1) pixels[place] = colourAt(place);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const grey = (level) => 0xff000000 | (Math.round(level) * 0x010101); // 0 to 255

// 1234.5 with 3 digits is 1230, and 123456 is 1.23e5
function digits(value, many = 3) {
  if (Math.abs(value) >= 1e5) return value.toExponential(many - 1).replace("+", "");
  return String(Number(value.toPrecision(many)));
}

const percent = (share, decimals = 0) => _("{number} %", { number: Number((100 * share).toFixed(decimals)) });

const translations = {}; // of what is said, by the English; on a page several fronts share them

// "{many} of {all} places" in the reader's language, with { many: 3, all: 5 }. Always with the English as it stands here
function _(english, values = {}) {
  return (translations[english] ?? english).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

// Phrases, each whole by itself, one after the other; those that say nothing are left out
const chain = (join) => (...said) => said.filter(Boolean).reduce((all, one) => (all ? join(all, one) : one), "");
const sentences = chain((one, other) => _("{one} {other}", { one, other }));
const commas = chain((one, other) => _("{one}, {other}", { one, other }));
const listed = chain((list, item) => _("{list}, {item}", { list, item }));
const semicolons = chain((one, other) => _("{one}; {other}", { one, other }));
const colon = (name, value) => _("{name}: {value}", { name, value });

// Every module ends with this: `render` of its last part
function begin(render, { model, el }) {
  el.classList.add("nst");
  Object.assign(translations, model.get("translations"));
  // JupyterLab's keys without Ctrl cut or delete a cell: not while one of our buttons or pictures has the focus
  el.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
  return ends(render({ model, el }), watchKernel(model, el));
}

const KERNEL_OVER = ["restarting", "autorestarting", "terminating", "dead"];
const KERNEL_NEEDED = ".jupyter-widgets:not(.widget-box, .widget-html, .nst), .widget-radio, .nst-chooser, .nst-brush";

// While the kernel does not answer, the panel says so in place of its status line, once for all its fronts; controls
// that need it are off; what needs none goes on. The kernel is JupyterLab's own: elsewhere nobody tells of it.
function watchKernel(model, el) {
  const kernel = model.widget_manager?.kernel;
  let [over, said] = [false, ""];
  const look = () => {
    over ||= kernel.isDisposed || KERNEL_OVER.includes(kernel.status) || el.matches(".jupyter-widgets-disconnected");
    const lost = _("This panel's kernel was restarted or has ended: run the cell again.");
    const away = _("No connection to this panel's kernel, where a run goes on. When it is back, all works again.");
    const now = over ? lost : kernel.connectionStatus === "connected" ? "" : away;
    if (now === said) return;
    said = now;
    const panel = el.closest(".nst-panel") ?? el;
    const place = panel.querySelector(".nst-says") ?? el;
    const line = place.querySelector(":scope > .nst-lost") ?? place.appendChild(made("p", "lost", { role: "alert" }));
    line.textContent = said;
    for (const each of panel.querySelectorAll(KERNEL_NEEDED)) each.inert = Boolean(said);
    if (typeof model.get("live") === "boolean") model.set("live", !said);
  };
  const told = kernel ? [kernel.statusChanged, kernel.connectionStatusChanged, kernel.disposed] : [];
  for (const each of told) each.connect(look);
  return () => told.forEach((each) => each.disconnect(look));
}

const isThere = (given) => Boolean(given && (given.byteLength ?? given.length));

// Bytes as they come from a notebook (a view into a longer message) or a page, as unsigned numbers from 0 to 255
function bytesOf(given) {
  if (!isThere(given)) return new Uint8Array();
  return given instanceof DataView ? new Uint8Array(given.buffer, given.byteOffset, given.byteLength) : new Uint8Array(given);
}

// The same as float32, which may begin anywhere in the message
const floatsOf = (given) => new Float32Array(bytesOf(given).slice().buffer);

// Pictures on the page. What came as bytes is lent an address; `end` gives all of them back.
function gallery() {
  const lent = new Map();
  const giveBack = (picture) => {
    if (lent.has(picture)) URL.revokeObjectURL(lent.get(picture));
    lent.delete(picture);
  };
  return {
    show(picture, given) {
      const old = lent.get(picture);
      lent.delete(picture);
      if (!isThere(given)) picture.removeAttribute("src");
      else if (typeof given === "string") picture.src = given;
      else {
        picture.src = URL.createObjectURL(new Blob([given]));
        lent.set(picture, picture.src);
      }
      if (old) URL.revokeObjectURL(old); // after the new one is there, so that nothing flickers
    },
    end: () => [...lent.keys()].forEach(giveBack),
  };
}

// acts: for names of the model's traits, apart by spaces, what to do when one of them changes. Each is done once now.
function follow(model, acts) {
  const listened = Object.entries(acts).flatMap(([names, act]) => names.split(" ").map((name) => [`change:${name}`, act]));
  for (const [event, act] of listened) model.on(event, act);
  for (const act of Object.values(acts)) act();
  return () => listened.forEach(([event, act]) => model.off(event, act));
}

// A model of its own for a part inside another one, or for a page without a kernel: what is set there stays there
function modelOf(values) {
  const listeners = new Map();
  return {
    get: (name) => values[name],
    set(name, value) {
      if (values[name] === value) return;
      values[name] = value;
      for (const act of listeners.get(`change:${name}`) ?? []) act();
    },
    save_changes() {},
    on: (event, act) => listeners.set(event, [...(listeners.get(event) ?? []), act]),
    off: (event, act) => listeners.set(event, (listeners.get(event) ?? []).filter((each) => each !== act)),
  };
}

// Tells the model, and Python where there is one
function tell(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

// One end of several
const ends = (...all) => () => all.forEach((end) => end());

// A line that is spoken to those who listen. It stays, and is empty at first, as a screen reader speaks what changes in a
// node that it knows. `say` is for the end of a thing, `rest` for what a hand may go on changing: it waits for that.
function voice(names = "heard") {
  const node = made("p", names, { role: "status" });
  let waiting = null;
  function say(text) {
    clearTimeout(waiting);
    if (node.textContent !== text) node.textContent = text;
  }
  function rest(text) {
    clearTimeout(waiting);
    waiting = setTimeout(say, 700, text);
  }
  return { node, say, rest };
}

// What has nothing to do is aria-disabled: disabled, it would lose the focus
const isFree = (node) => node.getAttribute("aria-disabled") !== "true";

function button(words, press, attributes = {}) {
  const node = made("button", "button", { type: "button", ...attributes }, words);
  node.addEventListener("click", () => isFree(node) && press());
  return node;
}

// A group of radio buttons, which are its children: one stop for the Tab key, arrow keys go round. choose(which)
function radios(names, attributes, choose) {
  const box = made("div", names, { role: "radiogroup", ...attributes });
  function pick(radio) {
    radio.focus();
    choose([...box.children].indexOf(radio));
  }
  const go = (find) => ({ target }) => {
    const free = [...box.children].filter(isFree);
    if (free.length) pick(free.at(find(free.indexOf(target)) % free.length));
  };
  const [back, on] = [go((now) => now - 1), go((now) => now + 1)];
  onKeys(box, { ArrowLeft: back, ArrowUp: back, ArrowRight: on, ArrowDown: on, Home: go(() => 0), End: go(() => -1) });
  box.addEventListener("click", ({ target }) => {
    const radio = target.closest("[role=radio]");
    if (radio && isFree(radio)) pick(radio);
  });
  return box;
}

const radio = (names, ...inside) => made("button", names, { type: "button", role: "radio" }, ...inside);

// Marks one of a group's radio buttons, or none of them: -1
function check(box, chosen) {
  [...box.children].forEach((each, place) => {
    write(each, { "aria-checked": place === chosen, tabindex: place === Math.max(chosen, 0) ? 0 : -1 });
  });
}

// One pointer that drags over a node, and what hovers over it.
//
// begin(event): false where no drag begins; move(event): each place on the way, but not yet the first one of a finger,
// which may want to scroll; drop(event): it was let go; back(): it was taken away, as the page scrolls;
// hover(event), leave(): a pointer without a drag. Returns whether a drag is under way.
function onDrag(node, { begin = () => true, move, drop, back, hover = () => {}, leave = () => {} }) {
  let held = null;
  node.addEventListener("pointerdown", (event) => {
    if (event.button > 0 || held !== null || begin(event) === false) return;
    held = event.pointerId;
    node.setPointerCapture(held);
    if (event.pointerType !== "touch") move(event);
  });
  node.addEventListener("pointermove", (event) => {
    if (event.pointerId === held) move(event);
    else if (held === null && event.pointerType !== "touch") hover(event);
  });
  const ended = (act) => (event) => {
    if (event.pointerId !== held) return;
    held = null;
    act(event);
  };
  node.addEventListener("pointerup", ended(drop));
  node.addEventListener("pointercancel", ended(back));
  node.addEventListener("pointerleave", () => held === null && leave());
  return () => held !== null;
}

// What is read by pointing: look([x, y]) where a pointer hovers or drags, in parts of the node, look(null) when it has
// gone, and keep([x, y]) where it was let go
function onPoint(node, look, keep) {
  const spot = (event) => {
    const { x, y } = placeIn(node, event);
    return [between(0, x, 1), between(0, y, 1)];
  };
  const [over, away] = [(event) => look(spot(event)), () => look(null)];
  onDrag(node, { move: over, drop: (event) => keep(spot(event)), back: away, hover: over, leave: away });
}

// keys: what each key does; given Shift, "Shift+" stands before it. Those of the browser are left to it, and ours are
// kept from the page, as JupyterLab has keys of its own.
function onKeys(node, keys) {
  node.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keys[event.shiftKey ? `Shift+${event.key}` : event.key];
    if (!act) return;
    act(event);
    event.preventDefault();
    event.stopPropagation();
  });
}

// The keys of a slider: go(steps), Home and End are infinitely many
function onSliderKeys(node, go) {
  const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
  const all = Object.entries({ ...steps, Home: -Infinity, End: Infinity });
  onKeys(node, Object.fromEntries(all.map(([key, many]) => [key, () => go(many)])));
}

// Arrow keys in two directions: move(right, down, event), or with Shift `shifted`
function onArrows(node, move, shifted = move) {
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  for (const [key, [right, down]] of Object.entries(arrows)) {
    onKeys(node, {
      [key]: (event) => move(right, down, event),
      [`Shift+${key}`]: (event) => shifted(right, down, event),
    });
  }
}

// A track to drag on, to tap on, or to move on with the keys. Above it its name and its value, below it its ticks.
//
// range: { low, high, log: whether it goes by factors, else by whole numbers, key: what an arrow key moves, in parts of
// the track }; moved(value, ended): the hand has moved it, or has let it go.
function track(name, range, moved) {
  const at = (value) => {
    const { low, high, log } = range;
    return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low || 1);
  };
  const valueAt = (share) => {
    const [{ low, high, log }, inside] = [range, between(0, share, 1)];
    const exact = log ? low * (high / low) ** inside : Math.round(low + (high - low) * inside);
    return between(low, Number(exact.toPrecision(3)), high); // what is shown is what is meant
  };
  const [shown, knob] = [made("span", "heading"), made("div", "track-knob")];
  const rail = made("div", "drag track-rail", { tabindex: "0", role: "slider", "aria-label": name }, knob);
  const ticks = made("div", "track-ticks small", { "aria-hidden": "true" });
  const head = made("div", "between", { "aria-hidden": "true" }, made("span", "", {}, name), shown);
  let [is, begun] = [range.low, null];

  const go = (ended) => (event) => moved(valueAt(placeIn(rail, event).x), ended);
  onDrag(rail, {
    begin() {
      begun = is;
      return isFree(rail);
    },
    move: go(false),
    drop: go(true),
    back: () => moved(begun, true),
  });
  onSliderKeys(rail, (steps) => isFree(rail) && moved(valueAt(at(is) + steps * range.key), true));
  return {
    box: made("div", "track", {}, head, rail, ticks),
    rail,
    knob,
    at,
    // given: [value, text, another name than the usual] of each
    mark(given) {
      const tick = ([value, text, names = "track-tick"]) => {
        const node = made("span", names, {}, text);
        lay(node, { left: at(value) });
        return node;
      };
      ticks.replaceChildren(...given.map(tick));
    },
    show(value, text, said) {
      is = value;
      shown.textContent = text;
      lay(knob, { left: at(value) });
      const [least, most] = [range.low, range.high];
      write(rail, { "aria-valuemin": least, "aria-valuemax": most, "aria-valuenow": value, "aria-valuetext": said });
    },
  };
}

// Where the pointer is in a node, in parts of its width and height
function placeIn(node, event) {
  const box = node.getBoundingClientRect();
  return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height, wide: box.width };
}
