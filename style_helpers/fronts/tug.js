// The tug of war: at each pixel of a picture the pull of the content and that of the style, at moments of a run.
//
// moment_0, moment_1, ...: {} or a moment, {evaluation, shape: [H, W], picture, content, style}, both gradients packed
// (see tugVectors) and before the style weight; weight: the one to look with; ran_with: the one of the run; at: which
// moment, -1 the last; field: what lies over the picture; spot: [x, y] of the place that is kept, in parts of it.
//
// A weight only scales the style's gradient, so everything follows from |c|^2, |s|^2 and <c, s>, which are kept.

const TUG_FIELDS = { picture: "picture", cosine: "angle", content: "content's pull", style: "style's pull" };
const TUG_COLOURS = { against: [230, 97, 1], across: [247, 247, 247], along: [94, 60, 153] };
const TUG_DIAL = { wide: 340, high: 222, x: 170, y: 164, hub: 28, rim: 148, decades: 4 };
const TUG_WEIGHTS = { low: -2, high: 3, step: 0.02, key: 0.1 }; // powers of ten
const TUG_LENS = 9; // pixels across

// planes of red, green, blue, and of the exponent of 2 that the three share, one int8 each
function tugVectors(given, many) {
  const { buffer, byteOffset, length } = bytesOf(given);
  const packed = new Int8Array(buffer, byteOffset, length);
  const [vectors, lengths] = [new Float32Array(3 * many), new Float32Array(many)];
  for (let pixel = 0; pixel < many; pixel++) {
    const scale = 2 ** packed[3 * many + pixel];
    let square = 0;
    for (let place = pixel; place < 3 * many; place += many) {
      vectors[place] = scale * packed[place];
      square += vectors[place] ** 2;
    }
    lengths[pixel] = Math.sqrt(square);
  }
  return { vectors, lengths, longest: lengths.slice().sort()[Math.round(0.99 * (many - 1))] };
}

function tugMoment(given) {
  const [high, wide] = given.shape;
  const many = high * wide;
  const [content, style] = [tugVectors(given.content, many), tugVectors(given.style, many)];
  const products = new Float32Array(many);
  const shares = { against: 0, along: 0 };
  for (let pixel = 0; pixel < many; pixel++) {
    for (let place = pixel; place < 3 * many; place += many) {
      products[pixel] += content.vectors[place] * style.vectors[place];
    }
    const half = 0.5 * content.lengths[pixel] * style.lengths[pixel];
    shares.against += (products[pixel] < -half) / many;
    shares.along += (products[pixel] > half) / many;
  }
  const moment = { evaluation: given.evaluation, high, wide, many, content, style, products, shares };
  return Object.assign(moment, { whole: tugSums(moment, 0, 0, wide, high), pairs: tugPairs(moment) });
}

// |c|^2, |s|^2 and <c, s> of a rectangle, its pixels together as one long arrow
function tugSums(moment, left, top, wide, high) {
  const sums = { contents: 0, styles: 0, products: 0 };
  for (let row = top; row < top + high; row++) {
    for (let pixel = row * moment.wide + left; pixel < row * moment.wide + left + wide; pixel++) {
      sums.contents += moment.content.lengths[pixel] ** 2;
      sums.styles += moment.style.lengths[pixel] ** 2;
      sums.products += moment.products[pixel];
    }
  }
  return sums;
}

// How long both pulls and their sum are, and the angle in degrees, which no weight changes
function tugForces({ contents, styles, products }, weight) {
  const sum = Math.sqrt(Math.max(0, contents + 2 * weight * products + weight ** 2 * styles));
  const cosine = contents && styles ? between(-1, products / Math.sqrt(contents * styles), 1) : null;
  const angle = cosine === null ? null : (180 / Math.PI) * Math.acos(cosine);
  return { content: Math.sqrt(contents), style: weight * Math.sqrt(styles), sum, cosine, angle };
}

// At which share of the pixels the style pulls harder
function tugHarder({ many, content, style }, weight) {
  let found = 0;
  for (let pixel = 0; pixel < many; pixel++) found += weight * style.lengths[pixel] > content.lengths[pixel];
  return found / many;
}

