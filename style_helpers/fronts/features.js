// The maps of one layer, one unit in it: where it looks, what it sees, and its numbers in all channels.
//
// photo: as the network sees it, with photo_name, network, size [height, width]; layers: of each its name, channels,
// rows, columns, and the side, jump and start of its units' fields; layer: the picked one; at: the unit's place on the
// photo, [down, across] from 0 to 1; maps: for some layers channels (their numbers, the strongest first), values (a
// byte for each number), scales (float32, one for each channel), zero (the byte of 0) and none (the share that is not
// above 0). A layer that is not among them is asked for by the trait `asked`, if live: where Python answers.

const FEATURES_SHOWN = 12; // maps
const FEATURES_TALLEST = 56; // pixels, of a bar of the network
const FEATURES_LINE = 44; // pixels, of a line of channels
// How much a byte of a map hides of the photo, 0 to 255. After the ReLU as much light passes as the number says (of the
// light, not of sRGB's numbers); before it the photo is as grey as the map, half for 0.
const FEATURES_VEIL = Array.from({ length: 256 }, (_, byte) => Math.round(255 * (1 - (byte / 255) ** (1 / 2.2))));
const FEATURES_SIGNED = Array.from({ length: 256 }, (_, byte) => 255 - byte);

const featuresTold = (value) => String(Number(value.toPrecision(2))).replace("-", "−"); // a byte knows no more
const featuresShare = (share) => `${Number((100 * share).toFixed(1))} %`;

// Fields, as class Field of features.py has them; place: in pixels of the photo, 0 is its edge

function featuresNearest(layer, units, place) {
  return between(0, Math.round((place - layer.start - layer.side / 2) / layer.jump), units - 1);
}

function featuresSeen(layer, unit, pixels) {
  const first = layer.start + unit * layer.jump;
  return [between(0, first, pixels), between(0, first + layer.side, pixels)];
}

// Maps as they are sent, and how to read them. `ascending`: places in the message, by channel
function featuresRead(layer, given) {
  const { channels, values, scales, zero, none } = given;
  const [bytes, steps, cells] = [bytesOf(values), floatsOf(scales), layer.rows * layer.columns];
  const map = (index) => bytes.subarray(index * cells, (index + 1) * cells);
  return {
    ...{ given, layer, channels, none, map, zero, signed: zero > 0 },
    ascending: channels.map((_, index) => index).sort((one, other) => channels[one] - channels[other]),
    value: (index, cell) => (bytes[index * cells + cell] - zero) * steps[index],
  };
}

// The network, a bar for each layer; a convolution and its ReLU share one

function featuresPairs(layers) {
  const pairs = new Map();
  for (const layer of layers) {
    const kind = layer.name.slice(0, 4);
    const key = kind === "pool" ? layer.name : layer.name.slice(4);
    pairs.set(key, { ...pairs.get(key), [kind]: layer });
  }
  return [...pairs.values()];
}

function featuresBar(pair, tallest) {
  const bar = { pair, kind: made("span", "quiet"), name: made("span", "features-name") };
  bar.missing = made("span", "quiet features-missing", {}, "absent");
  const high = (FEATURES_TALLEST * (pair.pool ?? pair.conv).rows) / tallest;
  const block = made("span", "features-bar", { style: `height: ${Math.max(2, high)}px` });
  const inside = [block, bar.kind, bar.name, bar.missing];
  bar.button = made("button", "features-layer", { type: "button", role: "radio" }, ...inside);
  return bar;
}

