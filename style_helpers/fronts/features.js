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

const featuresTold = (value) => digits(value, 2).replace("-", "−"); // a byte knows no more
const featuresShare = (share) => percent(share, 1);

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
  const [kind, name] = [made("span", "quiet"), made("span", "features-name")];
  const missing = made("span", "small features-missing", {}, _("absent"));
  const high = (FEATURES_TALLEST * (pair.pool ?? pair.conv).rows) / tallest;
  const block = made("span", "features-bar", { style: `height: ${Math.max(2, high)}px` });
  return { pair, kind, name, missing, button: radio("bare features-layer", block, kind, name, missing) };
}

function featuresNetwork(pick) {
  const node = radios("features-network", { "aria-label": _("layer") }, (place) => pick(bars[place].free.name));
  let [drawn, bars] = [null, []];

  function build(layers) {
    drawn = layers;
    const tallest = Math.max(...layers.map(({ rows }) => rows));
    bars = featuresPairs(layers).map((pair) => featuresBar(pair, tallest));
    node.replaceChildren(...bars.map((bar) => bar.button));
  }

  // kind: "conv" or "relu", which of two is meant; has: whether a layer can be had
  function draw(layers, picked, kind, has) {
    if (layers !== drawn) build(layers);
    for (const bar of bars) {
      const { pool, conv, relu } = bar.pair;
      const both = pool ? [pool] : kind === "conv" ? [conv, relu] : [relu, conv];
      bar.free = both.find((layer) => has(layer.name));
      const its = bar.free ?? both[0];
      const { name } = its;
      bar.kind.textContent = name.slice(0, 4);
      bar.name.textContent = name.slice(4);
      bar.missing.style.visibility = bar.free ? "hidden" : "visible";
      const words = bar.free
        ? _("{name}: {channels} maps of {rows} × {columns}", its)
        : _("{name}: {channels} maps of {rows} × {columns}; absent: it needs a kernel", its);
      write(bar.button, { "aria-label": words, title: words, "aria-disabled": !bar.free });
    }
    check(node, bars.findIndex(({ pair }) => Object.values(pair).some(({ name }) => name === picked)));
    const whole = bars.every((bar) => bar.free);
    for (const bar of bars) bar.missing.hidden = whole; // else all take its line, so that all stand on one ground
    return whole;
  }
  return { node, draw };
}

// The photo. `look` hears of the place under the pointer, [down, across] or null, and `keep` of one that is picked.

function featuresPhoto({ look, keep, step }) {
  const view = made("div", "view drag features-photo", { tabindex: "0", role: "slider", "aria-valuemin": "0" });
  const picture = made("img", "picture", { alt: "", draggable: "false" });
  const veil = made("canvas", "over pixels features-veil", { hidden: "" });
  const field = made("div", "mark features-field");
  let seen = {}; // on the veil
  view.append(picture, veil, field);

  onPoint(view, (spot) => look(spot && spot.toReversed()), (spot) => keep(spot.toReversed()));
  onArrows(view, (right, down) => step(down, right), (right, down) => step(5 * down, 5 * right));

  // top, bottom, left, right: of the field, in pixels
  function frame([height, width], [top, bottom], [left, right], dimmed) {
    const size = { width: (right - left) / width, height: (bottom - top) / height };
    lay(field, { left: left / width, top: top / height, ...size });
    field.classList.toggle("nst-features-alone", dimmed);
  }

  // The photo is as bright as a map: at each pixel, as the unit whose middle is nearest to it
  function through(maps, index, [height, width]) {
    veil.hidden = index === null;
    if (index === null || (seen.maps === maps && seen.index === index)) return;
    seen = { maps, index };
    const [map, { layer }] = [maps.map(index), maps];
    const hides = maps.signed ? FEATURES_SIGNED : FEATURES_VEIL;
    const columns = Array.from({ length: width }, (_, x) => featuresNearest(layer, layer.columns, x + 0.5));
    const rows = Array.from({ length: height }, (_, y) => featuresNearest(layer, layer.rows, y + 0.5));
    const byte = (place) => map[rows[Math.floor(place / width)] * layer.columns + columns[place % width]];
    fillCanvas(veil, width, height, (place) => hides[byte(place)] << 24);
  }
  return { view, picture, frame, through };
}

