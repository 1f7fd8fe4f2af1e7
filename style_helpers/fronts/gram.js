// The Gram matrix of a layer's loudest channels; a cell of it under the lens; and the painting, which lights up where
// both channels of that cell fire. (Python's half: style_helpers/panels/gram.py)
//
// painting: a picture. seen: one layer's features of it, all at once:
//   words: what the matrix is of; channels: their numbers, the loudest first; of_all: how many the layer has;
//   maps: uint16, one map after the other, of wide x high places; most: float32, what 65535 stands for in each;
//   gram: float32, the channels' part of the true matrix; pixels: [width, height] that the network saw.
// pair: [row, column] of the cell. part: [left, top, right, bottom] in shares of the painting, or []. shuffled: 0, or
// the number of the random order that the places are in. empty: what is said while there is nothing.

const GRAM_PATCHES = 5;
const GRAM_PATCH = 32; // pixels a side, of those that the network saw
const GRAM_DIM = 0.75; // of the painting where the two do not fire together

const gramSame = (one, other) => String(one) === String(other);
const gramShare = (share) => percent(share, share > 0 && share < 0.0995 ? 1 : 0);

// A message's layer with its maps as float32 [channel][place]
function gramRead(seen) {
  const places = seen.wide * seen.high;
  const levels = new Uint16Array(bytesOf(seen.maps).slice().buffer);
  const maps = [...floatsOf(seen.most)].map((most, n) =>
    Float32Array.from(levels.subarray(n * places, (n + 1) * places), (level) => (level * most) / 65535),
  );
  return { ...seen, places, maps, gram: floatsOf(seen.gram) };
}

