// A mask painted on a photograph, folded away until somebody wants it.
//
// photo: the picture; words: what it shows; mask: a byte for each point, 0 to 255, or none; mask_size: its height and
// width; purposes: what may become of what is painted; purpose: which of them; unfolded: is it open?

const BRUSH_SIZES = [2, 3, 5, 8, 12, 18, 27, 40]; // across, per cent of the photo's width
const BRUSH_STEP = 0.025; // of the width, for a key
const BRUSH_KEPT = 30; // how many strokes can be taken back

// Stripes of white and black, which are seen on any photograph
function brushHatch(context, pixel) {
  const wide = Math.round(8 * pixel);
  const tile = made("canvas", "", { width: wide, height: wide });
  const one = tile.getContext("2d");
  one.fillStyle = "rgba(0, 0, 0, 0.5)";
  one.fillRect(0, 0, wide, wide);
  one.strokeStyle = "rgba(255, 255, 255, 0.85)";
  one.lineWidth = wide / 3;
  for (const x of [-wide, 0, wide]) {
    one.moveTo(x - wide / 2, wide * 1.5);
    one.lineTo(x + wide * 1.5, -wide / 2);
  }
  one.stroke();
  return context.createPattern(tile, "repeat");
}

// The mask itself, as the opacity of a small canvas
function brushMask() {
  const canvas = made("canvas", "");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const whole = () => [0, 0, canvas.width, canvas.height];
  return {
    canvas,
    resize([height, width]) {
      Object.assign(canvas, { width: Math.max(1, width), height: Math.max(1, height) }); // which empties it
    },
    bytes() {
      const { data } = context.getImageData(...whole());
      const bytes = new Uint8Array(data.length / 4);
      for (let place = 0; place < bytes.length; place += 1) bytes[place] = data[4 * place + 3];
      return bytes;
    },
    at({ x, y }) {
      const [column, row] = [x * canvas.width, y * canvas.height].map(Math.floor);
      const [right, bottom] = [canvas.width - 1, canvas.height - 1];
      return context.getImageData(Math.min(right, column), Math.min(bottom, row), 1, 1).data[3];
    },
    put(bytes) {
      const image = context.createImageData(canvas.width, canvas.height);
      bytes.forEach((value, place) => (image.data[4 * place + 3] = value));
      context.putImageData(image, 0, 0);
    },
    invert() {
      context.globalCompositeOperation = "xor";
      context.fillRect(...whole());
    },
    // from one place to another, in parts of the width and height; size: of the brush, parts of the width
    stroke(from, to, size, erase) {
      const [x, y] = [to.x * canvas.width, to.y * canvas.height];
      context.globalCompositeOperation = erase ? "destination-out" : "source-over";
      context.lineWidth = size * canvas.width;
      context.lineCap = "round";
      context.beginPath();
      context.moveTo(from.x * canvas.width, from.y * canvas.height);
      context.lineTo(x, y);
      context.stroke();
      context.beginPath(); // a line of no length need not be drawn
      context.arc(x, y, context.lineWidth / 2, 0, 2 * Math.PI);
      context.fill();
    },
  };
}

// Its strokes, and the masks from before them. keep(): one has ended, or one was taken back
function brushStrokes(mask, keep) {
  let [undone, under] = [[], null]; // the last first to come back; what was there before the stroke under way
  function remember(before) {
    undone = [...undone, before].slice(-BRUSH_KEPT);
    keep();
  }
  return {
    areUnderWay: () => under !== null,
    canBeUndone: () => undone.length > 0,
    begin() {
      under ??= mask.bytes();
    },
    end(keeping = true) {
      const before = under;
      under = null;
      if (before && keeping) remember(before);
      else if (before) mask.put(before);
    },
    change(act) {
      const before = mask.bytes();
      act();
      remember(before);
    },
    undo() {
      if (!undone.length) return;
      mask.put(undone.pop());
      keep();
    },
    forget() {
      [undone, under] = [[], null];
    },
  };
}