// A unit's number in each channel, as bars in as many lines as they need. `look` hears of a channel's place in the
// message, or null; `open` of one that is to be enlarged.

function featuresStrip({ look, open }) {
  const mark = made("rect", "features-mark");
  const [ground, bars] = [made("path", "features-ground"), made("path", "features-values")];
  const svg = made("svg", "features-svg", { preserveAspectRatio: "none", "aria-hidden": "true" }, mark, ground, bars);
  const view = made("div", "drag", { tabindex: "0", role: "slider", "aria-valuemin": "0" }, svg);
  let [maps, each, marked] = [null, 1, null]; // each: channels in a line; marked: which of all, in ascending order

  function go(place) {
    marked = between(0, place, maps.ascending.length - 1);
    look(maps.ascending[marked]);
  }
  const leave = () => {
    marked = null;
    look(null);
  };
  function under([x, y]) {
    const lines = Math.ceil(maps.ascending.length / each);
    go(between(0, Math.floor(y * lines), lines - 1) * each + between(0, Math.floor(x * each), each - 1));
  }
  const enlarge = () => marked !== null && open(maps.ascending[marked]);
  onPoint(view, (spot) => (spot ? under(spot) : document.activeElement !== view && leave()), (spot) => {
    under(spot);
    enlarge();
  });
  view.addEventListener("blur", leave);
  onSliderKeys(view, (steps) => go((marked ?? -1) + steps));
  onKeys(view, { Enter: enlarge });

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
    write(bars, { d: path.join("") });
    const long = (line) => Math.min(each, values.length - line * each);
    const grounds = Array.from({ length: lines }, (_, line) => `M0 ${base(line)}h${long(line)}`);
    write(ground, { d: grounds.join("") });
    write(svg, { viewBox: `0 0 ${each} ${FEATURES_LINE * lines}`, style: `height: ${FEATURES_LINE * lines}px` });
    mark.toggleAttribute("hidden", marked === null);
    const line = Math.floor((marked ?? 0) / each);
    write(mark, { x: (marked ?? 0) - line * each, y: line * FEATURES_LINE, width: 1, height: FEATURES_LINE });
    write(view, { "aria-valuemax": values.length - 1, "aria-valuenow": marked ?? 0 });
  }
  const forget = () => {
    marked = null;
  };
  return { view, draw, forget };
}

// The strongest maps, and a guest: whichever channel of the strip is enlarged

function featuresTile() {
  const canvas = made("canvas", "pixels features-map");
  const [channel, unit, frame] = [made("span", "heading"), made("span"), made("span", "mark features-unit")];
  const title = made("span", "between features-title", {}, channel, " ", unit);
  const pane = made("span", "features-pane", {}, canvas, frame);
  const button = made("button", "bare features-tile", { type: "button", hidden: "" }, title, pane);
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
    const map = maps.map(index);
    fillCanvas(tile.canvas, columns, rows, (cell) => grey(map[cell]));
    tile.index = index;
    tile.zeros = featuresShare(map.filter((byte) => byte <= maps.zero).length / map.length);
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
      write(tile.button, { "aria-pressed": index !== null && tile.index === index });
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
  onArrows(node, (right, down) => go(right + down * line()));
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
      const told = { channel: maps.channels[tile.index], value, share: tile.zeros };
      const words = maps.signed
        ? _("channel {channel}: {value} at the unit; {share} of it is not above 0", told)
        : _("channel {channel}: {value} at the unit; {share} of it is 0", told);
      write(tile.button, { "aria-label": words });
    }
  }
  return { node, show, frame, enlarge };
}