const tugNumber = (value) => (value && value < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(2))));
const tugLong = (value) => (value && value < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(3))));
const tugPercent = (share) => `${Math.round(100 * share)} %`;

function tugWho({ content, style }) {
  if (!content && !style) return "Nobody pulls";
  const [first, more, less] = style > content ? ["The style", style, content] : ["The content", content, style];
  if (!less) return `${first} pulls alone`;
  if (more < 1.05 * less) return "Both pull about equally hard";
  const times = more / less;
  return `${first} pulls ${times >= 10 ? Math.round(times).toLocaleString("en") : times.toFixed(1)} times as hard`;
}

function tugWay(cosine) {
  const which = cosine < 0 ? "against each other" : "the same way";
  if (Math.abs(cosine) >= 0.9) return which;
  return Math.abs(cosine) >= 0.3 ? `partly ${which}` : "about at a right angle";
}

// Towards which colour: minus a gradient, three numbers
function tugTowards(push) {
  const whole = Math.hypot(...push);
  if (!whole) return "no pull";
  const grey = (push[0] + push[1] + push[2]) / 3;
  const hue = push.map((each) => each - grey);
  const most = hue.reduce((best, each, place) => (Math.abs(each) > Math.abs(hue[best]) ? place : best), 0);
  const names = hue[most] > 0 ? ["redder", "greener", "bluer"] : ["more turquoise", "more purple", "yellower"];
  const part = Math.sin(Math.PI / 8); // less of it than this is not told
  const said = [];
  if (Math.sqrt(3) * Math.abs(grey) > part * whole) said.push(grey > 0 ? "brighter" : "darker");
  if (Math.hypot(...hue) > part * whole) said.push(names[most]);
  return said.join(" and ");
}

function tugSentences({ content, style, sum, cosine, angle }, harder, weight, ranWith) {
  const lengths = `the content's gradient is ${tugLong(content)} long, the style's ${tugLong(style)}`;
  const said = [
    `${tugWho({ content, style })} over the whole picture: ${lengths}, their sum ${tugLong(sum)}. ` +
      `The style pulls harder at ${tugPercent(harder)} of the pixels.`,
    cosine === null
      ? "One of the two is 0, so there is no angle: from the photograph, the content pulls only later."
      : `The angle between the two is ${Math.round(angle)} degrees (cosine ${cosine.toFixed(2)}): ` +
        `they pull ${tugWay(cosine)}.`,
  ];
  if (Math.abs(weight / ranWith - 1) > 1e-3)
    said.push(
      `The run was made with style weight ${tugLong(ranWith)}. Another weight changes how hard the style pulls here, ` +
        "not which way: the angle stays. Run again, and the picture follows.",
    );
  return said;
}

// The colours of a field, 256 from one end to the other, as a canvas takes them: alpha, blue, green, red
const tugColours = (colourAt) =>
  Uint32Array.from({ length: 256 }, (_, number) => {
    const [red, green, blue] = colourAt(number / 255).map(Math.round);
    return new DataView(Uint8Array.of(red, green, blue, 255).buffer).getUint32(0, true);
  });

const TUG_GREYS = tugColours((share) => [255 * share, 255 * share, 255 * share]);
const TUG_COSINES = tugColours((share) => {
  const end = share < 0.5 ? TUG_COLOURS.against : TUG_COLOURS.along;
  return TUG_COLOURS.across.map((from, place) => from + Math.abs(2 * share - 1) * (end[place] - from));
});

function tugPaint(canvas, moment, field, weight, white) {
  const page = new ImageData(moment.wide, moment.high);
  const [colours, pixels] = [field === "cosine" ? TUG_COSINES : TUG_GREYS, new Uint32Array(page.data.buffer)];
  const { content, style, products } = moment;
  const scale = (255 * (field === "style" ? weight : 1)) / white;
  for (let pixel = 0; pixel < moment.many; pixel++) {
    const whole = content.lengths[pixel] * style.lengths[pixel] || 1;
    const number = field === "cosine" ? 127.5 * (1 + products[pixel] / whole) : scale * moment[field].lengths[pixel];
    pixels[pixel] = colours[Math.max(0, Math.min(255, Math.round(number)))];
  }
  Object.assign(canvas, { width: moment.wide, height: moment.high });
  canvas.getContext("2d").putImageData(page, 0, 0);
}