function featuresNetwork(pick) {
  const node = made("div", "features-network", { role: "radiogroup", "aria-label": "layer" });
  let [drawn, bars] = [null, []];

  function build(layers) {
    drawn = layers;
    const tallest = Math.max(...layers.map(({ rows }) => rows));
    bars = featuresPairs(layers).map((pair) => featuresBar(pair, tallest));
    for (const bar of bars) bar.button.addEventListener("click", () => bar.free && pick(bar.free.name));
    node.replaceChildren(...bars.map(({ button }) => button));
  }

  const go = (choose) => (event) => {
    const free = bars.filter((bar) => bar.free);
    const now = free.findIndex(({ button }) => button === event.target);
    const next = free[(choose(now, free.length) + free.length) % free.length];
    next.button.focus();
    pick(next.free.name);
  };
  const [back, on] = [go((now) => now - 1), go((now) => now + 1)];
  onKeys(node, { ArrowLeft: back, ArrowUp: back, ArrowRight: on, ArrowDown: on, Home: go(() => 0), End: go(() => -1) });

  // kind: "conv" or "relu", which of two is meant; has: whether a layer can be had
  function draw(layers, picked, kind, has) {
    if (layers !== drawn) build(layers);
    for (const bar of bars) {
      const { pool, conv, relu } = bar.pair;
      const both = pool ? [pool] : kind === "conv" ? [conv, relu] : [relu, conv];
      bar.free = both.find((layer) => has(layer.name));
      const { name, channels, rows, columns } = bar.free ?? both[0];
      bar.kind.textContent = name.slice(0, 4);
      bar.name.textContent = name.slice(4);
      bar.missing.style.visibility = bar.free ? "hidden" : "visible";
      const words = `${name}: ${channels} maps of ${columns} × ${rows}${bar.free ? "" : "; absent: it needs a kernel"}`;
      const states = { "aria-label": words, title: words, "aria-disabled": !bar.free, "aria-checked": name === picked };
      for (const [key, value] of Object.entries({ ...states, tabindex: name === picked ? 0 : -1 }))
        bar.button.setAttribute(key, String(value));
    }
    const whole = bars.every((bar) => bar.free);
    for (const bar of bars) bar.missing.hidden = whole; // else all take its line, so that all stand on one ground
    return whole;
  }
  return { node, draw };
}

// The photo. `move` hears of a place under the pointer, `keep` of one that is picked, `leave` that the pointer is gone.

function featuresPhoto({ move, keep, leave, step }) {
  const view = made("div", "view features-photo", { tabindex: "0", role: "slider", "aria-valuemin": "0" });
  const picture = made("img", "picture", { alt: "", draggable: "false" });
  const veil = made("canvas", "features-veil", { hidden: "" });
  const field = made("div", "features-field");
  let seen = {}; // on the veil
  view.append(picture, veil, field);

  const place = (event) => {
    const { x, y } = placeIn(view, event);
    return [between(0, y, 1), between(0, x, 1)];
  };
  view.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    view.setPointerCapture(event.pointerId);
    move(place(event));
  });
  view.addEventListener("pointermove", (event) => move(place(event)));
  view.addEventListener("pointerup", (event) => event.button <= 0 && keep(place(event)));
  for (const gone of ["pointerleave", "pointercancel"]) view.addEventListener(gone, leave);
  const arrows = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const keys = Object.entries(arrows).flatMap(([key, [down, across]]) => [
    [key, () => step(down, across)],
    [`Shift+${key}`, () => step(5 * down, 5 * across)],
  ]);
  onKeys(view, Object.fromEntries(keys));

  // top, bottom, left, right: of the field, in pixels
  function frame([height, width], [top, bottom], [left, right], dimmed) {
    const [wide, high] = [(right - left) / width, (bottom - top) / height];
    const sides = { left: left / width, top: top / height, width: wide, height: high };
    for (const [side, share] of Object.entries(sides)) field.style[side] = `${100 * share}%`;
    field.classList.toggle("nst-features-alone", dimmed);
  }

  // The photo is as bright as a map: at each pixel, as the unit whose middle is nearest to it
  function through(maps, index, [height, width]) {
    veil.hidden = index === null;
    if (index === null || (seen.maps === maps && seen.index === index)) return;
    seen = { maps, index };
    const [map, { layer }] = [maps.map(index), maps];
    const hides = maps.signed ? FEATURES_SIGNED : FEATURES_VEIL;
    Object.assign(veil, { width, height });
    const drawn = new ImageData(width, height);
    const columns = Array.from({ length: width }, (_, x) => featuresNearest(layer, layer.columns, x + 0.5));
    for (let y = 0, pixel = 3; y < height; y++) {
      const row = featuresNearest(layer, layer.rows, y + 0.5) * layer.columns;
      for (let x = 0; x < width; x++, pixel += 4) drawn.data[pixel] = hides[map[row + columns[x]]];
    }
    veil.getContext("2d").putImageData(drawn, 0, 0);
  }
  return { view, picture, frame, through };
}

// A unit's number in each channel, as bars in as many lines as they need. `look` hears of a channel's place in the
// message, or null; `open` of one that is to be enlarged.