// The photograph, under stripes where it is painted, and under the brush
function brushView(mask) {
  const photo = made("img", "picture brush-photo", { alt: "", draggable: "false" });
  const [layer, tip] = [made("canvas", "over brush-layer"), made("div", "brush-tip")];
  const its = { tabindex: "0", role: "application", "data-lm-suppress-shortcuts": "true" }; // JupyterLab's "0 0", "i i"
  const view = made("div", "view brush-view", its, photo, layer, tip);
  function draw() {
    const pixel = window.devicePixelRatio || 1;
    const [wide, high] = [view.clientWidth, view.clientHeight].map((length) => Math.round(length * pixel));
    if (!wide || !high) return; // folded
    if (layer.width !== wide || layer.height !== high) Object.assign(layer, { width: wide, height: high });
    const context = layer.getContext("2d");
    context.globalCompositeOperation = "copy";
    context.drawImage(mask.canvas, 0, 0, wide, high);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = brushHatch(context, pixel);
    context.fillRect(0, 0, wide, high);
  }
  return { view, photo, tip, draw };
}

// Pointer, finger, pen and keys, which move the brush, `state.at`, and paint. place(): it has moved; speak(): so say it
function brushHand({ view, draw }, mask, strokes, state, { place, speak }) {
  let key = ""; // the one that paints while it is held
  const within = ({ x, y }) => ({ x: between(0, x, 1), y: between(0, y, 1) });
  function paint(to) {
    mask.stroke(state.at, to, BRUSH_SIZES[state.size] / 100, state.erasing);
    state.at = to;
    place();
    draw();
  }
  const isPainting = onDrag(view, {
    begin(event) {
      strokes.end(); // that of a key
      key = "";
      Object.assign(state, { at: placeIn(view, event), where: "", byKeys: false });
      strokes.begin();
      paint(state.at);
    },
    move: (event) => strokes.areUnderWay() && paint(placeIn(view, event)),
    drop: () => strokes.end(),
    back() { // two fingers enlarge the page
      strokes.end(false);
      draw();
    },
    hover(event) {
      if (key) return;
      Object.assign(state, { at: placeIn(view, event), shown: true });
      place();
    },
    leave() {
      Object.assign(state, { at: within(state.at), shown: false });
      place();
    },
  });

  function told() {
    const at = { across: percent(state.at.x), down: percent(state.at.y) };
    state.where =
      mask.at(state.at) > 127
        ? _("The cross is {across} from the left and {down} from the top, painted over.", at)
        : _("The cross is {across} from the left and {down} from the top, not painted over.", at);
  }
  function step(x, y) {
    const shape = view.clientWidth / view.clientHeight || 1;
    return within({ x: state.at.x + x * BRUSH_STEP, y: state.at.y + y * BRUSH_STEP * shape });
  }
  function move(x, y) {
    if (isPainting()) return;
    state.at = step(x, y);
    place();
    told();
    speak();
  }
  // A key that is held is one stroke; letting it go ends that
  function hold(event, to) {
    if (isPainting()) return;
    strokes.begin();
    key = event.key;
    paint(to);
  }
  function release() {
    if (!key) return;
    key = "";
    told();
    strokes.end();
  }
  const here = (event) => hold(event, state.at);
  onArrows(view, move, (x, y, event) => hold(event, step(x, y)));
  onKeys(view, { " ": here, "Shift+ ": here });
  view.addEventListener("keyup", (event) => (event.key === key || event.key === "Shift") && release());
  view.addEventListener("keydown", () => (state.byKeys = true));
  view.addEventListener("focus", () => {
    state.byKeys = view.matches(":focus-visible");
    place();
  });
  view.addEventListener("blur", () => {
    release();
    state.where = "";
    speak();
    place();
  });
}

function brushTools(acts) {
  const tool = (name, title, words, more = {}) => button(words, acts[name], { title, ...more });
  return {
    erase: tool("erase", _("erase, or paint again (e)"), _("erase")),
    smaller: tool("smaller", _("smaller brush ([ or -)"), "\u2212", { "aria-label": _("smaller brush") }),
    larger: tool("larger", _("larger brush (] or +)"), "+", { "aria-label": _("larger brush") }),
    undo: tool("undo", _("take the last stroke back (u)"), _("undo")),
    invert: tool("invert", _("exchange what is painted and what is not (i)"), _("invert")),
    clear: tool("clear", _("paint nothing"), _("clear")),
  };
}