// Little pairs of arms from a point: the content's to the right, the style's at the angle of its square's pixels
const tugPair = (x, y, arm, angle) => {
  const turned = (Math.PI / 180) * angle;
  return `M${x + arm} ${y}H${x}L${(x + arm * Math.cos(turned)).toFixed(2)} ${(y - arm * Math.sin(turned)).toFixed(2)}`;
};

function tugPairs(moment) {
  const step = Math.max(4, Math.round(Math.max(moment.wide, moment.high) / 16));
  let drawn = "";
  for (let top = (moment.high % step) >> 1; top + step <= moment.high; top += step) {
    for (let left = (moment.wide % step) >> 1; left + step <= moment.wide; left += step) {
      const { angle } = tugForces(tugSums(moment, left, top, step, step), 1);
      if (angle !== null) drawn += tugPair(left + step / 2, top + step / 2, 0.38 * step, angle);
    }
  }
  return drawn;
}

// A line twice, white around black, for pictures of any colour
const tugCased = (tag, names, more = {}) => [
  made(tag, `tug-casing ${names}`, more),
  made(tag, `tug-mark ${names}`, more),
];

const tugSet = (nodes, values) => {
  for (const node of nodes) for (const [name, value] of Object.entries(values)) node.setAttribute(name, value);
};

// The picture, what lies over it, the place looked at and the place kept
function tugView() {
  const view = made("div", "view tug-view", { tabindex: "0", role: "slider", "aria-valuemin": "0" });
  const field = made("canvas", "tug-field");
  const over = made("svg", "tug-over", { "aria-hidden": "true", preserveAspectRatio: "none" });
  const pairs = tugCased("path", "tug-pairs");
  const kept = tugCased("circle", "tug-kept");
  const looked = tugCased("circle", "tug-looked");
  over.append(...pairs, ...kept, ...looked);
  view.append(field, over);
  return {
    view,
    cover(moment, which, weight, white) {
      over.setAttribute("viewBox", `0 0 ${moment.wide} ${moment.high}`);
      tugSet(pairs, { d: which === "cosine" ? moment.pairs : "" });
      field.hidden = which === "picture";
      if (!field.hidden) tugPaint(field, moment, which, weight, white);
    },
    mark(moment, here, keptAt, other) {
      const around = (at) => ({ cx: at.column + 0.5, cy: at.row + 0.5 });
      const size = Math.max(moment.wide, moment.high) / 55;
      tugSet(looked, { ...around(here), r: size });
      tugSet(kept, { ...around(keptAt), r: 0.6 * size, visibility: other ? "visible" : "hidden" });
    },
  };
}

function tugPoint(angle, radius) {
  return { x: TUG_DIAL.x + radius * Math.cos(angle), y: TUG_DIAL.y - radius * Math.sin(angle) };
}

function tugArc(radius, from, to) {
  const [first, last] = [from, to].map((angle) => {
    const { x, y } = tugPoint(angle, radius);
    return `${x.toFixed(2)} ${y.toFixed(2)}`;
  });
  return `M${first}A${radius} ${radius} 0 0 0 ${last}`;
}

