// A mask painted on a photograph, folded away until somebody wants it.
//
// photo: the picture; words: what it shows; mask: a byte for each point, 0 to 255, or none; mask_size: its height and
// width; purposes: what may become of what is painted; purpose: which of them; unfolded: is it open?

const BRUSH_SIZES = [2, 3, 5, 8, 12, 18, 27, 40]; // across, per cent of the photo's width
const BRUSH_STEP = 0.025; // of the width, for a key
const BRUSH_KEPT = 30; // how many strokes can be taken back
const BRUSH_HELP = `Drag over the photograph. By keys: arrows move the cross, Space paints, Shift and an arrow draws a
  line, [ and ] change the brush.`;

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

function brushButton(words, title, act) {
  const button = made("button", "button", { type: "button", title }, words);
  button.addEventListener("click", () => button.getAttribute("aria-disabled") !== "true" && act());
  return button;
}

function brush({ model, el }) {
  const photo = made("img", "picture brush-photo", { alt: "", draggable: "false" });
  const layer = made("canvas", "brush-layer");
  const tip = made("div", "brush-tip");
  const help = made("p", "quiet brush-help", {}, BRUSH_HELP);
  const its = { tabindex: "0", role: "application", "data-lm-suppress-shortcuts": "true" }; // JupyterLab's "0 0", "i i"
  const view = made("div", "view brush-view", its, photo, layer, tip);
  const asked = made("fieldset", "brush-asked", {}, made("legend", "", {}, "What you paint over"));
  const bar = made("div", "brush-bar", { role: "group", "aria-label": "brush" });
  const summary = made("summary", "brush-summary", {}, "Paint a mask");
  const fold = made("details", "brush", {}, summary, made("form", "", {}, asked), view, bar, help);
  const said = made("div", "brush-said", { "aria-live": "polite" });
  el.append(fold, said);

  const mask = brushMask();
  let at = { x: 0.5, y: 0.5 }; // the cross, and the pointer
  let size = 4; // which of BRUSH_SIZES
  let erasing = false;
  let painted = mask.bytes(); // as it was after the last stroke
  let under = null; // and before the stroke under way
  let key = ""; // the key that paints while it is held
  let shown = false; // is the pointer here?
  let byKeys = false; // or is it worked by keys?
  let sent = null; // the mask that Python heard of from here
  let undone = []; // masks from before, the last first to come back
  let where = ""; // the cross, in words, when keys move it

  const tools = {
    erase: brushButton("erase", "erase, or paint again (e)", () => turn(!erasing)),
    smaller: brushButton("\u2212", "smaller brush ([ or -)", () => resize(size - 1)),
    larger: brushButton("+", "larger brush (] or +)", () => resize(size + 1)),
    undo: brushButton("undo", "take the last stroke back (u)", undo),
    invert: brushButton("invert", "exchange what is painted and what is not (i)", () => change(mask.invert)),
    clear: brushButton("clear", "paint nothing", () => change(() => mask.resize(model.get("mask_size")))),
  };
  tools.smaller.setAttribute("aria-label", "smaller brush");
  tools.larger.setAttribute("aria-label", "larger brush");
  bar.append(...Object.values(tools));

  function share() {
    let sum = 0;
    for (const value of painted) sum += value;
    return sum / 255 / painted.length;
  }

  function speak() {
    const part = share();
    const much = part > 0 && part < 0.01 ? "less than 1 %" : `${Math.round(100 * part)} %`;
    const fate = model.get("purposes")[model.get("purpose")];
    const all = part ? `${much} of the photograph is painted over${fate ? ` and ${fate}` : ""}.` : "";
    sayIn(said, [where, all].filter(Boolean).join(" "));
  }

  function place() {
    const wide = BRUSH_SIZES[size];
    tip.style.left = `${100 * at.x}%`;
    tip.style.top = `${100 * at.y}%`;
    tip.style.width = `${wide}%`;
    tip.hidden = !shown && !(byKeys && document.activeElement === view);
    tools.erase.setAttribute("aria-pressed", String(erasing));
    tools.smaller.setAttribute("aria-disabled", String(size === 0));
    tools.larger.setAttribute("aria-disabled", String(size === BRUSH_SIZES.length - 1));
    tools.undo.setAttribute("aria-disabled", String(!undone.length));
    tools.clear.setAttribute("aria-disabled", String(!isThere(model.get("mask"))));
  }

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

  function turn(erase) {
    erasing = erase;
    place();
  }

  function resize(to) {
    size = between(0, to, BRUSH_SIZES.length - 1);
    place();
  }

  // Python hears of it once, and of an empty mask as none
  function keep() {
    painted = mask.bytes();
    sent = new DataView(painted.some(Boolean) ? painted.buffer : new ArrayBuffer(0));
    tell(model, { mask: sent, mask_of: model.get("number") });
    draw();
    place();
    speak();
  }

  function change(act) {
    undone = [...undone, painted].slice(-BRUSH_KEPT);
    act();
    keep();
  }

  function undo() {
    if (!undone.length) return;
    mask.put(undone.pop());
    keep();
  }

  function start() {
    under = painted;
  }

  function paint(from, to) {
    mask.stroke(from, to, BRUSH_SIZES[size] / 100, erasing);
    at = to;
    place();
    draw();
  }

  function finish(keeping = true) {
    if (!under) return;
    if (keeping) {
      undone = [...undone, under].slice(-BRUSH_KEPT);
      keep();
    } else {
      mask.put(under);
      draw();
    }
    under = null;
  }

  let finger = null; // which pointer paints
  view.addEventListener("pointerdown", (event) => {
    if (event.button > 0 || finger !== null) return;
    finish(); // of a key
    [finger, key, where, byKeys] = [event.pointerId, "", "", false];
    view.setPointerCapture(finger);
    start();
    const { x, y } = placeIn(view, event);
    paint({ x, y }, { x, y });
  });
  view.addEventListener("pointermove", (event) => {
    const { x, y } = placeIn(view, event);
    if (event.pointerId === finger) paint(at, { x, y });
    else if (finger === null && !key) {
      [at, shown] = [{ x, y }, event.pointerType !== "touch"];
      place();
    }
  });
  const lifted = (event) => {
    if (event.pointerId !== finger) return;
    finger = null;
    finish(event.type === "pointerup");
  };
  view.addEventListener("pointerup", lifted);
  view.addEventListener("pointercancel", lifted); // two fingers enlarge the page
  view.addEventListener("pointerleave", () => {
    shown = false;
    at = { x: between(0, at.x, 1), y: between(0, at.y, 1) };
    place();
  });
  view.addEventListener("focus", () => {
    byKeys = view.matches(":focus-visible");
    place();
  });
  view.addEventListener("keydown", () => (byKeys = true));

  function step(x, y) {
    const high = view.clientHeight / view.clientWidth || 1;
    return { x: between(0, at.x + x * BRUSH_STEP, 1), y: between(0, at.y + (y * BRUSH_STEP) / high, 1) };
  }

  function told() {
    const here = mask.at(at) > 127 ? "painted over" : "not painted over";
    const [x, y] = [at.x, at.y].map((part) => `${Math.round(100 * part)} %`);
    where = `The cross is ${x} from the left and ${y} from the top, ${here}.`;
  }

  // A key that is held is one stroke; letting it go ends that
  function held(event, to) {
    if (finger !== null) return;
    if (!under) start();
    key = event.key;
    paint(at, to);
  }

  function released() {
    if (!key) return;
    key = "";
    told();
    finish();
  }

  const keys = {
    " ": (event) => held(event, at),
    "Shift+ ": (event) => held(event, at),
    "[": () => resize(size - 1),
    "-": () => resize(size - 1),
    "]": () => resize(size + 1),
    "+": () => resize(size + 1),
    "Shift++": () => resize(size + 1),
    e: () => turn(!erasing),
    u: undo,
    i: () => change(mask.invert),
  };
  for (const [name, x, y] of [["ArrowLeft", -1, 0], ["ArrowRight", 1, 0], ["ArrowUp", 0, -1], ["ArrowDown", 0, 1]]) {
    keys[name] = () => {
      if (finger !== null) return;
      at = step(x, y);
      place();
      told();
      speak();
    };
    keys[`Shift+${name}`] = (event) => held(event, step(x, y));
  }
  onKeys(view, keys);
  view.addEventListener("keyup", (event) => {
    if (event.key === key || event.key === "Shift") released();
  });
  view.addEventListener("blur", () => {
    released();
    where = "";
    speak();
    place();
  });

  fold.addEventListener("toggle", () => {
    if (fold.open !== model.get("unfolded")) tell(model, { unfolded: fold.open });
  });
  asked.addEventListener("change", (event) => tell(model, { purpose: Number(event.target.value) }));

  function ask() {
    const labels = model.get("purposes").map((words, number) => {
      const input = made("input", "", { type: "radio", name: "purpose", value: String(number) }); // its form's own
      input.checked = number === model.get("purpose");
      return made("label", "brush-purpose", {}, input, words);
    });
    asked.replaceChildren(asked.firstChild, ...labels);
    asked.hidden = labels.length < 2;
  }

  // A mask from elsewhere, or another photograph
  function load() {
    if (model.get("mask") === sent) return;
    [under, finger, key, undone, sent] = [null, null, "", [], null];
    mask.resize(model.get("mask_size"));
    const bytes = bytesOf(model.get("mask"));
    if (bytes.length === mask.canvas.width * mask.canvas.height) mask.put(bytes);
    painted = mask.bytes();
    draw();
    place();
    speak();
  }

  const pictures = gallery();
  const end = follow(model, {
    photo: () => {
      pictures.show(photo, model.get("photo"));
      undone = []; // what was painted on another
      place();
    },
    words: () => view.setAttribute("aria-label", `paint on ${model.get("words") || "the photograph"}`),
    "mask mask_size": load,
    purposes: ask,
    purpose: () => {
      for (const input of asked.querySelectorAll("input")) input.checked = Number(input.value) === model.get("purpose");
      speak();
    },
    unfolded: () => (fold.open = model.get("unfolded")),
  });
  const watch = new ResizeObserver(draw);
  watch.observe(view);
  return () => {
    watch.disconnect();
    end();
    pictures.end();
  };
}