function featuresStrip({ look, open }) {
  const mark = made("rect", "features-mark");
  const [ground, bars] = [made("path", "features-ground"), made("path", "features-values")];
  const svg = made("svg", "features-svg", { preserveAspectRatio: "none", "aria-hidden": "true" }, mark, ground, bars);
  const view = made("div", "features-strip", { tabindex: "0", role: "slider", "aria-valuemin": "0" }, svg);
  let [maps, each, marked] = [null, 1, null]; // each: channels in a line; marked: which of all, in ascending order

  function go(place) {
    marked = between(0, place, maps.ascending.length - 1);
    look(maps.ascending[marked]);
  }
  const leave = () => {
    marked = null;
    look(null);
  };
  const under = (event) => {
    const [{ x, y }, lines] = [placeIn(view, event), Math.ceil(maps.ascending.length / each)];
    go(between(0, Math.floor(y * lines), lines - 1) * each + between(0, Math.floor(x * each), each - 1));
  };
  view.addEventListener("pointermove", under);
  view.addEventListener("pointerdown", under);
  view.addEventListener("pointerleave", () => document.activeElement !== view && leave());
  view.addEventListener("blur", leave);
  view.addEventListener("click", () => marked !== null && open(maps.ascending[marked]));
  const by = (steps) => () => go(marked === null ? 0 : marked + steps);
  onKeys(view, {
    ...{ ArrowLeft: by(-1), ArrowDown: by(-1), ArrowRight: by(1), ArrowUp: by(1), PageDown: by(-10), PageUp: by(10) },
    ...{ Home: () => go(0), End: () => go(maps.ascending.length - 1) },
    ...{ Enter: () => marked !== null && open(maps.ascending[marked]) },
  });

  function draw(given, cell) {
    maps = given;
    const [values, zero] = [maps.ascending.map((index) => maps.value(index, cell)), maps.signed ? 0.5 : 0];
    const lines = Math.ceil((2 * values.length) / (view.clientWidth || 400)); // two pixels each, at the least
    each = Math.ceil(values.length / lines);
    const wide = (view.clientWidth || 400) / each > 4 ? 0.75 : 1;
    const largest = Math.max(...values.map(Math.abs)) || 1;
    const base = (line) => (line + 1 - zero) * FEATURES_LINE - 1;
    const tall = (value) => ((value / largest) * (FEATURES_LINE - 4)) / (maps.signed ? 2 : 1);
    const path = values.map((value, place) => {
      if (value === 0) return "";
      const line = Math.floor(place / each);
      return `M${place - line * each} ${base(line)}h${wide}v${(-tall(value)).toFixed(1)}h-${wide}z`;
    });
    bars.setAttribute("d", path.join(""));
    const long = (line) => Math.min(each, values.length - line * each);
    const grounds = Array.from({ length: lines }, (_, line) => `M0 ${base(line)}h${long(line)}`);
    ground.setAttribute("d", grounds.join(""));
    svg.setAttribute("viewBox", `0 0 ${each} ${FEATURES_LINE * lines}`);
    svg.style.height = `${FEATURES_LINE * lines}px`;
    mark.toggleAttribute("hidden", marked === null);
    if (marked !== null) {
      const line = Math.floor(marked / each);
      const box = { x: marked - line * each, y: line * FEATURES_LINE, width: 1, height: FEATURES_LINE };
      for (const [key, value] of Object.entries(box)) mark.setAttribute(key, value);
    }
    view.setAttribute("aria-valuemax", String(values.length - 1));
    view.setAttribute("aria-valuenow", String(marked ?? 0));
  }
  const forget = () => {
    marked = null;
  };
  return { view, draw, forget };
}

// The strongest maps, and a guest: whichever channel of the strip is enlarged

function featuresTile() {
  const [canvas, unit, frame] = [made("canvas", "features-map"), made("span"), made("span", "features-unit")];
  const channel = made("span", "heading");
  const title = made("span", "features-title", {}, channel, unit);
  const pane = made("span", "features-pane", {}, canvas, frame);
  const button = made("button", "features-tile", { type: "button", hidden: "" }, title, pane);
  return { button, canvas, channel, unit, index: null };
}