// G_kl = sum of F_ki F_li / (C M) over the M places of a box [left, top, right, bottom], row after row
function gramOf({ maps, wide, of_all }, [left, top, right, bottom]) {
  const n = maps.length;
  const [found, places] = [new Float64Array(n * n), (right - left) * (bottom - top)];
  const sum = (one, other) => {
    let all = 0;
    for (let y = top; y < bottom; y++)
      for (let place = y * wide + left; place < y * wide + right; place++) all += one[place] * other[place];
    return all;
  };
  for (let k = 0; k < n; k++)
    for (let l = k; l < n; l++) found[k * n + l] = found[l * n + k] = sum(maps[k], maps[l]) / (of_all * places);
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

// The painting: `light` dims it where a product is small, `frames` numbers the strongest patches, and a part of it is
// dragged. changed(part, settled): the new part in shares of the painting, [] for the whole.
function gramPainting(changed) {
  const picture = made("img", "picture", { alt: "", draggable: "false" });
  const shade = made("canvas", "over gram-shade", { "aria-hidden": "true" });
  const frames = made("div", "over", { "aria-hidden": "true" });
  const box = made("div", "mark gram-part", { "aria-hidden": "true" });
  const view = made("div", "view drag", { tabindex: "0", role: "application" }, picture, shade, box, frames);
  let grip = null; // of a drag: where it began, the part that was there, and whether it is moved
  let part = [];
  let units = [1, 1]; // places across and down

  const moved = ([left, top, right, bottom], x, y) => {
    const [over, down] = [between(-left, x, 1 - right), between(-top, y, 1 - bottom)];
    return [left + over, top + down, right + over, bottom + down];
  };
  function dragged(event) {
    const { x, y } = placeIn(view, event);
    if (grip.inside) return moved(grip.part, x - grip.x, y - grip.y);
    const within = (share) => between(0, share, 1);
    return [Math.min(x, grip.x), Math.min(y, grip.y), Math.max(x, grip.x), Math.max(y, grip.y)].map(within);
  }
  const isDragged = onDrag(view, {
    begin(event) {
      const { x, y } = placeIn(view, event);
      const inside = part.length > 0 && x > part[0] && x < part[2] && y > part[1] && y < part[3];
      grip = { x, y, part, inside, far: false, from: event };
    },
    move(event) {
      grip.far ||= Math.hypot(event.clientX - grip.from.clientX, event.clientY - grip.from.clientY) > 4;
      if (grip.far) changed(dragged(event), false);
    },
    drop: (event) => changed(grip.far ? dragged(event) : [], true), // without a drag: the whole again
    back: () => changed(grip.part, false),
  });
  const middle = () => (part.length ? part : [0.35, 0.35, 0.65, 0.65]);
  const step = (direction, axis) => (direction * Math.max(1, Math.round(0.05 * units[axis]))) / units[axis];
  function move(x, y) {
    changed(part.length ? moved(part, step(x, 0), step(y, 1)) : middle(), true);
  }
  function grow(x, y) {
    const [left, top, right, bottom] = middle();
    changed([left, top, between(left, right + step(x, 0), 1), between(top, bottom + step(y, 1), 1)], true);
  }
  onArrows(view, move, grow);
  onKeys(view, { Escape: () => changed([], true) });

  const keys = _("Arrow keys move a part of it, with Shift they change its size, Escape takes the whole.");
  return {
    view,
    picture,
    isDragged,
    name(words, pair) {
      write(view, { "aria-label": sentences(_("{words}, brightest where both fire.", { words }), pair, keys) });
    },
    frame(given, { wide, high }) {
      [part, units] = [given, [wide, high]];
      box.hidden = !part.length;
      const [left, top, right, bottom] = middle();
      lay(box, { left, top, width: right - left, height: bottom - top });
    },
    light({ product, most }, { wide, high, pixels: [width, height] }, patches) {
      const dim = (value) => 255 * GRAM_DIM * (1 - (most > 0 ? Math.sqrt(value / most) : 0));
      fillCanvas(shade, wide, high, (place) => Math.round(dim(product[place])) << 24);
      const drawn = patches.map(([left, top], number) => {
        const frame = made("div", "mark gram-frame", {}, made("span", "chip gram-number", {}, String(number + 1)));
        const size = { width: GRAM_PATCH / width, height: GRAM_PATCH / height };
        lay(frame, { left: left / width, top: top / height, ...size });
        return frame;
      });
      frames.replaceChildren(...drawn.reverse()); // the first on top
    },
  };
}

// The matrix, a grid of cells. preview(cell or null): one is pointed at; pick(cell): one is chosen.
function gramMatrix(preview, pick) {
  const mark = (tag, names) => made(tag, names, { "aria-hidden": "true" });
  const picture = mark("canvas", "over pixels gram-cells");
  const [chosen, pointed] = [mark("div", "mark gram-cell"), mark("div", "mark gram-cell gram-pointed")];
  const grid = made("div", "gram-grid", { role: "grid" });
  const [across, down] = [mark("span", "heading gram-across"), mark("span", "heading gram-down")];
  const field = made("div", "drag gram-field", {}, picture, grid, chosen, pointed, across, down);
  const all = made("div", "gram-matrix", {}, field);
  let [cells, here] = [[], [0, 0]];

  const inside = (at) => between(0, at, cells.length - 1);
  function take(row, column, options) {
    pick([inside(row), inside(column)]);
    cells[here[0]][here[1]].focus(options);
  }
  const under = ([x, y]) => [y, x].map((share) => inside(Math.floor(share * cells.length)));
  onPoint(field, (spot) => preview(spot && under(spot)), (spot) => take(...under(spot), { preventScroll: true }));
  onArrows(grid, (x, y) => take(here[0] + y, here[1] + x));
  onKeys(grid, {
    Home: () => take(here[0], 0),
    End: () => take(here[0], Infinity),
    PageUp: () => take(0, here[1]),
    PageDown: () => take(Infinity, here[1]),
  });
  function put(frame, [row, column]) {
    const unit = 1 / cells.length;
    lay(frame, { left: column * unit, top: row * unit, width: unit, height: unit });
  }

  return {
    all,
    size(n) {
      if (n === cells.length) return;
      const unit = () => made("div", "gram-unit", { role: "gridcell", tabindex: "-1" });
      cells = Array.from({ length: n }, () => Array.from({ length: n }, unit));
      grid.replaceChildren(...cells.map((row) => made("div", "gram-line", { role: "row" }, ...row)));
    },
    paint(gram) {
      const most = Math.max(...gram) || 1;
      const [n, bright] = [cells.length, (place) => 255 * Math.sqrt(Math.max(0, gram[place]) / most)];
      fillCanvas(picture, n, n, (place) => grey(bright(place)));
    },
    name(words, channels, gram) {
      write(grid, { "aria-label": _("Gram matrix of {words}, the loudest channel first", { words }) });
      const [n, most] = [cells.length, Math.max(...gram) || 1];
      const name = (k, l) => {
        const told = { one: channels[k], other: channels[l], share: gramShare(gram[k * n + l] / most) };
        return _("channels {one} and {other}: {share} of the largest", told);
      };
      cells.forEach((row, k) => row.forEach((cell, l) => write(cell, { "aria-label": name(k, l) })));
    },
    // looked: the cell that is shown; picked: the one that stays
    choose(picked, looked, channels, words) {
      for (const was of grid.querySelectorAll("[aria-selected]")) {
        was.tabIndex = -1;
        was.removeAttribute("aria-selected");
      }
      here = picked;
      const cell = cells[here[0]][here[1]];
      write(cell, { tabindex: 0, "aria-selected": true });
      if (gramSame(looked, picked)) write(cell, { "aria-label": words });
      put(chosen, picked);
      put(pointed, looked);
      pointed.hidden = gramSame(looked, picked);
      [down.textContent, across.textContent] = looked.map((at) => channels[at]);
      lay(down, { top: (looked[0] + 0.5) / cells.length });
      lay(across, { left: (looked[1] + 0.5) / cells.length });
    },
  };
}

// Three maps and the strongest patches, side by side
function gramLens() {
  const figure = (attributes) => {
    const [canvas, words] = [made("canvas", "pixels", attributes), made("figcaption", "quiet")];
    return { all: made("figure", "", {}, canvas, words), canvas, words };
  };
  const map = () => figure({ role: "img" });
  const cut = () => figure({ width: 128, height: 128, "aria-hidden": "true" });
  const [maps, cuts] = [[map(), map(), map()], Array.from({ length: GRAM_PATCHES }, cut)];
  const patches = made("div", "gram-figures gram-cuts", { role: "img" }, ...cuts.map((each) => each.all));
  return {
    maps: made("div", "gram-figures gram-maps", {}, ...maps.map((each) => each.all)),
    patches,
    show({ maps: given, channels, wide, high }, looked, { product, most, share }) {
      const titles = [...looked.map((at) => _("channel {channel}", { channel: channels[at] })), _("their product")];
      [given[looked[0]], given[looked[1]], product].forEach((values, n) => {
        let largest = n === 2 ? most : 0;
        if (n < 2) for (const value of values) if (value > largest) largest = value;
        fillCanvas(maps[n].canvas, wide, high, (place) => grey((255 * values[place]) / (largest || 1)));
        maps[n].words.textContent = titles[n];
        const words = _("their product, above 0 at {share} of the positions", { share: gramShare(share) });
        write(maps[n].canvas, { "aria-label": n < 2 ? titles[n] : words });
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
        words.textContent = n + 1;
      });
      patches.hidden = !corners.length;
      const middle = (start, size) => gramShare((start + GRAM_PATCH / 2) / size);
      const found = corners.map(([left, top]) =>
        _("{across} across, {down} down", { across: middle(left, width), down: middle(top, height) }),
      );
      const where = semicolons(...found);
      const words = scrambled
        ? _("The painting at shuffled positions, which mean nothing here: {where}", { where })
        : _("The painting where both fire most: {where}", { where });
      write(patches, { "aria-label": words });
    },
  };
}

// Sentences

function gramPairWords({ channels }, gram, [row, column], fired, isPart) {
  const [k, l, most] = [channels[row], channels[column], Math.max(...gram)];
  const value = gram[row * channels.length + column];
  const told = { k, l, value: digits(value), share: gramShare(most > 0 ? value / most : 0) };
  if (k === l) {
    const number = _("Channel {k} with itself: G = {value}, {share} of the largest.", told);
    return [number, gramAloneWords(fired, isPart)];
  }
  const number = _("Channels {k} and {l}: G = {value}, {share} of the largest.", told);
  return [number, gramTogetherWords(fired, isPart)];
}

// fired: at which share of the positions
function gramAloneWords(fired, isPart) {
  const told = { share: gramShare(fired) };
  if (fired > 0 && isPart) return _("It fires at {share} of the positions of this part.", told);
  if (fired > 0) return _("It fires at {share} of the positions.", told);
  return isPart ? _("It fires nowhere in this part.") : _("It fires nowhere.");
}

function gramTogetherWords(fired, isPart) {
  const told = { share: gramShare(fired) };
  if (fired > 0 && isPart) return _("They fire together at {share} of the positions of this part.", told);
  if (fired > 0) return _("They fire together at {share} of the positions.", told);
  return isPart ? _("They fire together nowhere in this part.") : _("They fire together nowhere.");
}

function gramAlikeWords(cosine) {
  if (cosine >= 0.98) return _("channels fire together almost as in the whole");
  if (cosine >= 0.9) return _("channels fire together much as in the whole");
  if (cosine >= 0.7) return _("channels fire together not quite as in the whole");
  return _("channels fire together quite unlike the whole");
}

function gramPartWords({ channels, places }, part, whole, [left, top, right, bottom]) {
  const [cosine, n] = [gramCosine(part, whole), channels.length];
  const [across, down] = [right - left, bottom - top];
  const times = channels.map((channel, k) => [part[k * n + k] / whole[k * n + k], channel]);
  const louder = times.filter(([each]) => each >= 0); // not those that are silent in both
  louder.sort(([one], [other]) => other - one);
  const size = { down, across, share: gramShare((across * down) / places) };
  const words = _(
    "This part, {down} × {across} positions or {share} of the painting: {alike} (cosine of the two matrices {cosine}).",
    { ...size, alike: gramAlikeWords(cosine), cosine: cosine.toFixed(3) },
  );
  if (louder.length < 2) return words;
  const [[most, high], [least, low]] = [louder[0], louder.at(-1)];
  const gained = _(
    "Most gained: channel {high}, whose G with itself is {most} times that of the whole. Least: channel {low}, " +
      "{least} times.",
    { high, low, most: digits(most, 2), least: digits(least, 2) },
  );
  return sentences(words, gained);
}

function gramShuffleWords(places, shuffled, apart, most) {
  if (!shuffled) {
    return _("Shuffling puts the positions of all maps in one random order. What changes, and what does not?");
  }
  return sentences(
    _("All maps are in one random order of {places} positions.", { places }),
    _(
      "The largest difference in the matrix is {apart}, where the largest number is {most}: rounding, as the same " +
        "products are added in another order.",
      { apart: digits(apart), most: digits(most) },
    ),
  );
}

// The places, from the first to before the last, whose edges are nearest to two shares of a side; at least one
function gramSnapped(from, to, size) {
  const first = Math.min(Math.round(from * size), size - 1);
  return [first, between(first + 1, Math.round(to * size), size)];
}

// What is shown, and what it was computed from
function gramState() {
  const state = { order: -1, part: [], cell: [0, 0] };
  const all = () => [0, 0, state.layer.wide, state.layer.high];
  return Object.assign(state, {
    take(seen) {
      state.layer = gramRead(seen);
      [state.maps, state.order] = [state.layer.maps, -1]; // with the places as they came
    },
    // What is shown of the whole is the true matrix, plus what a shuffle of the sent maps is found to change in theirs
    shuffle(order) {
      const { layer } = state;
      layer.maps = state.maps;
      [state.order, state.whole, state.apart] = [order, layer.gram, 0];
      if (!order) return;
      const before = gramOf(layer, all());
      layer.maps = gramShuffled(layer, order);
      const change = gramOf(layer, all()).map((value, i) => value - before[i]);
      state.whole = change.map((value, i) => layer.gram[i] + value);
      state.apart = change.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    },
    // part: in shares of the painting; box: the same in places
    cut([left, top, right, bottom]) {
      const { wide, high } = state.layer;
      [state.box, state.part, state.now] = [all(), [], state.whole];
      if (left === undefined) return;
      const [[x, to], [y, until]] = [gramSnapped(left, right, wide), gramSnapped(top, bottom, high)];
      state.box = [x, y, to, until];
      state.part = [x / wide, y / high, to / wide, until / high];
      state.now = gramOf(state.layer, state.box);
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
  const [most, least] = [[1, _("Most together")], [-1, _("Least together")]].map(([sign, name]) =>
    button(name, () => {
      pick(state.extreme(sign));
      said.say(sentences(number.textContent, together.data));
    }),
  );
  const whole = button(_("Whole painting"), () => drag([], true));
  const shuffle = button(_("Shuffle the positions"), () => reorder(state.order + 1));
  const restore = button(_("Restore"), () => reorder(0));
  const state = gramState();
  const painting = gramPainting(drag);
  const matrix = gramMatrix((cell) => look(cell ?? state.cell), pick);
  const [lens, said] = [gramLens(), voice()];
  const [number, together] = [made("strong", ""), document.createTextNode("")];
  const text = (name) => [name, made("p", `quiet gram-of-${name}`)];
  const texts = Object.fromEntries(["hint", "part", "shuffle"].map(text));
  const bar = (...buttons) => made("div", "bar", {}, ...buttons);
  const both = (side, aside) => [made("div", "side", {}, ...side), made("div", "aside", {}, ...aside)];
  const row = (...inside) => made("div", "row", {}, ...both(...inside));
  const stage = made("div", "gram", {},
    row([painting.view, made("p", "gram-pair", {}, number, " ", together)], [matrix.all, texts.hint, bar(most, least)]),
    row([lens.maps], [lens.patches]),
    row([bar(whole), texts.part], [bar(shuffle, restore), texts.shuffle]),
    said.node,
  );
  const empty = made("div", "empty");
  el.append(stage, empty);
  let [shown, looked] = [null, null];

  // One cell in all views: the one that is picked, or one that is pointed at
  function look(cell) {
    looked = cell;
    const { layer, now, box, cell: picked } = state;
    const found = gramTogether(layer, cell, box);
    const corners = gramPatches(found.product, layer);
    const pair = gramPairWords(layer, now, cell, found.share, state.part.length > 0);
    [number.textContent, together.data] = pair;
    painting.light(found, layer, corners);
    lens.show(layer, cell, found);
    lens.cut(painting.picture, corners, layer.pixels, state.order > 0);
    const words = sentences(...pair);
    matrix.choose(picked, cell, layer.channels, words);
    if (gramSame(cell, picked)) painting.name(layer.words, words);
  }

  function pick(cell) {
    tell(model, { pair: cell });
    if (!gramSame(looked, state.cell)) look(state.cell); // it was picked already, and another was pointed at
  }

  // part: in shares of the painting
  function cut(part) {
    const { layer } = state;
    state.cut(part);
    painting.frame(state.part, layer);
    matrix.paint(state.now);
    const words = state.part.length ? gramPartWords(layer, state.now, state.whole, state.box) : "";
    texts.part.textContent = words || _("Drag across the painting, and the matrix is that of this part alone.");
    write(whole, { "aria-disabled": !state.part.length });
  }

  function drag(part, settled) {
    cut(part);
    if (settled) nameCells();
    look(state.cell);
    if (!settled) return;
    said.say(state.part.length ? texts.part.textContent : _("The whole painting again."));
    tell(model, { part: state.part });
  }

  function nameCells() {
    const whole = state.layer.words;
    matrix.name(state.part.length ? _("a part of {whole}", { whole }) : whole, state.layer.channels, state.now);
  }

  function shuffled(order) {
    state.shuffle(order);
    const { layer, whole: gram, apart } = state;
    texts.shuffle.textContent = gramShuffleWords(layer.places, order, apart, Math.max(...gram));
    write(restore, { "aria-disabled": !order });
  }

  // What the model says, where it is not shown already
  function refresh() {
    const [seen, order, pair] = ["seen", "shuffled", "pair"].map((name) => model.get(name));
    const part = painting.isDragged() ? state.part : model.get("part");
    stage.hidden = !seen.channels;
    empty.hidden = !stage.hidden;
    if (stage.hidden) return;
    const another = seen !== shown;
    if (another) {
      shown = seen;
      state.take(seen);
      matrix.size(seen.channels.length);
      texts.hint.textContent = _(
        "Each cell is a pair of the {channels} loudest channels, lighter for a larger G. Point at the cells; click " +
          "one to keep it.",
        { channels: seen.channels.length },
      );
    }
    state.cell = pair.map((at) => between(0, at, seen.channels.length - 1));
    if (another || order !== state.order) shuffled(order);
    else if (gramSame(part, state.part)) return look(state.cell);
    cut(part);
    nameCells();
    look(state.cell);
  }

  function reorder(order) {
    tell(model, { shuffled: order });
    said.say(state.order ? texts.shuffle.textContent : _("Every position is back where it was."));
  }
  painting.picture.addEventListener("load", () => shown && look(looked));

  const pictures = gallery();
  const end = follow(model, {
    painting: () => pictures.show(painting.picture, model.get("painting")),
    "seen shuffled part pair": refresh,
    empty: () => (empty.textContent = model.get("empty")),
  });
  return ends(end, pictures.end);
}
