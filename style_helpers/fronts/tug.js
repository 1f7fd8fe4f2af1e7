// The tug of war: at each pixel of a picture the pull of the content and that of the style, at moments of a run.
//
// moment_0, moment_1, ...: {} or a moment, {evaluation, shape: [H, W], picture, content, style}, both gradients packed
// (see tugVectors) and before the style weight; weight: the one to look with; ran_with: the one of the run; at: which
// moment, -1 the last; field: what lies over the picture; spot: [x, y] of the place that is kept, in parts of it.
//
// A weight only scales the style's gradient, so everything follows from |c|^2, |s|^2 and <c, s>, which are kept.

const TUG_COLOURS = { against: [230, 97, 1], across: [247, 247, 247], along: [94, 60, 153] };
const TUG_DIAL = { wide: 340, high: 222, x: 170, y: 164, hub: 28, rim: 148, decades: 4 };
const TUG_WEIGHTS = { low: 0.01, high: 1000, log: true, key: 0.02 };
const TUG_STEP = 0.02; // of a weight's power of ten
const TUG_LENS = 9; // pixels across

const tugFields = () => ({
  picture: _("picture"),
  cosine: _("angle"),
  content: _("content's pull"),
  style: _("style's pull"),
});
const tugNames = () => ({ content: _("content"), style: _("style"), sum: _("sum") });

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

const tugNumber = (value, many = 2) => (value && value < 1e-3 ? value.toExponential(many - 1) : digits(value, many));
const tugLong = (value) => tugNumber(value, 3);

function tugWho({ content, style }) {
  if (!content && !style) return _("Nobody pulls");
  const byStyle = style > content;
  const [more, less] = byStyle ? [style, content] : [content, style];
  if (!less) return byStyle ? _("The style pulls alone") : _("The content pulls alone");
  if (more < 1.05 * less) return _("Both pull about equally hard");
  const ratio = more / less;
  const times = ratio >= 10 ? Math.round(ratio).toLocaleString("en") : ratio.toFixed(1);
  return byStyle
    ? _("The style pulls {times} times as hard", { times })
    : _("The content pulls {times} times as hard", { times });
}

function tugWay(cosine) {
  if (Math.abs(cosine) < 0.3) return _("about at a right angle");
  if (Math.abs(cosine) < 0.9) return cosine < 0 ? _("partly against each other") : _("partly the same way");
  return cosine < 0 ? _("against each other") : _("the same way");
}

const tugAngle = (angle) => (angle === null ? _("no angle") : `${Math.round(angle)}°`);

// Towards which colour: minus a gradient, three numbers
function tugTowards(push) {
  const whole = Math.hypot(...push);
  if (!whole) return _("no pull");
  const grey = (push[0] + push[1] + push[2]) / 3;
  const hue = push.map((each) => each - grey);
  const most = hue.reduce((best, each, place) => (Math.abs(each) > Math.abs(hue[best]) ? place : best), 0);
  const up = [_("redder"), _("greener"), _("bluer")];
  const names = hue[most] > 0 ? up : [_("more turquoise"), _("more purple"), _("yellower")];
  const part = Math.sin(Math.PI / 8); // less of it than this is not told
  const said = [];
  if (Math.sqrt(3) * Math.abs(grey) > part * whole) said.push(grey > 0 ? _("brighter") : _("darker"));
  if (Math.hypot(...hue) > part * whole) said.push(names[most]);
  return said.length > 1 ? _("{one} and {other}", { one: said[0], other: said[1] }) : said.join("");
}

function tugSentences({ content, style, sum, cosine, angle }, harder) {
  const lengths = { content: tugLong(content), style: tugLong(style), sum: tugLong(sum) };
  const hard = sentences(
    _(
      "{who} over the whole picture: the content's gradient is {content} long, the style's {style}, their sum {sum}.",
      { who: tugWho({ content, style }), ...lengths },
    ),
    _("The style pulls harder at {share} of the pixels.", { share: percent(harder) }),
  );
  if (cosine === null) {
    return [hard, _("One of the two is 0, so there is no angle: from the photograph, the content pulls only later.")];
  }
  const told = { angle: Math.round(angle), cosine: cosine.toFixed(2), way: tugWay(cosine) };
  return [hard, _("The angle between the two is {angle} degrees (cosine {cosine}): they pull {way}.", told)];
}