function featuresMaps({ look, open }) {
  const node = made("div", "features-maps", { role: "group" });
  const tiles = Array.from({ length: FEATURES_SHOWN + 1 }, featuresTile);
  const guest = tiles.at(-1);
  node.append(...tiles.map(({ button }) => button));
  let [maps, large] = [null, null]; // large: the channel's place in the message

  function paint(tile, index) {
    const { rows, columns } = maps.layer;
    const [map, drawn] = [maps.map(index), new Uint32Array(rows * columns)];
    let zeros = 0;
    for (let cell = 0; cell < map.length; cell++) {
      drawn[cell] = 0xff000000 | (map[cell] * 0x010101);
      if (map[cell] <= maps.zero) zeros++;
    }
    Object.assign(tile.canvas, { width: columns, height: rows });
    tile.canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(drawn.buffer), columns, rows), 0, 0);
    tile.index = index;
    tile.zeros = featuresShare(zeros / map.length);
    tile.channel.textContent = String(maps.channels[index]);
  }

  function enlarge(index) {
    node.style.minHeight = index === null ? "" : `${node.offsetHeight}px`; // the page below stays where it is
    large = index;
    if (index >= FEATURES_SHOWN) paint(guest, index);
    if (index === null && guest.button.contains(document.activeElement)) tiles[0].button.focus();
    node.classList.toggle("nst-features-one", index !== null);
    for (const tile of tiles) {
      tile.button.hidden = tile.index === null || (index === null ? tile === guest : tile.index !== index);
      tile.button.setAttribute("aria-pressed", String(index !== null && tile.index === index));
    }
  }

  function go(steps) {
    const all = tiles.filter((tile) => tile !== guest && tile.index !== null);
    const now = all.findIndex(({ button }) => button === document.activeElement);
    const next = all[between(0, now + steps, all.length - 1)];
    if (large !== null) open(next.index);
    for (const tile of all) tile.button.tabIndex = tile === next ? 0 : -1;
    next.button.focus();
  }
  const line = () => (large === null ? getComputedStyle(node).gridTemplateColumns.split(" ").length : 1);
  const [up, down] = [() => go(-line()), () => go(line())];
  onKeys(node, { ArrowLeft: () => go(-1), ArrowRight: () => go(1), ArrowUp: up, ArrowDown: down });
  for (const tile of tiles) {
    tile.button.tabIndex = tile === tiles[0] || tile === guest ? 0 : -1;
    tile.button.addEventListener("click", () => open(large === null ? tile.index : null));
    tile.button.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && look(tile.index, "over"));
    tile.button.addEventListener("pointerleave", () => look(null, "over"));
    tile.button.addEventListener("focus", () => tile.button.matches(":focus-visible") && look(tile.index, "focused"));
    tile.button.addEventListener("blur", () => look(null, "focused"));
  }

  function show(given, ratio) {
    maps = given;
    node.style.setProperty("--ratio", String(ratio));
    for (const [index, tile] of tiles.entries()) {
      tile.index = null;
      if (tile !== guest && index < maps.channels.length) paint(tile, index);
    }
    enlarge(null);
  }

  function frame(row, column) {
    const { rows, columns } = maps.layer;
    const sides = { left: column / columns, top: row / rows, width: 1 / columns, height: 1 / rows };
    for (const [side, share] of Object.entries(sides)) node.style.setProperty(`--${side}`, `${100 * share}%`);
    for (const tile of tiles.filter(({ index }) => index !== null)) {
      const value = featuresTold(maps.value(tile.index, row * columns + column));
      tile.unit.textContent = value;
      const zeros = `${tile.zeros} of it is ${maps.signed ? "not above 0" : "0"}`;
      tile.button.setAttribute("aria-label", `channel ${maps.channels[tile.index]}: ${value} at the unit; ${zeros}`);
    }
  }
  return { node, show, frame, enlarge };
}

// Sentences

function featuresSummary(maps, network) {
  const { name, channels, rows, columns } = maps.layer;
  const why = {
    conv: "of its numbers are not above 0: its ReLU will make them 0.",
    relu: "of its numbers are 0: before the ReLU they were not above 0.",
    pool: "of its numbers are 0: it keeps the largest number of each small square.",
  }[name.slice(0, 4)];
  return `${name} of ${network}: ${channels} maps of ${columns} × ${rows}. ${featuresShare(maps.none)} ${why}`;
}