// An arrow of the dial from the rim of its hub, with its name at the tip
function tugArrow(name) {
  const [line, head] = [made("path", "tug-line"), made("path", "tug-head")];
  const label = made("text", "tug-tip", { "text-anchor": "middle" }, name);
  return {
    node: made("g", `tug-arrow tug-of-${name}`, {}, line, head, label),
    // angle: in radians; reach: of the way from the hub to the rim, 0 to 1; beyond: it would reach further
    point(angle, reach, beyond) {
      const end = TUG_DIAL.hub + reach * (TUG_DIAL.rim - TUG_DIAL.hub);
      const corner = (radius, aside) => {
        const at = tugPoint(angle, radius);
        return `${(at.x - aside * Math.sin(angle)).toFixed(2)} ${(at.y - aside * Math.cos(angle)).toFixed(2)}`;
      };
      const wide = name === "sum" ? 4.5 : 6.5;
      const long = Math.min(11, end - TUG_DIAL.hub);
      const tip = (to) => `M${corner(to - long, wide)}L${corner(to, 0)}L${corner(to - long, -wide)}Z`;
      line.setAttribute("d", reach ? `M${corner(TUG_DIAL.hub, 0)}L${corner(end - 0.8 * long, 0)}` : "");
      head.setAttribute("d", reach ? tip(end) + (beyond ? tip(end - long - 2) : "") : "");
      const side = name === "sum" ? -1 : 1;
      const at = tugPoint(angle, Math.max(end, TUG_DIAL.hub + 14) - 6);
      const x = at.x - side * 22 * Math.sin(angle) + (name === "style" && Math.cos(angle) > 0 ? 8 : 0);
      const below = name === "content" ? 31 : 0; // under the numbers of the rings
      const y = name === "content" ? TUG_DIAL.y + below : at.y - side * 16 * Math.cos(angle) + 4;
      tugSet([label], { x: between(20, x, TUG_DIAL.wide - 22).toFixed(1), y: Math.max(10, y).toFixed(1) });
      label.style.display = reach ? "" : "none";
    },
  };
}

// The magnifier: the pixels around the place, and the arrows that leave it. Its rings are powers of ten.
function tugDial() {
  const { wide, high, x, y, hub, rim, decades } = TUG_DIAL;
  const drawing = made("svg", "tug-drawing", { viewBox: `0 0 ${wide} ${high}`, role: "img" });
  const numbers = [];
  for (let ring = 0; ring <= decades; ring++) {
    const radius = hub + (ring / decades) * (rim - hub);
    drawing.append(made("path", "tug-ring", { d: tugArc(radius, 0, Math.PI) }));
    numbers.push(made("text", "tug-number", { x: x + radius, y: y + 15, "text-anchor": "middle" }));
  }
  drawing.append(made("path", "tug-ring", { d: `M${x - rim} ${y}H${x + rim}` }), ...numbers);
  const opening = made("path", "tug-opening");
  const angle = made("text", "tug-angle", { x, y: y + hub + 22, "text-anchor": "middle" });
  const arrows = { content: tugArrow("content"), style: tugArrow("style"), sum: tugArrow("sum") };
  drawing.append(opening, angle, ...Object.values(arrows).map((each) => each.node));
  const lens = made("canvas", "tug-lens", { width: TUG_LENS, height: TUG_LENS, "aria-hidden": "true" });
  const percent = (part, whole) => `${(100 * part) / whole}%`;
  const [left, top] = [percent(x - hub, wide), percent(y - hub, high)];
  Object.assign(lens.style, { left, top, width: percent(2 * hub, wide) });
  return {
    node: made("div", "tug-dial", {}, drawing, lens),
    // low: the power of ten at the hub
    scale(low) {
      numbers.forEach((each, ring) => sayIn(each, ring % 2 || !ring ? "" : `1e${low + ring}`));
    },
    turn(forces, low, words) {
      const reach = (length) => (length ? between(0, (Math.log10(length) - low) / decades, 1) : 0);
      const beyond = (length) => length > 10 ** (low + decades);
      const turned = forces.content ? (Math.PI / 180) * (forces.angle ?? 0) : Math.PI / 2;
      const [along, up] = [forces.content + forces.style * Math.cos(turned), forces.style * Math.sin(turned)];
      const angles = { content: 0, style: turned, sum: Math.atan2(Math.max(0, up), along) };
      for (const [name, arrow] of Object.entries(arrows)) {
        arrow.point(angles[name], reach(forces[name]), beyond(forces[name]));
      }
      opening.setAttribute("d", forces.angle === null ? "" : tugArc(hub + 9, 0, turned));
      sayIn(angle, forces.angle === null ? "no angle" : `${Math.round(forces.angle)}°`);
      drawing.setAttribute("aria-label", words);
    },
    magnify(picture, { row, column }) {
      const page = lens.getContext("2d");
      const half = (TUG_LENS - 1) / 2;
      page.clearRect(0, 0, TUG_LENS, TUG_LENS);
      if (!picture.complete || !picture.naturalWidth) return;
      page.drawImage(picture, column - half, row - half, TUG_LENS, TUG_LENS, 0, 0, TUG_LENS, TUG_LENS);
    },
  };
}