// What another weight than the run's own means
function tugOther(weight, ranWith) {
  if (Math.abs(weight / ranWith - 1) <= 1e-3) return "";
  return sentences(
    _("The run was made with style weight {weight}.", { weight: tugLong(ranWith) }),
    _(
      "Another weight changes how hard the style pulls here, not which way: the angle stays. Run again, and the " +
        "picture follows.",
    ),
  );
}

function tugColour(cosine) {
  const end = cosine < 0 ? TUG_COLOURS.against : TUG_COLOURS.along;
  const mixed = TUG_COLOURS.across.map((from, place) => from + Math.abs(cosine) * (end[place] - from));
  const [red, green, blue] = mixed.map(Math.round);
  return 0xff000000 | (blue << 16) | (green << 8) | red;
}

function tugPaint(canvas, moment, field, weight, white) {
  const { wide, high, content, style, products } = moment;
  const scale = (255 * (field === "style" ? weight : 1)) / white;
  const cosine = (pixel) => products[pixel] / (content.lengths[pixel] * style.lengths[pixel] || 1);
  const greyAt = (pixel) => grey(Math.min(255, scale * moment[field].lengths[pixel]));
  fillCanvas(canvas, wide, high, field === "cosine" ? (pixel) => tugColour(between(-1, cosine(pixel), 1)) : greyAt);
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

const tugSet = (nodes, values) => nodes.forEach((node) => write(node, values));

// The picture, what lies over it, the place looked at and the place kept
function tugView() {
  const view = made("div", "view drag tug-view", { tabindex: "0", role: "slider", "aria-valuemin": "0" });
  const field = made("canvas", "over pixels tug-field");
  const over = made("svg", "over", { "aria-hidden": "true", preserveAspectRatio: "none" });
  const pairs = tugCased("path", "tug-pairs");
  const kept = tugCased("circle", "tug-kept");
  const looked = tugCased("circle", "tug-looked");
  over.append(...pairs, ...kept, ...looked);
  view.append(field, over);
  return {
    view,
    cover(moment, which, weight, white) {
      write(over, { viewBox: `0 0 ${moment.wide} ${moment.high}` });
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
  const label = made("text", "tug-tip", { "text-anchor": "middle" }, tugNames()[name]);
  return {
    node: made("g", `tug-arrow tug-of-${name}`, {}, line, head, label),
    // angle: in radians; reach: of the way from the hub to the rim, 0 to 1; beyond: it would reach further
    point(angle, reach, beyond) {
      const end = TUG_DIAL.hub + reach * (TUG_DIAL.rim - TUG_DIAL.hub);
      const corner = (radius, aside) => {
        const at = tugPoint(angle, radius);
        return `${(at.x - aside * Math.sin(angle)).toFixed(2)} ${(at.y - aside * Math.cos(angle)).toFixed(2)}`;
      };
      const [wide, long] = [name === "sum" ? 4.5 : 6.5, Math.min(11, end - TUG_DIAL.hub)];
      const tip = (to) => `M${corner(to - long, wide)}L${corner(to, 0)}L${corner(to - long, -wide)}Z`;
      write(line, { d: reach ? `M${corner(TUG_DIAL.hub, 0)}L${corner(end - 0.8 * long, 0)}` : "" });
      write(head, { d: reach ? tip(end) + (beyond ? tip(end - long - 2) : "") : "" });
      const side = name === "sum" ? -1 : 1;
      const at = tugPoint(angle, Math.max(end, TUG_DIAL.hub + 14) - 6);
      const x = at.x - side * 22 * Math.sin(angle) + (name === "style" && Math.cos(angle) > 0 ? 8 : 0);
      const below = name === "content" ? 31 : 0; // under the numbers of the rings
      const y = name === "content" ? TUG_DIAL.y + below : at.y - side * 16 * Math.cos(angle) + 4;
      write(label, { x: between(20, x, TUG_DIAL.wide - 22).toFixed(1), y: Math.max(10, y).toFixed(1) });
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
  const lens = made("canvas", "pixels tug-lens", { width: TUG_LENS, height: TUG_LENS, "aria-hidden": "true" });
  lay(lens, { left: (x - hub) / wide, top: (y - hub) / high, width: (2 * hub) / wide });
  return {
    node: made("div", "tug-dial", {}, drawing, lens),
    // low: the power of ten at the hub
    scale(low) {
      numbers.forEach((each, ring) => (each.textContent = ring % 2 || !ring ? "" : `1e${low + ring}`));
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
      write(opening, { d: forces.angle === null ? "" : tugArc(hub + 9, 0, turned) });
      angle.textContent = tugAngle(forces.angle);
      write(drawing, { "aria-label": words });
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
  const row = (name) => {
    const line = made("svg", `tug-key tug-of-${name}`, { viewBox: "0 0 30 14", "aria-hidden": "true" });
    line.append(made("path", "tug-line", { d: "M1 7H20" }), made("path", "tug-head", { d: "M18 1.5L29 7L18 12.5Z" }));
    const [length, words] = [made("td", "tug-length"), made("td", "")];
    const swatch = made("span", "tug-swatch", { "aria-hidden": "true" });
    const of = made("th", "", { scope: "row" }, tugNames()[name]);
    const node = made("tr", "", {}, made("td", "", {}, line), of, length, made("td", "", {}, swatch), words);
    return { node, length, words, swatch };
  };
  const rows = { content: row("content"), style: row("style"), sum: row("sum") };
  const title = (words, more) => made("th", "", { scope: "col", ...more }, words);
  const titles = [made("td"), made("td"), title(_("length")), title(_("pulls the pixel to be"), { colspan: 2 })];
  const all = [made("tr", "quiet", {}, ...titles), ...Object.values(rows).map(({ node }) => node)];
  return {
    node: made("table", "tug-table", { "aria-label": _("both pulls at this place, and their sum") }, ...all),
    fill(name, length, push) {
      const largest = Math.max(...push.map(Math.abs)) || 1;
      rows[name].length.textContent = tugNumber(length);
      rows[name].words.textContent = tugTowards(push);
      const colour = push.map((each) => Math.round(127.5 * (1 + each / largest))); // mid-grey is no pull
      rows[name].swatch.style.background = `rgb(${colour.join(" ")})`;
    },
  };
}

// What the colours of each field mean
function tugLegend() {
  const names = { against: _("against"), across: _("across"), along: _("along") };
  const signs = [tugPair(15, 9, 10, 180), tugPair(15, 14, 10, 90), tugPair(10, 9, 10, 0)];
  const chips = Object.entries(TUG_COLOURS).map(([name, colour], place) => {
    const drawn = made("svg", "tug-chip", { viewBox: "0 0 30 18", "aria-hidden": "true" });
    const pair = tugCased("path", "tug-pairs", { d: signs[place] });
    drawn.append(made("rect", "", { width: 30, height: 18, fill: `rgb(${colour.join(" ")})` }), ...pair);
    const text = made("span", "");
    return { node: made("span", "tug-chip-line", {}, drawn, text), text, name };
  });
  const caption = made("span", "", {}, _("Point anywhere in the picture; click to keep a place."));
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
        text.textContent = name in shares ? `${names[name]} ${percent(shares[name])}` : names[name];
      }
      const told = { field: tugFields()[field], number: tugNumber(white) };
      end.textContent = _("{number} and more", told);
      if (lengths) return _("{field}: black is 0, white {number} and more", told);
      if (field === "picture") return told.field;
      const [against, along] = [percent(shares.against), percent(shares.along)];
      return _("angle: against at {against} of the pixels, along at {along}", { against, along });
    },
  };
}

// The moments of the model, each made ready once; pictures lie over each other in the view
function tugMoments(model, view, loaded) {
  const pictures = gallery();
  const slots = [];
  let there = [];
  for (let slot = 0; model.get(`moment_${slot}`) !== undefined; slot++) {
    const picture = made("img", "over pixels", { alt: "", draggable: "false" });
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

// One pixel: its arrows, and in a table how long each is and towards which colour it pulls
function tugReading() {
  const [dial, table] = [tugDial(), tugTable()];
  let low = 0; // the power of ten at the hub
  return {
    nodes: [dial.node, table.node],
    scale(power) {
      low = power;
      dial.scale(power);
    },
    // Returns the same in words
    show({ moment, picture }, { row, column }, weight) {
      const pixel = row * moment.wide + column;
      const forces = tugForces(tugSums(moment, column, row, 1, 1), weight);
      const push = (kind) => [0, 1, 2].map((plane) => -moment[kind].vectors[plane * moment.many + pixel]);
      const pushes = { content: push("content"), style: push("style").map((each) => weight * each) };
      pushes.sum = pushes.content.map((each, plane) => each + pushes.style[plane]);
      for (const [name, each] of Object.entries(pushes)) table.fill(name, forces[name], each);
      const said = (name) => {
        const told = { length: tugNumber(forces[name]), towards: tugTowards(pushes[name]) };
        return _("{name} {length} ({towards})", { name: tugNames()[name], ...told });
      };
      const angle = Math.round(forces.angle ?? 0);
      const apart = forces.angle === null ? _("no angle") : _("{angle} degrees apart", { angle });
      const both = semicolons(commas(said("content"), said("style"), apart), said("sum"));
      const words = colon(_("row {row}, column {column}", { row: row + 1, column: column + 1 }), both);
      dial.turn(forces, low, words);
      dial.magnify(picture, { row, column });
      return words;
    },
  };
}

// The tracks of the weight and of the moment
function tugTracks(weigh, go) {
  const weights = track(_("style weight"), TUG_WEIGHTS, weigh);
  const run = { low: 0, high: 1, key: 1 };
  const times = track(_("moment of the run"), run, go);
  return {
    weights,
    times,
    mark(evaluations, ranWith) {
      const powers = [0.01, 0.1, 1, 10, 100, 1000].map((weight) => [weight, String(weight)]);
      weights.mark([...powers, [between(TUG_WEIGHTS.low, ranWith, TUG_WEIGHTS.high), "", "tug-own"]]);
      const last = evaluations.length - 1;
      Object.assign(run, { high: last, key: 1 / Math.max(1, last) });
      const told = (number) => (last - number) % Math.ceil((last + 1) / 9) === 0; // more would not fit a narrow page
      times.mark(evaluations.map((each, number) => [number, told(number) ? String(each) : ""]));
    },
  };
}

function tug({ model, el }) {
  const { view, cover, mark } = tugView();
  const [reading, legend, heard] = [tugReading(), tugLegend(), voice()];
  const names = Object.keys(tugFields());
  const fields = radios("bar", { "aria-label": _("what is shown") }, (place) => choose(names[place]));
  fields.append(...Object.values(tugFields()).map((name) => radio("button", name)));
  const moments = tugMoments(model, view, () => look());
  const { weights, times, mark: markTracks } = tugTracks(weigh, go);
  const words = Array.from({ length: 3 }, () => made("p", "tug-words"));
  const [dial, table] = reading.nodes;
  const scale = _(
    "The scale is logarithmic: at each ring an arrow is ten times as long. The content's always lies to the right.",
  );
  const note = made("p", "quiet", {}, scale);
  const left = made("div", "side tug-left", {}, fields, view, legend.node, times.box);
  const right = made("div", "aside tug-right", {}, dial, note, weights.box, table, ...words);
  const stage = made("div", "row tug", {}, left, right, heard.node);
  const empty = made("div", "empty", {}, _("Nothing pulls yet: press Run, and moments of the run come here."));
  el.append(stage, empty);

  const state = { weight: 1, at: -1, field: "picture", kept: [0.5, 0.5], hovered: null }; // places on the picture
  const last = () => moments.list().length - 1;
  const index = () => (state.at < 0 ? last() : Math.min(state.at, last()));
  const now = () => moments.list()[index()];
  const place = ([x, y]) => {
    const { wide, high } = now().moment;
    return { column: between(0, Math.floor(x * wide), wide - 1), row: between(0, Math.floor(y * high), high - 1) };
  };
  // The length that 99 of 100 pixels of a moment keep to, at the weight of the run
  const whitest = ({ content, style }) => Math.max(content.longest, model.get("ran_with") * style.longest);

  // The place that is pointed at, or kept
  function look() {
    if (last() < 0) return;
    const here = place(state.hovered ?? state.kept);
    const said = reading.show(now(), here, state.weight);
    const { moment } = now();
    mark(moment, here, place(state.kept), state.hovered !== null);
    write(view, { "aria-valuenow": here.row * moment.wide + here.column, "aria-valuetext": said });
  }

  // The moments changed: the scale of the dial, so that 99 of 100 pixels of each lie within the rim, and both tracks
  function restock() {
    moments.read();
    if (last() < 0) return;
    const all = moments.list().map(({ moment }) => moment);
    const longest = Math.max(...all.map(whitest)) || 1;
    reading.scale(Math.ceil(Math.log10(longest)) - TUG_DIAL.decades);
    markTracks(all.map(({ evaluation }) => evaluation), model.get("ran_with"));
  }

  function draw() {
    stage.hidden = last() < 0;
    empty.hidden = !stage.hidden;
    check(fields, names.indexOf(state.field));
    if (stage.hidden) return;
    const { moment, picture } = now();
    const [white, { evaluation, wide, high }] = [whitest(moment) || 1, moment];
    moments.show(picture);
    view.style.aspectRatio = `${wide} / ${high}`;
    view.style.maxWidth = `${Math.round((460 * wide) / high)}px`;
    const label = _("place in the picture at evaluation {evaluation}", { evaluation });
    write(view, { "aria-valuemax": moment.many - 1, "aria-label": label });
    cover(moment, state.field, state.weight, white);
    state.told = legend.tell(state.field, moment.shares, white);
    const whole = tugForces(moment.whole, state.weight);
    const said = tugSentences(whole, tugHarder(moment, state.weight));
    said.push(tugOther(state.weight, model.get("ran_with")));
    words.forEach((each, number) => (each.textContent = said[number]));
    const degrees = Math.round(whole.angle ?? 0);
    const angle = whole.angle === null ? _("no angle") : _("an angle of {degrees} degrees", { degrees });
    const show = (of, value, text) => of.show(value, text, colon(text, commas(tugWho(whole), angle)));
    show(weights, state.weight, tugLong(state.weight));
    show(times, index(), _("evaluation {evaluation}", { evaluation }));
    look();
  }

  function choose(field) {
    state.field = field;
    draw();
    heard.say(state.told ?? "");
    tell(model, { field });
  }

  // The run's own weight is met exactly
  function weigh(weight, ended) {
    const own = model.get("ran_with");
    const power = TUG_STEP * Math.round(Math.log10(weight) / TUG_STEP);
    const isOwn = Math.abs(Math.log10(weight / own)) < 0.025;
    state.weight = isOwn ? own : Number((10 ** power).toPrecision(3));
    draw();
    if (ended) tell(model, { weight: state.weight });
  }

  // The last is -1: the moments that are still to come follow
  function go(number, ended) {
    state.at = number >= last() ? -1 : number;
    draw();
    if (ended) tell(model, { at: state.at });
  }

  function hover(spot) {
    state.hovered = spot;
    look();
  }
  function keep(spot) {
    state.kept = spot;
    hover(null);
    tell(model, { spot });
  }
  function move(columns, rows) {
    const { column, row } = place(state.kept);
    const { wide, high } = now().moment;
    keep([(between(0, column + columns, wide - 1) + 0.5) / wide, (between(0, row + rows, high - 1) + 0.5) / high]);
  }
  onPoint(view, hover, keep);
  onArrows(view, move, (columns, rows) => move(10 * columns, 10 * rows));
  const by = (columns, rows) => () => move(columns, rows);
  onKeys(view, { Home: by(-Infinity, 0), End: by(Infinity, 0), PageUp: by(0, -10), PageDown: by(0, 10) });

  const from = (name) => () => {
    state[name] = model.get(name);
    draw();
  };
  const end = follow(model, {
    [`${moments.names} ran_with`]() {
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
  return ends(end, moments.end);
}