// Sentences

function featuresSummary(maps, network) {
  const share = featuresShare(maps.none);
  const why = {
    conv: () => _("{share} of its numbers are not above 0: its ReLU will make them 0.", { share }),
    relu: () => _("{share} of its numbers are 0: before the ReLU they were not above 0.", { share }),
    pool: () => _("{share} of its numbers are 0: it keeps the largest number of each small square.", { share }),
  }[maps.layer.name.slice(0, 4)]();
  const what = _("{name} of {network}: {channels} maps of {rows} × {columns}.", { network, ...maps.layer });
  return sentences(what, why);
}

function featuresSight({ side }, [top, bottom], [left, right]) {
  const [high, wide] = [bottom - top, right - left];
  if (wide === side && high === side) return _("It sees {side} × {side} pixels.", { side });
  return _("It sees {side} × {side} pixels, {high} × {wide} of them on the photo.", { side, high, wide });
}

function featuresColumn(maps, cell) {
  const values = maps.ascending.map((index) => [maps.value(index, cell), maps.channels[index]]);
  const above = values.filter(([value]) => value > 0);
  if (above.length === 0) return _("No channel is above 0 here.");
  const best = above.sort(([one], [other]) => other - one).slice(0, 3);
  const named = best.map(([value, channel]) => _("{channel} ({value})", { channel, value: featuresTold(value) }));
  const told = { channels: listed(...named), above: above.length, all: values.length };
  return _("Strongest: channel {channels}. {above} of {all} are above 0.", told);
}

// Where the unit is that looks at a place of the photo, [down, across]: in its map, and what it sees
function featuresUnit(layer, [high, wide], [down, across]) {
  const row = featuresNearest(layer, layer.rows, down * high);
  const column = featuresNearest(layer, layer.columns, across * wide);
  return { row, column, down: featuresSeen(layer, row, high), across: featuresSeen(layer, column, wide) };
}

function featuresPage(parts, relu) {
  const lines = ["photo", "unit", "channel", "column", "maps", "bars"];
  const quiet = (name) => (["unit", "channel"].includes(name) ? "" : "quiet");
  const texts = Object.fromEntries(lines.map((name) => [name, made("p", quiet(name))]));
  const said = voice("features-said");
  const ofPhoto = [parts.photo.view, texts.photo, texts.unit];
  const unit = made("div", "features-side", {}, ...ofPhoto, parts.strip.view, texts.channel, texts.column);
  const all = made("div", "features-side features-right", {}, texts.maps, parts.maps.node);
  const sides = made("div", "row features-sides", {}, unit, all);
  const stage = made("div", "", {}, parts.network.node, texts.bars, made("div", "bar", {}, relu, said.node), sides);
  write(parts.strip.view, { "aria-label": _("channels of the unit") });
  return { stage, texts, said };
}

// What is said of a layer, whatever the unit
function featuresExplained({ layer, channels, signed }, network, [high, wide]) {
  const size = { network, high, wide };
  const [shown, sent, whole] = [Math.min(FEATURES_SHOWN, channels.length), channels.length, layer.channels];
  return {
    maps: sentences(
      _("The {shown} strongest of {whole} maps, by their mean after the ReLU.", { shown, whole }),
      signed
        ? _("Mid-grey is 0, darker is below it; framed, the unit and its number.")
        : _("Black is 0; framed, the unit and its number."),
      _("Point at a map to see the photo through it; click to enlarge it."),
    ),
    column: sentences(
      sent === whole
        ? _("All {whole} channels of this unit.", { whole })
        : _("The strongest {sent} of {whole} channels of this unit.", { sent, whole }),
      _("Point at a bar to see the photo through its map; click to enlarge the map."),
    ),
    photo: sentences(
      _("Point at the photo, or use arrow keys: bright is what one unit sees; a click keeps it."),
      _("{network} looks at {high} × {wide} pixels, made so small that answers come at once.", size),
    ),
    label: _("the {shown} strongest maps of {layer}", { shown, layer: layer.name }),
  };
}