// How long each arrow is and towards which colour it pulls
function tugTable() {
  const rows = Object.fromEntries(
    ["content", "style", "sum"].map((name) => {
      const line = made("svg", `tug-key tug-of-${name}`, { viewBox: "0 0 30 14", "aria-hidden": "true" });
      line.append(made("path", "tug-line", { d: "M1 7H20" }), made("path", "tug-head", { d: "M18 1.5L29 7L18 12.5Z" }));
      const [length, words] = [made("td", "tug-length"), made("td", "")];
      const swatch = made("span", "tug-swatch", { "aria-hidden": "true" });
      const row = made("tr", "", {}, made("td", "", {}, line), made("th", "", { scope: "row" }, name), length);
      row.append(made("td", "", {}, swatch), words);
      return [name, { row, length, words, swatch }];
    }),
  );
  const titles = made("tr", "quiet", {}, made("td", ""), made("td", ""), made("th", "", { scope: "col" }, "length"));
  titles.append(made("th", "", { scope: "col", colspan: 2 }, "pulls the pixel to be"));
  const node = made("table", "tug-table", { "aria-label": "both pulls at this place, and their sum" }, titles);
  node.append(...Object.values(rows).map(({ row }) => row));
  return {
    node,
    fill(name, length, push) {
      const largest = Math.max(...push.map(Math.abs)) || 1;
      sayIn(rows[name].length, tugNumber(length));
      sayIn(rows[name].words, tugTowards(push));
      const colour = push.map((each) => Math.round(127.5 * (1 + each / largest))); // mid-grey is no pull
      rows[name].swatch.style.background = `rgb(${colour.join(" ")})`;
    },
  };
}

// A name, what is set, and a native slider over its marks: [[share of the way, text], ...]
function tugTrack(name, range) {
  const input = made("input", "tug-range", { type: "range", "aria-label": name, ...range });
  const value = made("span", "tug-value");
  const marks = made("div", "tug-marks", { "aria-hidden": "true" });
  const head = made("div", "tug-head-line", { "aria-hidden": "true" }, made("span", "", {}, name), value);
  return {
    node: made("div", "tug-track", {}, head, made("div", "tug-rail", {}, input, marks)),
    input,
    value,
    mark(given) {
      marks.replaceChildren(
        ...given.map(([share, text, names = "tug-tick"]) => {
          const node = made("span", names, {}, text);
          node.style.left = `calc(11px + ${share} * (100% - 22px))`; // where half the thumb lies on it
          return node;
        }),
      );
    },
  };
}

// What the colours of each field mean
function tugLegend() {
  const signs = [tugPair(15, 9, 10, 180), tugPair(15, 14, 10, 90), tugPair(10, 9, 10, 0)];
  const chips = Object.entries(TUG_COLOURS).map(([name, colour], place) => {
    const drawn = made("svg", "tug-chip", { viewBox: "0 0 30 18", "aria-hidden": "true" });
    const pair = tugCased("path", "tug-pairs", { d: signs[place] });
    drawn.append(made("rect", "", { width: 30, height: 18, fill: `rgb(${colour.join(" ")})` }), ...pair);
    const text = made("span", "");
    return { node: made("span", "tug-chip-line", {}, drawn, text), text, name };
  });
  const caption = made("span", "", {}, "Point anywhere in the picture; click to keep a place.");
  const end = made("span", "");
  const ramp = made("span", "tug-chip-line", {}, "0", made("span", "tug-ramp", { "aria-hidden": "true" }), end);
  const node = made("div", "tug-legend quiet", {}, caption, ...chips.map((chip) => chip.node), ramp);
  return {
    node,
    // white: the length that is white. Returns the same in words
    tell(field, shares, white) {
      const lengths = field === "content" || field === "style";
      caption.hidden = field !== "picture";
      ramp.hidden = !lengths;
      for (const { node: chip, text, name } of chips) {
        chip.hidden = field !== "cosine";
        sayIn(text, name in shares ? `${name} ${tugPercent(shares[name])}` : name);
      }
      sayIn(end, `${tugNumber(white)} and more`);
      if (lengths) return `${TUG_FIELDS[field]}: black is 0, white ${tugNumber(white)} and more`;
      if (field === "picture") return "picture";
      return `angle: against at ${tugPercent(shares.against)} of the pixels, along at ${tugPercent(shares.along)}`;
    },
  };
}

