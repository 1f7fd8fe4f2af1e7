// The Gram matrix of a layer's loudest channels; a cell of it under the lens; and the painting, which lights up where
// both channels of that cell fire. (Python's half: style_helpers/panels/gram.py)
//
// painting: a picture. seen: one layer's features of it, all at once:
//   words: what the matrix is of; channels: their numbers, the loudest first; of_all: how many the layer has;
//   maps: uint16, one map after the other, of wide x high places; most: float32, what 65535 stands for in each;
//   gram: float32, the channels' part of the true matrix; pixels: [width, height] that the network saw.
// pair: [row, column] of the cell. part: [left, top, right, bottom] in shares of the painting, or []. shuffled: 0, or
// the number of the random order that the places are in. empty: what is said while there is nothing.

const GRAM_BLOCKS = 2500; // at most
const GRAM_PATCHES = 5;
const GRAM_PATCH = 32; // pixels a side, of those that the network saw
const GRAM_DIM = 0.75; // of the painting where the two do not fire together
const GRAM_ALIKE = [[0.98, "almost as in"], [0.9, "much as in"], [0.7, "not quite as in"], [-1, "quite unlike"]];

// Numbers

const gramNumber = (value) => String(Number(value.toPrecision(3)));
const gramSame = (one, other) => String(one) === String(other);
const gramTimes = (value) => `${Number(value.toPrecision(2))} times`;
const gramShare = (share) => `${Number((100 * share).toFixed(share > 0 && share < 0.0995 ? 1 : 0))} %`;

// A message's layer with its maps as float32 [channel][place]
function gramRead(seen) {
  const places = seen.wide * seen.high;
  const levels = new Uint16Array(bytesOf(seen.maps).slice().buffer);
  const maps = [...floatsOf(seen.most)].map((most, n) =>
    Float32Array.from(levels.subarray(n * places, (n + 1) * places), (level) => (level * most) / 65535),
  );
  return { ...seen, places, maps, gram: floatsOf(seen.gram) };
}

// The products F_ki F_li of all pairs k <= l, summed over small blocks of places: the matrix of any part that is made
// of blocks then takes a sum over few numbers. Where there are few places, each is a block.
function gramBlocks({ maps, wide, high }) {
  let side = 1;
  while (Math.ceil(wide / side) * Math.ceil(high / side) > GRAM_BLOCKS) side++;
  const [across, down] = [Math.ceil(wide / side), Math.ceil(high / side)];
  const block = Uint16Array.from(maps[0], (_, place) => {
    const row = Math.floor(place / wide);
    return Math.floor(row / side) * across + Math.floor((place - row * wide) / side);
  });
  const sums = maps.map((one, k) =>
    maps.slice(k).map((other) => {
      const sum = new Float64Array(across * down);
      for (let place = 0; place < block.length; place++) sum[block[place]] += one[place] * other[place];
      return sum;
    }),
  );
  return { side, across, down, sums };
}

// G_kl = sum of F_ki F_li / (C M) over the M places of a part [left, top, right, bottom] in blocks, row after row
function gramOf({ wide, high, of_all, maps }, { side, across, sums }, [left, top, right, bottom]) {
  const places = (Math.min(right * side, wide) - left * side) * (Math.min(bottom * side, high) - top * side);
  const n = maps.length;
  const found = new Float64Array(n * n);
  sums.forEach((of_k, k) =>
    of_k.forEach((blocks, more) => {
      let sum = 0;
      for (let row = top; row < bottom; row++)
        for (let at = row * across + left; at < row * across + right; at++) sum += blocks[at];
      found[k * n + k + more] = found[(k + more) * n + k] = sum / (of_all * places);
    }),
  );
  return found;
}

