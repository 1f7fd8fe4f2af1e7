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
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...inside);
  return node;
}

// Every module ends with this: `render` of its last part
function begin(render, { model, el }) {
  el.classList.add("nst");
  // JupyterLab's keys without Ctrl cut or delete a cell: not while one of our buttons or pictures has the focus
  el.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
  const ends = [render({ model, el }), watchKernel(model, el)];
  return () => ends.forEach((end) => end());
}

const KERNEL_OVER = ["restarting", "autorestarting", "terminating", "dead"];
const KERNEL_LOST = "This panel's kernel was restarted or has ended: run the cell again.";
const KERNEL_AWAY = "No connection to this panel's kernel, where a run goes on. When it is back, all works again.";
const KERNEL_NEEDED = ".jupyter-widgets:not(.widget-box, .widget-html, .nst), .widget-radio, .nst-chooser, .nst-brush";

// While the kernel does not answer, the panel says so in place of its status line, once for all its fronts; controls
// that need it are off; what needs none goes on. The kernel is JupyterLab's own: elsewhere nobody tells of it.
function watchKernel(model, el) {
  const kernel = model.widget_manager?.kernel;
  let [over, said] = [false, ""];
  const look = () => {
    over ||= kernel.isDisposed || KERNEL_OVER.includes(kernel.status) || el.matches(".jupyter-widgets-disconnected");
    const now = over ? KERNEL_LOST : kernel.connectionStatus === "connected" ? "" : KERNEL_AWAY;
    if (now === said) return;
    said = now;
    const panel = el.closest(".nst-panel") ?? el;
    const place = panel.querySelector(".nst-says") ?? el;
    const line = place.querySelector(":scope > .nst-lost") ?? place.appendChild(made("p", "lost", { role: "alert" }));
    sayIn(line, said);
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

// The text of a line that is said to those who listen, once for each change
function sayIn(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Where the pointer is in a node, in parts of its width and height
function placeIn(node, event) {
  const box = node.getBoundingClientRect();
  return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height, wide: box.width };
}