// Which field, as radio buttons: the arrow keys choose
function tugFields(choose) {
  const names = Object.keys(TUG_FIELDS);
  const look = ["button", "button tug-choice", { type: "button", role: "radio" }];
  const buttons = names.map((name) => made(...look, TUG_FIELDS[name]));
  const group = made("div", "tug-fields", { role: "radiogroup", "aria-label": "what is shown" }, ...buttons);
  const go = (step) => () => {
    const next = (buttons.findIndex((each) => each.tabIndex === 0) + step + names.length) % names.length;
    buttons[next].focus();
    choose(names[next]);
  };
  buttons.forEach((button, place) => button.addEventListener("click", () => choose(names[place])));
  onKeys(group, { ArrowRight: go(1), ArrowDown: go(1), ArrowLeft: go(-1), ArrowUp: go(-1) });
  return {
    node: group,
    check(name) {
      buttons.forEach((button, place) => {
        button.setAttribute("aria-checked", String(names[place] === name));
        button.tabIndex = names[place] === name ? 0 : -1;
      });
    },
  };
}

// The moments of the model, each made ready once; pictures lie over each other in the view
function tugMoments(model, view, loaded) {
  const pictures = gallery();
  const slots = [];
  let there = [];
  for (let slot = 0; model.get(`moment_${slot}`) !== undefined; slot++) {
    const picture = made("img", "picture tug-picture", { alt: "", draggable: "false" });
    slots.push({ name: `moment_${slot}`, given: null, moment: null, picture });
    picture.addEventListener("load", loaded);
    view.prepend(picture);
  }
  return {
    names: slots.map(({ name }) => name).join(" "),
    list: () => there,
    read() {
      for (const slot of slots) {
        const given = model.get(slot.name);
        if (given === slot.given) continue;
        slot.given = given;
        slot.moment = isThere(given.content) ? tugMoment(given) : null;
        pictures.show(slot.picture, given.picture);
      }
      there = slots.filter(({ moment }) => moment);
    },
    show: (shown) => slots.forEach(({ picture }) => (picture.hidden = picture !== shown)),
    end: pictures.end,
  };
}