function features({ model, el }) {
  const cache = new Map(); // layers of this network and photo that have come
  let [of, maps, kind] = ["", null, "relu"];
  let [at, pointed] = [model.get("at"), null]; // the unit's place that is kept, and the one under the pointer
  let [large, bar] = [null, null]; // channels, by their places in the message
  const looked = { over: null, focused: null };

  const relu = button(_("before the ReLU"), () => pick(partner(model.get("layer"))));
  const network = featuresNetwork(pick);
  const photo = featuresPhoto({ look: (place) => ((pointed = place), draw()), keep, step });
  const strip = featuresStrip({ look: (index) => ((bar = index), draw()), open });
  const grid = featuresMaps({ look: (index, how) => ((looked[how] = index), draw()), open });
  const { stage, texts, said } = featuresPage({ network, photo, strip, maps: grid }, relu);
  const empty = made("div", "empty", {}, _("The network has not looked yet."));
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

  const unit = () => featuresUnit(maps.layer, model.get("size"), pointed ?? at);

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
    texts.unit.textContent = sentences(_("Row {row}, column {column} of each map.", { row, column }), sight);
    const told = bar === null ? null : { channel: maps.channels[bar], value: featuresTold(maps.value(bar, cell)) };
    const channel = sentences(told && _("Channel {channel}: {value}.", told), strongest);
    texts.channel.textContent = channel;
    write(strip.view, { "aria-valuetext": channel });
    write(photo.view, { "aria-valuemax": layer.rows * layer.columns - 1, "aria-valuenow": cell });
    const place = _("row {row}, column {column}.", { row, column });
    write(photo.view, { "aria-valuetext": sentences(place, sight, strongest) });
  }

  // Shows the picked layer once it is there
  function arrive() {
    const name = model.get("layer");
    if (name && !name.startsWith("pool")) kind = name.slice(0, 4);
    stage.hidden = model.get("layers").length === 0;
    empty.hidden = !stage.hidden;
    if (stage.hidden) return;
    const whole = network.draw(model.get("layers"), name, kind, has);
    const its = { network: model.get("network") };
    texts.bars.textContent = sentences(
      _("{network}, from the photo at the left. As high as a bar: the rows of its maps.", its),
      !whole && _("What is absent needs a kernel."),
    );
    const single = name.startsWith("pool") || !has(partner(name));
    write(relu, { "aria-disabled": single, "aria-pressed": name.startsWith("conv") });
    if (cache.has(name)) show(cache.get(name));
    else if (has(name)) {
      write(stage, { "aria-busy": true });
      if (model.get("asked") !== name) tell(model, { asked: name });
    }
  }

  function show(next) {
    write(stage, { "aria-busy": false });
    if (next === maps) return;
    maps = next;
    const [height, width] = model.get("size");
    [large, bar, looked.over, looked.focused] = [null, null, null, null];
    strip.forget();
    grid.show(maps, width / height);
    const { label, ...words } = featuresExplained(maps, model.get("network"), [height, width]);
    for (const [name, text] of Object.entries(words)) texts[name].textContent = text;
    write(grid.node, { "aria-label": label });
    write(photo.view, { "aria-label": _("{photo}; arrow keys move the unit", { photo: model.get("photo_name") }) });
    said.say(featuresSummary(maps, model.get("network")));
    draw();
  }

  const pictures = gallery();
  const end = follow(model, {
    photo: () => pictures.show(photo.picture, model.get("photo")),
    "photo_name network layers size maps live"() {
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
    at() {
      at = model.get("at");
      draw();
    },
  });
  const sized = new ResizeObserver(() => draw());
  sized.observe(strip.view);
  return ends(end, () => sized.disconnect(), pictures.end);
}