function brush({ model, el }) {
  const mask = brushMask();
  const strokes = brushStrokes(mask, keep);
  const { view, photo, tip, draw } = brushView(mask);
  // at: the brush; size: which of BRUSH_SIZES; shown: is the pointer here; byKeys: or is it worked by keys; where: the
  // cross in words, when keys move it
  const state = { at: { x: 0.5, y: 0.5 }, size: 4, erasing: false, shown: false, byKeys: false, where: "" };
  let sent = null; // the mask that Python heard of from here
  brushHand({ view, draw }, mask, strokes, state, { place, speak });

  const turn = () => set({ erasing: !state.erasing });
  const [smaller, larger] = [() => set({ size: state.size - 1 }), () => set({ size: state.size + 1 })];
  const invert = () => strokes.change(mask.invert);
  const clear = () => strokes.change(() => mask.resize(model.get("mask_size")));
  const tools = brushTools({ erase: turn, smaller, larger, undo: strokes.undo, invert, clear });
  onKeys(view, { "[": smaller, "-": smaller, "]": larger, "+": larger, "Shift++": larger });
  onKeys(view, { e: turn, u: strokes.undo, i: invert });

  const asking = _("What you paint over");
  const purposes = radios("choices", { "aria-label": asking }, (purpose) => tell(model, { purpose }));
  const asked = made("div", "", {}, made("div", "quiet", { "aria-hidden": "true" }, asking), purposes);
  const bar = made("div", "bar", { role: "group", "aria-label": _("brush") }, ...Object.values(tools));
  const summary = made("summary", "brush-summary", {}, _("Paint a mask"));
  const help = _(
    "Drag over the photograph. By keys: arrows move the cross, Space paints, Shift and an arrow draws a line, " +
      "[ and ] change the brush.",
  );
  const fold = made("details", "", {}, summary, asked, view, bar, made("p", "quiet", {}, help));
  const said = voice("brush-said");
  el.append(fold, said.node);
  fold.addEventListener("toggle", () => {
    if (fold.open !== model.get("unfolded")) tell(model, { unfolded: fold.open });
  });

  function set(values) {
    Object.assign(state, values);
    state.size = between(0, state.size, BRUSH_SIZES.length - 1);
    place();
  }

  function place() {
    lay(tip, { left: state.at.x, top: state.at.y, width: BRUSH_SIZES[state.size] / 100 });
    tip.hidden = !state.shown && !(state.byKeys && document.activeElement === view);
    write(tools.erase, { "aria-pressed": state.erasing });
    write(tools.smaller, { "aria-disabled": state.size === 0 });
    write(tools.larger, { "aria-disabled": state.size === BRUSH_SIZES.length - 1 });
    write(tools.undo, { "aria-disabled": !strokes.canBeUndone() });
    write(tools.clear, { "aria-disabled": !isThere(model.get("mask")) });
  }

  function speak() {
    const bytes = mask.bytes();
    const part = bytes.reduce((sum, value) => sum + value, 0) / 255 / bytes.length;
    const share = part > 0 && part < 0.01 ? _("less than 1 %") : percent(part);
    const fate = model.get("purposes")[model.get("purpose")];
    const all = fate
      ? _("{share} of the photograph is painted over and {fate}.", { share, fate })
      : _("{share} of the photograph is painted over.", { share });
    said.say(sentences(state.where, part && all));
  }

  function show() {
    draw();
    place();
    speak();
  }

  // Python hears of it once, and of an empty mask as none
  function keep() {
    const bytes = mask.bytes();
    sent = new DataView(bytes.some(Boolean) ? bytes.buffer : new ArrayBuffer(0));
    tell(model, { mask: sent, mask_of: model.get("number") });
    show();
  }

  // A mask from elsewhere, or another photograph
  function load() {
    if (model.get("mask") === sent) return;
    sent = null;
    strokes.forget();
    mask.resize(model.get("mask_size"));
    const bytes = bytesOf(model.get("mask"));
    if (bytes.length === mask.canvas.width * mask.canvas.height) mask.put(bytes);
    show();
  }

  const pictures = gallery();
  const end = follow(model, {
    photo() {
      pictures.show(photo, model.get("photo"));
      strokes.forget(); // what was painted on another
      place();
    },
    words() {
      const photograph = model.get("words") || _("the photograph");
      write(view, { "aria-label": _("paint on {photograph}", { photograph }) });
    },
    "mask mask_size": load,
    "purposes purpose"() {
      const words = model.get("purposes");
      if (purposes.children.length !== words.length) {
        purposes.replaceChildren(...words.map((each) => radio("button plain", each)));
      }
      check(purposes, model.get("purpose"));
      asked.hidden = words.length < 2;
      speak();
    },
    unfolded: () => (fold.open = model.get("unfolded")),
  });
  const watch = new ResizeObserver(draw);
  watch.observe(view);
  return ends(() => watch.disconnect(), end, pictures.end);
}