function tug({ model, el }) {
  const { view, cover, mark } = tugView();
  const [dial, table, legend] = [tugDial(), tugTable(), tugLegend()];
  const fields = tugFields((name) => lay(name));
  const moments = tugMoments(model, view, () => look());
  const { low, high, step } = TUG_WEIGHTS;
  const weights = tugTrack("style weight", { min: low, max: high, step });
  const times = tugTrack("moment of the run", { min: 0, step: 1 });
  const words = Array.from({ length: 3 }, () => made("p", "tug-words"));
  const heard = made("div", "heard", { role: "status" });
  const note =
    "The scale is logarithmic: at each ring an arrow is ten times as long. The content's always lies to the right.";
  const left = made("div", "tug-left", {}, fields.node, view, legend.node, times.node);
  const right = made("div", "tug-right", {}, dial.node, made("div", "quiet tug-note", {}, note), weights.node);
  right.append(table.node, ...words);
  const stage = made("div", "tug", {}, made("div", "row tug-row", {}, left, right), heard);
  const empty = made("div", "empty", {}, "Nothing pulls yet: press Run, and moments of the run come here.");
  el.append(stage, empty);

  // low: the power of ten at the hub; hovered: the place under the pointer; begun: the one kept before the finger came
  const state = { weight: 1, at: -1, field: "picture", low: 0, kept: [0.5, 0.5] };
  Object.assign(state, { hovered: null, finger: null, begun: null });
  const there = () => moments.list().length > 0;
  const index = () => (state.at < 0 ? moments.list().length - 1 : Math.min(state.at, moments.list().length - 1));
  const now = () => moments.list()[index()];
  const place = ([x, y]) => {
    const { wide, high: rows } = now().moment;
    return { column: between(0, Math.floor(x * wide), wide - 1), row: between(0, Math.floor(y * rows), rows - 1) };
  };

  // The place: the dial and the table
  function look() {
    if (!there()) return;
    const { moment, picture } = now();
    const here = place(state.hovered ?? state.kept);
    const { row, column } = here;
    const pixel = row * moment.wide + column;
    const forces = tugForces(tugSums(moment, column, row, 1, 1), state.weight);
    const push = (kind) => [0, 1, 2].map((plane) => -moment[kind].vectors[plane * moment.many + pixel]);
    const pushes = { content: push("content"), style: push("style").map((each) => state.weight * each) };
    pushes.sum = pushes.content.map((each, plane) => each + pushes.style[plane]);
    for (const [name, each] of Object.entries(pushes)) table.fill(name, forces[name], each);
    const said = (name) => `${name} ${tugNumber(forces[name])} (${tugTowards(pushes[name])})`;
    const apart = forces.angle === null ? "no angle" : `${Math.round(forces.angle)} degrees apart`;
    const all = `row ${row + 1}, column ${column + 1}: ${said("content")}, ${said("style")}, ${apart}; ${said("sum")}`;
    dial.turn(forces, state.low, all);
    dial.magnify(picture, here);
    mark(moment, here, place(state.kept), state.hovered !== null);
    tugSet([view], { "aria-valuenow": pixel, "aria-valuetext": all });
  }

  // The length that 99 of 100 pixels of a moment keep to, at the weight of the run
  const whitest = ({ content, style }) => Math.max(content.longest, model.get("ran_with") * style.longest);

  // The moments changed: the scale of the dial, so that 99 of 100 pixels of each lie within the rim, and both tracks
  function restock() {
    moments.read();
    if (!there()) return;
    const longest = Math.max(...moments.list().map(({ moment }) => whitest(moment)));
    state.low = Math.ceil(Math.log10(longest || 1)) - TUG_DIAL.decades;
    dial.scale(state.low);
    const share = (power) => between(0, (power - low) / (high - low), 1);
    const powers = Array.from({ length: high - low + 1 }, (_, number) => low + number);
    const named = powers.map((power) => [share(power), String(Number((10 ** power).toPrecision(1)))]);
    weights.mark([...named, [share(Math.log10(model.get("ran_with"))), "", "tug-own"]]);
    const all = moments.list().map(({ moment }) => moment.evaluation);
    const last = all.length - 1;
    const told = (number) => (last - number) % Math.ceil(all.length / 9) === 0; // more would not fit a narrow page
    times.input.max = Math.max(1, last);
    times.mark(all.map((each, number) => [number / Math.max(1, last), told(number) ? String(each) : ""]));
  }

  function draw() {
    stage.hidden = !there();
    empty.hidden = there();
    fields.check(state.field);
    if (!there()) return;
    const { moment, picture } = now();
    const ranWith = model.get("ran_with");
    const white = whitest(moment) || 1;
    const whole = tugForces(moment.whole, state.weight);
    moments.show(picture);
    view.style.aspectRatio = `${moment.wide} / ${moment.high}`;
    view.style.maxWidth = `${Math.round((460 * moment.wide) / moment.high)}px`;
    const label = `place in the picture at evaluation ${moment.evaluation}`;
    tugSet([view], { "aria-valuemax": moment.many - 1, "aria-label": label });
    cover(moment, state.field, state.weight, white);
    state.told = legend.tell(state.field, moment.shares, white);
    const sentences = tugSentences(whole, tugHarder(moment, state.weight), state.weight, ranWith);
    words.forEach((each, number) => sayIn(each, sentences[number] ?? ""));
    const angle = whole.angle === null ? "no angle" : `an angle of ${Math.round(whole.angle)} degrees`;
    const observed = `${tugWho(whole)}, ${angle}`;
    set(weights, Math.log10(state.weight), tugLong(state.weight), observed);
    set(times, index(), `evaluation ${moment.evaluation}`, observed);
    look();
  }

  function set(track, value, shown, observed) {
    track.input.value = value;
    sayIn(track.value, shown);
    tugSet([track.input], { "aria-valuetext": `${shown}: ${observed}` });
  }

  function lay(field) {
    state.field = field;
    draw();
    sayIn(heard, state.told ?? "");
    tell(model, { field });
  }

  // power: of ten; the run's own weight is met exactly
  function weigh(power, keep) {
    const own = Math.log10(model.get("ran_with"));
    const near = Math.abs(power - own) < 0.025 ? own : between(low, power, high);
    state.weight = Number((10 ** near).toPrecision(near === own ? 12 : 3));
    draw();
    if (keep) tell(model, { weight: state.weight });
  }

  // The last is -1: the moments that are still to come follow
  function go(number, keep) {
    const last = moments.list().length - 1;
    state.at = number >= last ? -1 : Math.max(0, number);
    draw();
    if (keep) tell(model, { at: state.at });
  }

  weights.input.addEventListener("input", () => weigh(Number(weights.input.value), false));
  weights.input.addEventListener("change", () => tell(model, { weight: state.weight }));
  times.input.addEventListener("input", () => go(Number(times.input.value), false));
  times.input.addEventListener("change", () => tell(model, { at: state.at }));
  const turn = (by) => () => weigh(Math.log10(state.weight) + by, true);
  const walk = (by) => () => go(index() + by, true);
  const both = (act, little, much) => ({
    ArrowRight: act(little), ArrowUp: act(little), ArrowLeft: act(-little), ArrowDown: act(-little),
    PageUp: act(much), PageDown: act(-much), End: act(99), Home: act(-99),
  });
  onKeys(weights.input, both(turn, TUG_WEIGHTS.key, 1));
  onKeys(times.input, both(walk, 1, 3));

  function keep(spot, told = true) {
    Object.assign(state, { kept: [between(0, spot[0], 1), between(0, spot[1], 1)], hovered: null });
    look();
    if (told) tell(model, { spot: state.kept });
  }
  const spotOf = (event) => {
    const { x, y } = placeIn(view, event);
    return [between(0, x, 1), between(0, y, 1)];
  };
  view.addEventListener("pointerdown", (event) => {
    if (event.button > 0 || state.finger !== null) return;
    Object.assign(state, { finger: event.pointerId, begun: state.kept });
    view.setPointerCapture(event.pointerId);
    if (event.pointerType !== "touch") keep(spotOf(event), false); // a finger may be about to scroll
  });
  view.addEventListener("pointermove", (event) => {
    if (state.finger === event.pointerId) keep(spotOf(event), false);
    else if (state.finger === null && event.pointerType !== "touch") {
      state.hovered = spotOf(event);
      look();
    }
  });
  const released = (event) => {
    if (state.finger !== event.pointerId) return;
    state.finger = null;
    if (event.type === "pointercancel") keep(state.begun, false); // the page scrolled
    else keep(spotOf(event));
  };
  view.addEventListener("pointerup", released);
  view.addEventListener("pointercancel", released);
  view.addEventListener("pointerleave", () => {
    state.hovered = null;
    look();
  });
  const move = (columns, rows) => () => {
    const { column, row } = place(state.kept);
    const { wide, high: all } = now().moment;
    keep([(between(0, column + columns, wide - 1) + 0.5) / wide, (between(0, row + rows, all - 1) + 0.5) / all]);
  };
  onKeys(view, {
    ArrowLeft: move(-1, 0), ArrowRight: move(1, 0), ArrowUp: move(0, -1), ArrowDown: move(0, 1),
    "Shift+ArrowLeft": move(-10, 0), "Shift+ArrowRight": move(10, 0),
    "Shift+ArrowUp": move(0, -10), "Shift+ArrowDown": move(0, 10),
    Home: move(-1e6, 0), End: move(1e6, 0), PageUp: move(0, -10), PageDown: move(0, 10),
  });

  const from = (name) => () => {
    state[name] = model.get(name);
    draw();
  };
  const end = follow(model, {
    [`${moments.names} ran_with`]: () => {
      restock();
      draw();
    },
    weight: from("weight"),
    at: from("at"),
    field: from("field"),
    spot() {
      state.kept = model.get("spot");
      look();
    },
  });
  return () => {
    end();
    moments.end();
  };
}