function featuresSight({ side }, [top, bottom], [left, right]) {
  const whole = right - left === side && bottom - top === side;
  return `It sees ${side} × ${side} pixels${whole ? "" : `, ${right - left} × ${bottom - top} of them on the photo`}.`;
}

function featuresColumn(maps, cell) {
  const values = maps.ascending.map((index) => [maps.value(index, cell), maps.channels[index]]);
  const above = values.filter(([value]) => value > 0);
  if (above.length === 0) return "No channel is above 0 here.";
  const best = above.sort(([one], [other]) => other - one).slice(0, 3);
  const named = best.map(([value, channel]) => `${channel} (${featuresTold(value)})`).join(", ");
  return `Strongest: channel ${named}. ${above.length} of ${values.length} are above 0.`;
}

function featuresPage(parts) {
  const lines = ["said", "photo", "unit", "channel", "column", "maps", "bars"];
  const texts = Object.fromEntries(lines.map((name) => [name, made("p", "features-text")]));
  for (const name of ["photo", "maps", "bars", "column"]) texts[name].classList.add("nst-quiet");
  texts.said.setAttribute("aria-live", "polite");
  const relu = made("button", "button", { type: "button" }, "before the ReLU");
  const ofPhoto = [parts.photo.view, texts.photo, texts.unit];
  const unit = made("div", "features-side", {}, ...ofPhoto, parts.strip.view, texts.channel, texts.column);
  const all = made("div", "features-side features-right", {}, texts.maps, parts.maps.node);
  const sides = made("div", "features-sides", {}, unit, all);
  const head = made("div", "features-head", {}, relu, texts.said);
  const stage = made("div", "features", {}, parts.network.node, texts.bars, head, sides);
  return { stage, relu, texts };
}