// All maps with their places in the same random order; the same number gives the same order
function gramShuffled({ maps, places }, seed) {
  const order = Uint32Array.from({ length: places }, (_, place) => place);
  let state = seed;
  const random = () => { // mulberry32, by Tommy Ettinger
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  for (let last = places - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return maps.map((map) => Float32Array.from(order, (place) => map[place]));
}

// The cosine between two matrices, as if each were one long arrow: 1 where they differ in size alone
function gramCosine(one, other) {
  let [both, first, second] = [0, 0, 0];
  for (let i = 0; i < one.length; i++) {
    both += one[i] * other[i];
    first += one[i] * one[i];
    second += other[i] * other[i];
  }
  return first && second ? both / Math.sqrt(first * second) : 0;
}

// Where two maps fire together in a box: their product at all places, and what it comes to inside
function gramTogether({ maps, wide, places }, [row, column], [left, top, right, bottom]) {
  const [one, other, product] = [maps[row], maps[column], new Float32Array(places)];
  let [most, both] = [0, 0];
  for (let y = top; y < bottom; y++)
    for (let place = y * wide + left; place < y * wide + right; place++) {
      product[place] = one[place] * other[place];
      if (product[place] > 0) both++;
      if (product[place] > most) most = product[place];
    }
  return { product, most, share: both / ((right - left) * (bottom - top)) };
}

// [left, top] in pixels of the patches at the largest products above 0, which overlap by less than half
function gramPatches(product, { wide, high, pixels: [width, height] }) {
  const found = [];
  const start = (unit, units, size) =>
    between(0, Math.round(((unit + 0.5) * size) / units - GRAM_PATCH / 2), size - GRAM_PATCH);
  while (found.length < GRAM_PATCHES) {
    let [best, patch] = [0, null];
    for (let place = 0; place < product.length; place++) {
      if (product[place] <= best) continue;
      const [left, top] = [start(place % wide, wide, width), start(Math.floor(place / wide), high, height)];
      if (found.some(([x, y]) => Math.max(Math.abs(left - x), Math.abs(top - y)) <= GRAM_PATCH / 2)) continue;
      [best, patch] = [product[place], [left, top]];
    }
    if (!patch) break;
    found.push(patch);
  }
  return found;
}

// Pictures

// Fills a canvas of `wide` numbers a row: shade(value, into, at) writes the four bytes of one of them
function gramPaint(canvas, values, wide, shade) {
  const high = values.length / wide;
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const image = new ImageData(wide, high);
  for (let i = 0; i < values.length; i++) shade(values[i], image.data, 4 * i);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const gramGrey = (most, bend = (value) => value) => (value, into, at) => {
  into[at] = into[at + 1] = into[at + 2] = most > 0 ? 255 * bend(Math.max(0, value) / most) : 0;
  into[at + 3] = 255;
};

// The painting: `light` dims it where a product is small, `frames` numbers the strongest patches, and a part of it is
// dragged. changed(part, settled): the new part in shares of the painting, [] for the whole.
function gramPainting(changed) {
  const picture = made("img", "picture gram-picture", { alt: "", draggable: "false" });
  const shade = made("canvas", "gram-shade", { "aria-hidden": "true" });
  const frames = made("div", "gram-frames", { "aria-hidden": "true" });
  const box = made("div", "gram-part", { "aria-hidden": "true" });
  const view = made("div", "view gram-view", { tabindex: "0", role: "application" }, picture, shade, box, frames);
  let grip = null; // of a drag: where it began, the part that was there, and whether it is moved
  let part = [];
  const shares = (event) => {
    const { x, y } = placeIn(view, event);
    return [between(0, x, 1), between(0, y, 1)];
  };
  const moved = ([left, top, right, bottom], x, y) => {
    const [over, down] = [between(-left, x, 1 - right), between(-top, y, 1 - bottom)];
    return [left + over, top + down, right + over, bottom + down];
  };
  const dragged = (event) => {
    const [x, y] = shares(event);
    const [over, down] = [x - grip.x, y - grip.y];
    if (grip.inside) return moved(grip.part, over, down);
    return [Math.min(x, grip.x), Math.min(y, grip.y), Math.max(x, grip.x), Math.max(y, grip.y)];
  };
  view.addEventListener("pointerdown", (event) => {
    if (event.button > 0 || grip) return;
    const [x, y] = shares(event);
    const inside = part.length > 0 && x > part[0] && x < part[2] && y > part[1] && y < part[3];
    grip = { id: event.pointerId, x, y, part, inside, far: false, from: [event.clientX, event.clientY] };
    view.setPointerCapture(event.pointerId);
  });
  view.addEventListener("pointermove", (event) => {
    if (grip?.id !== event.pointerId) return;
    grip.far ||= Math.hypot(event.clientX - grip.from[0], event.clientY - grip.from[1]) > 4;
    if (grip.far) changed(dragged(event), false);
  });
  const letGo = (event) => {
    if (grip?.id !== event.pointerId) return;
    if (event.type === "pointercancel") changed(grip.part, false); // the page scrolled
    else changed(grip.far ? dragged(event) : [], true); // without a drag: the whole again
    grip = null;
  };
  view.addEventListener("pointerup", letGo);
  view.addEventListener("pointercancel", letGo);

  const middle = () => (part.length ? part : [0.35, 0.35, 0.65, 0.65]);
  let units = [1, 1]; // blocks of places across and down
  const step = (direction, axis) => (direction * Math.max(1, Math.round(0.05 * units[axis]))) / units[axis];
  const move = (x, y) => () => changed(part.length ? moved(part, step(x, 0), step(y, 1)) : middle(), true);
  const grow = (x, y) => () => {
    const [left, top, right, bottom] = middle();
    changed([left, top, between(left, right + step(x, 0), 1), between(top, bottom + step(y, 1), 1)], true);
  };
  onKeys(view, {
    ArrowLeft: move(-1, 0),
    ArrowRight: move(1, 0),
    ArrowUp: move(0, -1),
    ArrowDown: move(0, 1),
    "Shift+ArrowLeft": grow(-1, 0),
    "Shift+ArrowRight": grow(1, 0),
    "Shift+ArrowUp": grow(0, -1),
    "Shift+ArrowDown": grow(0, 1),
    Escape: () => changed([], true),
  });

  return {
    view,
    picture,
    touched: () => grip !== null,
    name: (words, pair) =>
      view.setAttribute(
        "aria-label",
        `${words}, brightest where both fire. ${pair} ` +
          "Arrow keys move a part of it, with Shift they change its size, Escape takes the whole.",
      ),
    frame(given, { across, down }) {
      [part, units] = [given, [across, down]];
      box.hidden = !part.length;
      const [left, top, right, bottom] = part;
      if (part.length)
        box.style.inset = `${100 * top}% ${100 * (1 - right)}% ${100 * (1 - bottom)}% ${100 * left}%`;
    },
    light({ product, most }, wide, patches, [width, height]) {
      gramPaint(shade, product, wide, (value, into, at) => {
        into[at + 3] = 255 * GRAM_DIM * (1 - (most > 0 ? Math.sqrt(value / most) : 0));
      });
      frames.replaceChildren(
        ...patches.map(([left, top], number) => {
          const frame = made("div", "gram-frame", {}, made("span", "gram-number", {}, String(number + 1)));
          Object.assign(frame.style, {
            left: `${(100 * left) / width}%`,
            top: `${(100 * top) / height}%`,
            width: `${(100 * GRAM_PATCH) / width}%`,
            height: `${(100 * GRAM_PATCH) / height}%`,
          });
          return frame;
        }).reverse(), // the first on top
      );
    },
  };
}

// The matrix, a grid of cells. preview(cell or null): one is pointed at; pick(cell): one is chosen.
function gramMatrix(preview, pick) {
  const picture = made("canvas", "gram-cells", { "aria-hidden": "true" });
  const mark = (tag, names) => made(tag, names, { "aria-hidden": "true" });
  const [chosen, pointed] = [mark("div", "gram-cell"), mark("div", "gram-cell gram-pointed")];
  const grid = made("div", "gram-grid", { role: "grid" });
  const [across, down] = [mark("span", "gram-axis gram-across"), mark("span", "gram-axis gram-down")];
  const field = made("div", "gram-field", {}, picture, grid, chosen, pointed, across, down);
  const all = made("div", "gram-matrix", {}, field);
  let [cells, here, pressed] = [[], [0, 0], null];
  const under = (event) => {
    const { x, y } = placeIn(field, event);
    const unit = (share) => between(0, Math.floor(share * cells.length), cells.length - 1);
    return [unit(y), unit(x)];
  };
  field.addEventListener("pointerdown", (event) => {
    if (event.button > 0 || pressed !== null) return;
    pressed = event.pointerId;
    field.setPointerCapture(event.pointerId);
    preview(under(event));
  });
  field.addEventListener("pointermove", (event) => {
    if (pressed === event.pointerId || (pressed === null && event.pointerType !== "touch")) preview(under(event));
  });
  field.addEventListener("pointerup", (event) => {
    if (pressed !== event.pointerId) return;
    pressed = null;
    const cell = under(event);
    pick(cell);
    cells[cell[0]][cell[1]].focus({ preventScroll: true });
  });
  const away = (event) => {
    if (pressed === null || (pressed === event.pointerId && event.type === "pointercancel")) {
      pressed = null;
      preview(null);
    }
  };
  field.addEventListener("pointerleave", away);
  field.addEventListener("pointercancel", away);
  const go = (row, column) => {
    const last = cells.length - 1;
    pick([between(0, row, last), between(0, column, last)]);
    cells[here[0]][here[1]].focus();
  };
  onKeys(grid, {
    ArrowLeft: () => go(here[0], here[1] - 1),
    ArrowRight: () => go(here[0], here[1] + 1),
    ArrowUp: () => go(here[0] - 1, here[1]),
    ArrowDown: () => go(here[0] + 1, here[1]),
    Home: () => go(here[0], 0),
    End: () => go(here[0], Infinity),
    PageUp: () => go(0, here[1]),
    PageDown: () => go(Infinity, here[1]),
  });
  const put = (frame, [row, column]) => {
    const unit = 100 / cells.length;
    [frame.style.left, frame.style.top] = [`${column * unit}%`, `${row * unit}%`];
    frame.style.width = frame.style.height = `${unit}%`;
  };

  return {
    all,
    size(n) {
      if (n === cells.length) return;
      const unit = () => made("div", "gram-unit", { role: "gridcell", tabindex: "-1" });
      cells = Array.from({ length: n }, () => Array.from({ length: n }, unit));
      grid.replaceChildren(...cells.map((row) => made("div", "gram-line", { role: "row" }, ...row)));
    },
    paint: (gram) => gramPaint(picture, gram, cells.length, gramGrey(Math.max(...gram), Math.sqrt)),
    name(words, cellWords) {
      grid.setAttribute("aria-label", words);
      cells.forEach((row, k) => row.forEach((cell, l) => cell.setAttribute("aria-label", cellWords(k, l))));
    },
    // looked: the cell that is shown; picked: the one that stays
    choose(picked, looked, channels, words) {
      const was = cells[here[0]]?.[here[1]];
      if (was) was.tabIndex = -1;
      was?.removeAttribute("aria-selected");
      here = picked;
      const cell = cells[here[0]][here[1]];
      cell.tabIndex = 0;
      cell.setAttribute("aria-selected", "true");
      if (gramSame(looked, picked)) cell.setAttribute("aria-label", words);
      put(chosen, picked);
      put(pointed, looked);
      pointed.hidden = gramSame(looked, picked);
      [down.textContent, across.textContent] = looked.map((at) => channels[at]);
      [down.style.top, across.style.left] = looked.map((at) => `${(100 * (at + 0.5)) / cells.length}%`);
    },
  };
}

// Three maps and the strongest patches, side by side
function gramLens() {
  const figure = (attributes) => {
    const [canvas, words] = [made("canvas", "gram-map", attributes), made("figcaption", "gram-caption quiet")];
    return { all: made("figure", "", {}, canvas, words), canvas, words };
  };
  const map = () => figure({ role: "img" });
  const cut = () => figure({ width: 128, height: 128, "aria-hidden": "true" });
  const [maps, cuts] = [[map(), map(), map()], Array.from({ length: GRAM_PATCHES }, cut)];
  const patches = made("div", "gram-cuts", { role: "img" }, ...cuts.map((each) => each.all));
  return {
    all: made("div", "row gram-lens", {}, made("div", "gram-maps", {}, ...maps.map((each) => each.all)), patches),
    show({ maps: given, channels, wide }, looked, { product, most, share }) {
      const titles = [`channel ${channels[looked[0]]}`, `channel ${channels[looked[1]]}`, "their product"];
      [given[looked[0]], given[looked[1]], product].forEach((values, n) => {
        let largest = n === 2 ? most : 0;
        if (n < 2) for (const value of values) if (value > largest) largest = value;
        gramPaint(maps[n].canvas, values, wide, gramGrey(largest));
        sayIn(maps[n].words, titles[n]);
        const words = n < 2 ? titles[n] : `their product, above 0 at ${gramShare(share)} of the places`;
        maps[n].canvas.setAttribute("aria-label", words);
      });
    },
    // corners: of the patches, in pixels of [width, height]
    cut(picture, corners, [width, height], scrambled) {
      const [over, down] = [picture.naturalWidth / width, picture.naturalHeight / height];
      cuts.forEach(({ all, canvas, words }, n) => {
        all.hidden = n >= corners.length;
        if (all.hidden || !picture.complete || !picture.naturalWidth) return;
        const [left, top] = corners[n];
        const from = [left * over, top * down, GRAM_PATCH * over, GRAM_PATCH * down];
        canvas.getContext("2d").drawImage(picture, ...from, 0, 0, canvas.width, canvas.height);
        sayIn(words, String(n + 1));
      });
      patches.hidden = !corners.length;
      const middle = (start, size) => gramShare((start + GRAM_PATCH / 2) / size);
      const where = corners.map(([left, top]) => `${middle(left, width)} across, ${middle(top, height)} down`);
      const meaning = scrambled ? "at shuffled places, which mean nothing here" : "where both fire most";
      patches.setAttribute("aria-label", `The painting ${meaning}: ${where.join("; ")}`);
    },
  };
}

// Sentences

function gramPairWords({ channels }, gram, [row, column], share, where) {
  const [k, l, most] = [channels[row], channels[column], Math.max(...gram)];
  const value = gram[row * channels.length + column];
  const number = `G = ${gramNumber(value)}, ${gramShare(most > 0 ? value / most : 0)} of the largest`;
  const places = share > 0 ? `at ${gramShare(share)} of the places${where}` : `nowhere${where && " in this part"}`;
  if (k === l) return [`Channel ${k} with itself: ${number}.`, `It fires ${places}.`];
  return [`Channels ${k} and ${l}: ${number}.`, `They fire together ${places}.`];
}

function gramPartWords({ channels, places }, part, whole, [left, top, right, bottom]) {
  const [cosine, n] = [gramCosine(part, whole), channels.length];
  const [across, down] = [right - left, bottom - top];
  const alike = GRAM_ALIKE.find(([least]) => cosine >= least)[1];
  const times = channels.map((channel, k) => [part[k * n + k] / whole[k * n + k], channel]);
  const louder = times.filter(([each]) => each >= 0); // not those that are silent in both
  louder.sort(([one], [other]) => other - one);
  const size = `This part, ${across} × ${down} places or ${gramShare((across * down) / places)} of the painting`;
  const words = `${size}: channels fire together ${alike} the whole (cosine of the two matrices ${cosine.toFixed(3)}).`;
  if (louder.length < 2) return words;
  const [[most, high], [least, low]] = [louder[0], louder.at(-1)];
  const gain = `channel ${high}, whose G with itself is ${gramTimes(most)} that of the whole`;
  return `${words} Most gained: ${gain}. Least: channel ${low}, ${gramTimes(least)}.`;
}

// The blocks, of `count` in a row of `size` places, whose edges are nearest to two places. The last may be a short one.
function gramSnapped(from, to, size, side, count) {
  const first = Math.min(Math.round(from / side), count - 1);
  const end = Math.round(to / side);
  return [first, between(first + 1, size - to < Math.abs(to - end * side) ? count : end, count)];
}

// What is shown, and what it was computed from
function gramState() {
  const state = { order: -1, part: [], cell: [0, 0] };
  const all = () => [0, 0, state.blocks.across, state.blocks.down];
  const snapped = ([left, top, right, bottom]) => {
    const [{ wide, high }, { side, across, down }] = [state.layer, state.blocks];
    const [x, to] = gramSnapped(left * wide, right * wide, wide, side, across);
    const [y, until] = gramSnapped(top * high, bottom * high, high, side, down);
    return [x, y, to, until];
  };
  return Object.assign(state, {
    take(seen) {
      state.layer = gramRead(seen);
      [state.maps, state.order] = [state.layer.maps, -1];
      state.sent = gramBlocks(state.layer); // with the places as they came
    },
    // What is shown of the whole is the true matrix, plus what a shuffle of the sent maps is found to change in theirs
    shuffle(order) {
      const { layer, sent } = state;
      [state.order, state.whole, state.apart] = [order, layer.gram, 0];
      [layer.maps, state.blocks] = [state.maps, sent];
      if (!order) return;
      layer.maps = gramShuffled(layer, order);
      state.blocks = gramBlocks(layer);
      const before = gramOf(layer, sent, all());
      const change = gramOf(layer, state.blocks, all()).map((value, i) => value - before[i]);
      state.whole = change.map((value, i) => layer.gram[i] + value);
      state.apart = change.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    },
    // box: of the part, [left, top, right, bottom] in places
    cut(part) {
      const { wide, high } = state.layer;
      const [box, { side }] = [part.length ? snapped(part) : all(), state.blocks];
      state.box = box.map((at, n) => Math.min(at * side, n % 2 ? high : wide));
      state.part = part.length ? state.box.map((at, n) => at / (n % 2 ? high : wide)) : [];
      state.now = part.length ? gramOf(state.layer, state.blocks, box) : state.whole;
    },
    // The pair of different channels with the largest G (sign 1) or the smallest (-1)
    extreme(sign) {
      const n = state.maps.length;
      let best = [0, Math.min(1, n - 1)];
      for (let k = 0; k < n; k++)
        for (let l = k + 1; l < n; l++)
          if (sign * state.now[k * n + l] > sign * state.now[best[0] * n + best[1]]) best = [k, l];
      return best;
    },
  });
}

function gram({ model, el }) {
  const named = ["Most together", "Least together", "Shuffle the places", "Restore", "Whole painting"];
  const button = (name) => made("button", "button", { type: "button" }, name);
  const [most, least, shuffle, restore, whole] = named.map(button);
  const state = gramState();
  const painting = gramPainting(drag);
  const matrix = gramMatrix((cell) => look(cell ?? state.cell), pick);
  const lens = gramLens();
  const [number, together] = [made("strong", ""), document.createTextNode("")];
  const said = made("p", "heard", { role: "status" });
  const texts = Object.fromEntries(["hint", "part", "shuffle"].map((name) => [name, made("p", "gram-words quiet")]));
  const buttons = (...inside) => made("div", "gram-buttons", {}, ...inside);
  const stage = made("div", "gram", {},
    made("div", "row", {},
      made("div", "gram-side", {}, painting.view, made("p", "gram-pair", {}, number, " ", together)),
      made("div", "gram-side gram-right", {}, matrix.all, texts.hint, buttons(most, least))),
    lens.all,
    made("div", "row", {},
      made("div", "gram-aside", {}, buttons(whole), texts.part),
      made("div", "gram-aside", {}, buttons(shuffle, restore), texts.shuffle)),
    said); // prettier-ignore
  const empty = made("div", "empty");
  el.append(stage, empty);
  let [shown, looked] = [null, null];

  // One cell in all views: the one that is picked, or one that is pointed at
  function look(cell) {
    looked = cell;
    const { layer, now, box, cell: picked } = state;
    const found = gramTogether(layer, cell, box);
    const corners = gramPatches(found.product, layer);
    const pair = gramPairWords(layer, now, cell, found.share, state.part.length ? " of this part" : "");
    [number.textContent, together.data] = pair;
    painting.light(found, layer.wide, corners, layer.pixels);
    lens.show(layer, cell, found);
    lens.cut(painting.picture, corners, layer.pixels, state.order > 0);
    matrix.choose(picked, cell, layer.channels, pair.join(" "));
    if (gramSame(cell, picked)) painting.name(layer.words, pair.join(" "));
  }

  function pick(cell) {
    tell(model, { pair: cell });
    if (!gramSame(looked, state.cell)) look(state.cell); // it was picked already, and another was pointed at
  }

  // part: in shares of the painting
  function cut(part) {
    const { layer } = state;
    state.cut(part);
    painting.frame(state.part, state.blocks);
    matrix.paint(state.now);
    const words = state.part.length ? gramPartWords(layer, state.now, state.whole, state.box) : "";
    texts.part.textContent = words || "Drag across the painting, and the matrix is that of this part alone.";
    whole.setAttribute("aria-disabled", String(!state.part.length)); // disabled, it would lose the focus
  }

  function drag(part, settled) {
    cut(part);
    if (settled) nameCells();
    look(state.cell);
    if (!settled) return;
    sayIn(said, state.part.length ? texts.part.textContent : "The whole painting again.");
    tell(model, { part: state.part });
  }

  function nameCells() {
    const { layer, now } = state;
    const largest = Math.max(...now);
    const words = state.part.length ? `a part of ${layer.words}` : layer.words;
    matrix.name(`Gram matrix of ${words}, the loudest channel first`, (k, l) => {
      const share = gramShare(largest > 0 ? now[k * layer.channels.length + l] / largest : 0);
      return `channels ${layer.channels[k]} and ${layer.channels[l]}: ${share} of the largest`;
    });
  }

  function shuffled(order) {
    state.shuffle(order);
    const { layer, whole: gram, apart } = state;
    texts.shuffle.textContent = order
      ? `All maps are in one random order of ${layer.places} places. The largest difference in the matrix is ` +
        `${gramNumber(apart)}, where the largest number is ${gramNumber(Math.max(...gram))}: rounding, as the same ` +
        "products are added in another order."
      : "Shuffling puts the places of all maps in one random order. What changes, and what does not?";
    restore.setAttribute("aria-disabled", String(!order));
  }

  // What the model says, where it is not shown already
  function refresh() {
    const [seen, order, pair] = ["seen", "shuffled", "pair"].map((name) => model.get(name));
    const part = painting.touched() ? state.part : model.get("part");
    stage.hidden = !seen.channels;
    empty.hidden = !stage.hidden;
    if (stage.hidden) return;
    const another = seen !== shown;
    if (another) {
      shown = seen;
      state.take(seen);
      matrix.size(seen.channels.length);
      const pairs = `Each cell is a pair of the ${seen.channels.length} loudest channels`;
      texts.hint.textContent = `${pairs}, lighter for a larger G. Point at the cells; click one to keep it.`;
    }
    state.cell = pair.map((at) => between(0, at, seen.channels.length - 1));
    if (another || order !== state.order) shuffled(order);
    else if (gramSame(part, state.part)) return look(state.cell);
    cut(part);
    nameCells();
    look(state.cell);
  }

  const act = (button, press) =>
    button.addEventListener("click", () => {
      if (shown && button.getAttribute("aria-disabled") !== "true") press();
    });
  const reorder = (order) => () => {
    tell(model, { shuffled: order() });
    sayIn(said, state.order ? texts.shuffle.textContent : "Every place is back where it was.");
  };
  for (const [button, sign] of [[most, 1], [least, -1]])
    act(button, () => {
      pick(state.extreme(sign));
      sayIn(said, `${number.textContent} ${together.data}`);
    });
  act(whole, () => drag([], true));
  act(shuffle, reorder(() => state.order + 1));
  act(restore, reorder(() => 0));
  painting.picture.addEventListener("load", () => shown && look(looked));

  const pictures = gallery();
  const end = follow(model, {
    painting: () => pictures.show(painting.picture, model.get("painting")),
    "seen shuffled part pair": refresh,
    empty: () => (empty.textContent = model.get("empty")),
  });
  return () => {
    end();
    pictures.end();
  };
}