function features({ model, el }) {
  const cache = new Map(); // layers of this network and photo that have come
  let [of, maps, kind] = ["", null, "relu"];
  let [at, pointed] = [model.get("at"), null]; // the unit's place that is kept, and the one under the pointer
  let [large, bar] = [null, null]; // channels, by their places in the message
  const looked = { over: null, focused: null };

  const network = featuresNetwork(pick);
  const photo = featuresPhoto({
    move: (place) => ((pointed = place), draw()),
    leave: () => ((pointed = null), draw()),
    keep,
    step,
  });
  const strip = featuresStrip({ look: (index) => ((bar = index), draw()), open });
  const grid = featuresMaps({ look: (index, how) => ((looked[how] = index), draw()), open });
  const { stage, relu, texts } = featuresPage({ network, photo, strip, maps: grid });
  const empty = made("div", "empty", {}, "The network has not looked yet.");
  el.append(stage, empty);

  const has = (name) => model.get("live") || cache.has(name);
  const partner = (name) => (name.startsWith("conv") ? "relu" : "conv") + name.slice(4);

  function pick(layer) {
    if (!layer.startsWith("pool")) kind = layer.slice(0, 4);
    tell(model, { layer });
  }

  function keep(place) {
    at = place;
    pointed = null;
    tell(model, { at });
    draw();
  }

  // Where the unit is: in its map, and what it sees
  function unit() {
    const [{ layer }, size, place] = [maps, model.get("size"), pointed ?? at];
    const row = featuresNearest(layer, layer.rows, place[0] * size[0]);
    const column = featuresNearest(layer, layer.columns, place[1] * size[1]);
    return { row, column, down: featuresSeen(layer, row, size[0]), across: featuresSeen(layer, column, size[1]) };
  }

  function step(down, across) {
    const [{ layer }, { row, column }, size] = [maps, unit(), model.get("size")];
    const middle = (next, units, pixels) =>
      between(0, (layer.start + layer.side / 2 + between(0, next, units - 1) * layer.jump) / pixels, 1);
    const place = [middle(row + down, layer.rows, size[0]), middle(column + across, layer.columns, size[1])];
    keep(place.map((share, axis) => ([down, across][axis] ? share : at[axis])));
  }

  function open(index) {
    large = index;
    grid.enlarge(index);
    draw();
  }
  stage.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || large === null) return;
    event.preventDefault();
    event.stopPropagation();
    open(null);
  });

  function draw() {
    if (!maps) return;
    const [{ layer }, size, { row, column, down, across }] = [maps, model.get("size"), unit()];
    const cell = row * layer.columns + column;
    const through = bar ?? looked.over ?? (pointed ? null : (looked.focused ?? large));
    photo.frame(size, down, across, through === null);
    photo.through(maps, through, size);
    strip.draw(maps, cell);
    grid.frame(row, column);
    const [sight, strongest] = [featuresSight(layer, down, across), featuresColumn(maps, cell)];
    texts.unit.textContent = `Row ${row}, column ${column} of each map. ${sight}`;
    const channel = bar === null ? "" : `Channel ${maps.channels[bar]}: ${featuresTold(maps.value(bar, cell))}. `;
    const named = channel + strongest;
    texts.channel.textContent = named;
    strip.view.setAttribute("aria-valuetext", named);
    photo.view.setAttribute("aria-valuemax", String(layer.rows * layer.columns - 1));
    photo.view.setAttribute("aria-valuenow", String(cell));
    photo.view.setAttribute("aria-valuetext", `row ${row}, column ${column}. ${sight} ${strongest}`);
  }

  // Shows the picked layer once it is there
  function arrive() {
    const name = model.get("layer");
    if (name && !name.startsWith("pool")) kind = name.slice(0, 4);
    stage.hidden = model.get("layers").length === 0;
    empty.hidden = !stage.hidden;
    if (stage.hidden) return;
    const whole = network.draw(model.get("layers"), name, kind, has);
    texts.bars.textContent =
      `${model.get("network")}, from the photo at the left. As high as a bar: the rows of its maps.` +
      (whole ? "" : " What is absent needs a kernel.");
    const single = name.startsWith("pool") || !has(partner(name));
    relu.setAttribute("aria-disabled", String(single));
    relu.setAttribute("aria-pressed", String(name.startsWith("conv")));
    if (cache.has(name)) show(cache.get(name));
    else if (has(name)) {
      stage.setAttribute("aria-busy", "true");
      if (model.get("asked") !== name) tell(model, { asked: name });
    }
  }

  function show(next) {
    stage.setAttribute("aria-busy", "false");
    if (next === maps) return;
    maps = next;
    const { layer, channels, signed } = maps;
    const [height, width] = model.get("size");
    [large, bar, looked.over, looked.focused] = [null, null, null, null];
    strip.forget();
    grid.show(maps, width / height);
    const count = Math.min(FEATURES_SHOWN, channels.length);
    grid.node.setAttribute("aria-label", `the ${count} strongest maps of ${layer.name}`);
    const greys = signed ? "Mid-grey is 0, darker is below it" : "Black is 0";
    texts.maps.textContent =
      `The ${count} strongest of ${layer.channels} maps, by their mean after the ReLU. ${greys}; framed, the unit ` +
      "and its number. Point at a map to see the photo through it; click to enlarge it.";
    const [sent, whole] = [channels.length, layer.channels];
    texts.column.textContent =
      (sent === whole ? `All ${whole}` : `The strongest ${sent} of ${whole}`) +
      " channels of this unit. Point at a bar to see the photo through its map; click to enlarge the map.";
    texts.photo.textContent =
      "Point at the photo, or use arrow keys: bright is what one unit sees; a click keeps it. " +
      `${model.get("network")} looks at ${width} × ${height} pixels, made so small that answers come at once.`;
    photo.view.setAttribute("aria-label", `${model.get("photo_name")}; arrow keys move the unit`);
    strip.view.setAttribute("aria-label", "channels of the unit");
    sayIn(texts.said, featuresSummary(maps, model.get("network")));
    draw();
  }

  relu.addEventListener("click", () => {
    if (relu.getAttribute("aria-disabled") !== "true") pick(partner(model.get("layer")));
  });
  const pictures = gallery();
  const end = follow(model, {
    photo: () => pictures.show(photo.picture, model.get("photo")),
    "photo_name network layers size maps live": () => {
      const now = `${model.get("network")}\n${model.get("photo_name")}`;
      if (now !== of) cache.clear();
      of = now;
      for (const [name, given] of Object.entries(model.get("maps"))) {
        const layer = model.get("layers").find((each) => each.name === name);
        if (layer && cache.get(name)?.given !== given) cache.set(name, featuresRead(layer, given));
      }
      arrive();
    },
    layer: arrive,
    at: () => {
      at = model.get("at");
      draw();
    },
  });
  const sized = new ResizeObserver(() => draw());
  sized.observe(strip.view);
  return () => {
    end();
    sized.disconnect();
    pictures.end();
  };
}
