// A valley of two pixels, its contour lines and the walk of one optimiser over it, which follows the hand.
//
// optimiser, rate, condition, steps, start [x1, x2]: what the hand changes; at_first: the same as they began.
// lowest [x1, x2], steepest (the largest curvature), levels (of the contour lines): the valley, from Python.
// The walks and the words about them are here and nowhere else; the tests hold the walks to torch's own optimisers.

const VALLEY_RANGES = {
  rate: { low: 1e-4, high: 1, log: true, key: 0.005, ticks: [1e-4, 1e-3, 0.01, 0.1, 1] }, // key: in parts of the track
  condition: { low: 1, high: 1000, log: true, key: 0.02, ticks: [1, 10, 100, 1000] },
  steps: { low: 0, high: 100, key: 0.01, ticks: [0, 50, 100] },
};
const VALLEY_SIDE = 400; // of the map, in units of its drawing
const VALLEY_FAR = 1e6; // beyond it a walk has left for good
const VALLEY_LEFT = [1e-4, 10]; // what the curve of the rates can show: the distance left, in parts of the first
const VALLEY_NEAR = 18; // pixels: a point of the walk is meant
const VALLEY_HINT = "Drag the start over the map. Drag the learning rate past its bound. Point at the walk to read it.";

// The valley: steep where one pixel becomes brighter and the other darker, flat where both become brighter

function valleyShape(lowest, steepest, condition) {
  const [flat, steep] = [steepest / condition, steepest];
  const [same, other] = [(flat + steep) / 2, (flat - steep) / 2]; // of the Hessian
  const along = ([x, y]) => (x - lowest[0] + y - lowest[1]) / Math.SQRT2;
  const across = ([x, y]) => (x - lowest[0] - y + lowest[1]) / Math.SQRT2;
  return {
    lowest, flat, steep, along, across,
    bound: 2 / steep, // the largest stable rate of gradient descent
    gradient(point) {
      const [x, y] = [point[0] - lowest[0], point[1] - lowest[1]];
      return [same * x + other * y, other * x + same * y];
    },
    loss: (point) => (flat * along(point) ** 2 + steep * across(point) ** 2) / 2,
    distance: (point) => Math.hypot(point[0] - lowest[0], point[1] - lowest[1]),
  };
}

// The walks: each takes a gradient and a rate and gives what makes of a point the next one, as lesson 05 writes it

const valleyDot = (a, b) => a[0] * b[0] + a[1] * b[1];
const valleyPlus = (a, b, times = 1) => [a[0] + times * b[0], a[1] + times * b[1]];

const valleyDescent = (gradient, rate) => (x) => valleyPlus(x, gradient(x), -rate);

function valleyAdam(gradient, rate) {
  const [m, v] = [[0, 0], [0, 0]];
  let [m0, v0] = [1, 1]; // 0.9 and 0.999 to the power of t
  return (x) => {
    const [g, next] = [gradient(x), [0, 0]];
    m0 *= 0.9;
    v0 *= 0.999;
    for (let i = 0; i < 2; i += 1) {
      m[i] = 0.9 * m[i] + 0.1 * g[i];
      v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
      next[i] = x[i] - (rate * (m[i] / (1 - m0))) / (Math.sqrt(v[i] / (1 - v0)) + 1e-8);
    }
    return next;
  };
}

// pairs: moves s and changes y of the gradient. Returns minus the estimated inverse Hessian times g.
function valleyQuasiNewton(g, pairs) {
  let d = [-g[0], -g[1]];
  const kept = [];
  for (const { s, y } of [...pairs].reverse()) {
    kept.unshift(valleyDot(s, d) / valleyDot(y, s));
    d = valleyPlus(d, y, -kept[0]);
  }
  const last = pairs.at(-1);
  const scale = valleyDot(last.s, last.y) / valleyDot(last.y, last.y);
  d = [scale * d[0], scale * d[1]];
  pairs.forEach(({ s, y }, i) => {
    d = valleyPlus(d, s, kept[i] - valleyDot(y, d) / valleyDot(y, s));
  });
  return d;
}

function valleyLbfgs(gradient) {
  let pairs = [];
  return (x) => {
    const g = gradient(x);
    const size = Math.max(Math.abs(g[0]) + Math.abs(g[1]), 1e-300);
    const careful = () => valleyPlus([0, 0], g, -Math.min(1, 1 / size)); // torch's first step
    const s = pairs.length ? valleyQuasiNewton(g, pairs) : careful();
    const next = valleyPlus(x, s);
    const y = valleyPlus(gradient(next), g, -1);
    if (valleyDot(y, s) > 1e-10) pairs = [...pairs.slice(-19), { s, y }];
    return next;
  };
}

const VALLEY_OPTIMISERS = { "gradient descent": valleyDescent, Adam: valleyAdam, "L-BFGS": valleyLbfgs };

// The points of a walk, the start first; it ends early when it has left for good
function valleyWalk(shape, { optimiser, rate, steps, start }) {
  const step = VALLEY_OPTIMISERS[optimiser](shape.gradient, rate);
  const points = [start];
  const near = (x) => Math.abs(x) < VALLEY_FAR;
  for (let x = start; points.length <= steps && near(x[0]) && near(x[1]); points.push(x)) x = step(x);
  return points;
}

// In words

function valleyNumber(value, digits = 3) {
  if (Math.abs(value) >= 1e5) return value.toExponential(digits - 1).replace("+", "");
  return String(Number(value.toPrecision(digits)));
}

// What the eigenvalues say about gradient descent before it has made a step: [a word, why]
function valleyPredicted({ flat, steep, bound }, rate) {
  const left = [flat, steep].map((curvature) => 1 - rate * curvature);
  const [along, across] = left.map((each) => each.toFixed(3).replace("-", "−"));
  const where = `the bound 2/λmax = 2/${valleyNumber(steep)} = ${bound.toFixed(4)}`;
  const parts = `${along} of the error along the valley and ${across} of it across`;
  const each = flat === steep ? `each step leaves ${along} of the error` : `each step leaves ${parts}`;
  const number = `The rate ${valleyNumber(rate)} is`;
  if (Math.abs(left[1] + 1) < 1e-9) return ["Neither nearer nor further", `${number} ${where} itself; ${each}.`];
  if (left[1] < -1) return ["Diverges", `${number} above ${where}; ${each}, so it jumps further each time.`];
  if (left[1] < 0) {
    const other = "it lands on the other side of the valley every time, a little nearer";
    return ["Zigzags", `${number} below ${where}, but above half of it; ${each}: ${other}.`];
  }
  return [`Converges ${left[0] > 0.9 ? "slowly" : "quickly"}`, `${number} no more than half of ${where}; ${each}.`];
}

// What Adam or L-BFGS has done: [a word, why]
function valleySeen(shape, { optimiser, rate }, points, apart, first) {
  let word = "On its way";
  if (points.length === 1) word = "At the start";
  else if (apart > first) word = "Further away than the start";
  else if (apart < 0.01 * first) word = "Converges";
  const sides = points.map(shape.across);
  const jumps = sides.filter((side, i) => i && side * sides[i - 1] < 0).length;
  const crossed = `It crossed the bottom of the valley ${jumps === 1 ? "once" : `${jumps} times`}`;
  const why = {
    Adam: `${crossed}, and one step is about as long as the rate, ${valleyNumber(rate)}, whatever the slope.`,
    "L-BFGS": `${crossed}, and it found the curvatures by itself, without a rate: only its first move is a guess.`,
  };
  return [word, why[optimiser]];
}

// [what the walk does in a word or two, why, how far it came]
function valleyWords(shape, now, points) {
  const [first, apart] = [shape.distance(now.start), shape.distance(points.at(-1))];
  if (first === 0) return ["Stays", "The start is the lowest point, where the gradient is 0.", ""];
  const descent = now.optimiser === "gradient descent";
  let [word, why] = descent ? valleyPredicted(shape, now.rate) : valleySeen(shape, now, points, apart, first);
  if (descent && Math.abs(shape.across(now.start)) < 0.01 * first && now.condition > 1) {
    why += " This start lies on the bottom of the valley, where there is next to nothing across.";
  }
  const done = points.length - 1;
  const steps = `${done} ${done === 1 ? "step" : "steps"}`;
  const ended = done < now.steps ? `; there we stop, before step ${now.steps}` : "";
  const [there, began] = [apart, first].map((each) => valleyNumber(each, 2));
  const outside = points.filter((point) => point.some((each) => each < 0 || each > 1)).length;
  const off = outside ? ` ${outside} of its points ${outside === 1 ? "is" : "are"} outside the map.` : "";
  return [word, why, `After ${steps} it is ${there} from the lowest point; the start was ${began} away${ended}.${off}`];
}

// A track to drag on, to tap on, or to move on with the keys. Above it its name and its value, below it its ticks.
//
// moved(value, ended): the hand has moved it, or has let it go. Returns its parts and `show`.
function valleyTrack(name, range, moved) {
  const { low, high, log } = range;
  const at = (value) => (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
  const value = (share) => {
    const inside = between(0, share, 1);
    const exact = log ? low * (high / low) ** inside : Math.round(low + (high - low) * inside);
    return between(low, Number(exact.toPrecision(3)), high); // what is shown is what is meant
  };
  const shown = made("span", "valley-value");
  const knob = made("div", "valley-knob");
  const known = { tabindex: "0", role: "slider", "aria-label": name, "aria-valuemin": low, "aria-valuemax": high };
  const slider = made("div", "valley-track", known, knob);
  const ticks = made("div", "valley-ticks", { "aria-hidden": "true" });
  for (const tick of range.ticks) ticks.append(made("span", "", { style: `left: ${100 * at(tick)}%` }, String(tick)));
  const head = made("div", "valley-head", { "aria-hidden": "true" }, made("span", "", {}, name), shown);
  let [is, begun] = [low, null];

  slider.addEventListener("pointerdown", (event) => {
    if (event.button > 0 || !event.isPrimary || slider.getAttribute("aria-disabled") === "true") return;
    begun = is;
    slider.setPointerCapture(event.pointerId);
    if (event.pointerType !== "touch") moved(value(placeIn(slider, event).x), false);
  });
  slider.addEventListener("pointermove", (event) => {
    if (begun !== null && event.isPrimary) moved(value(placeIn(slider, event).x), false);
  });
  const ended = (event) => {
    if (begun === null || !event.isPrimary) return;
    const was = begun;
    begun = null;
    moved(event.type === "pointercancel" ? was : value(placeIn(slider, event).x), true); // cancelled: the page scrolled
  };
  slider.addEventListener("pointerup", ended);
  slider.addEventListener("pointercancel", ended);
  const by = (keys) => () => {
    if (slider.getAttribute("aria-disabled") !== "true") moved(value(at(is) + keys * range.key), true);
  };
  onKeys(slider, {
    ArrowLeft: by(-1), ArrowDown: by(-1), ArrowRight: by(1), ArrowUp: by(1),
    PageDown: by(-10), PageUp: by(10), Home: by(-1000), End: by(1000),
  });
  return {
    box: made("div", "valley-control", {}, head, slider, ticks),
    slider, knob, at,
    show(given, said, text = valleyNumber(given)) {
      is = given;
      shown.textContent = text;
      knob.style.left = `${100 * at(given)}%`;
      slider.setAttribute("aria-valuenow", String(given));
      slider.setAttribute("aria-valuetext", said);
    },
  };
}

// The track of the rate is a curve: what each rate leaves of the distance. Gradient descent's bound is drawn in it.
function valleyRates(moved) {
  const track = valleyTrack("learning rate", VALLEY_RANGES.rate, moved);
  const curve = made("polyline", "valley-curve");
  const even = made("line", "valley-even", { x1: 0, x2: 100 });
  const whole = { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" };
  const drawing = made("svg", "", whole, even, curve);
  const beyond = made("div", "valley-beyond", { "aria-hidden": "true" });
  const bound = made("div", "valley-bound", { "aria-hidden": "true" }, made("span"));
  const what = made("div", "valley-what", { "aria-hidden": "true" });
  const range = VALLEY_LEFT.map(Math.log);
  const height = (left) => {
    const shown = Math.log(between(VALLEY_LEFT[0], left, VALLEY_LEFT[1]));
    return 96 - (92 * (shown - range[0])) / (range[1] - range[0]);
  };
  for (const end of ["y1", "y2"]) even.setAttribute(end, height(1));
  track.box.classList.add("nst-valley-rates");
  track.slider.prepend(beyond, bound, drawing);
  track.slider.before(what);

  return {
    ...track,
    draw(shape, now, said) {
      const first = shape.distance(now.start) || 1;
      const left = (rate) => shape.distance(valleyWalk(shape, { ...now, rate }).at(-1)) / first;
      const free = now.optimiser === "L-BFGS";
      const shares = free ? [0, 1] : Array.from({ length: 121 }, (_, i) => i / 120);
      const { low, high } = VALLEY_RANGES.rate;
      const places = shares.map((share) => `${100 * share},${height(left(low * (high / low) ** share)).toFixed(2)}`);
      curve.setAttribute("points", places.join(" "));
      if (free) track.show(now.rate, "L-BFGS needs no rate", "none needed");
      else track.show(now.rate, `${valleyNumber(now.rate)}: ${said}`);
      track.knob.style.top = `${height(left(now.rate))}%`;
      track.slider.setAttribute("aria-disabled", String(free));
      const place = 100 * track.at(shape.bound);
      bound.style.left = beyond.style.left = `${place}%`;
      bound.hidden = free;
      beyond.hidden = now.optimiser !== "gradient descent";
      const number = shape.bound.toFixed(4);
      const stable = `bound 2/λmax = ${number}; diverges above`;
      bound.firstChild.textContent = beyond.hidden ? `gradient descent’s bound ${number}` : stable;
      what.textContent = `distance left by ${free ? "any" : "each"} rate; dotted: all of it`;
    },
  };
}

// The optimisers to choose from; chosen(name)
function valleyChoice(chosen) {
  const names = Object.keys(VALLEY_OPTIMISERS);
  const buttons = names.map((name) => made("button", "button", { type: "button", role: "radio" }, name));
  const box = made("div", "valley-choice", { role: "radiogroup", "aria-label": "optimiser" }, ...buttons);
  const go = (by) => () => {
    const next = (buttons.findIndex((each) => each.tabIndex === 0) + by + names.length) % names.length;
    buttons[next].focus();
    chosen(names[next]);
  };
  buttons.forEach((button, i) => button.addEventListener("click", () => chosen(names[i])));
  onKeys(box, { ArrowLeft: go(-1), ArrowUp: go(-1), ArrowRight: go(1), ArrowDown: go(1) });
  return {
    box,
    show: (name) => buttons.forEach((button, i) => {
      button.setAttribute("aria-checked", String(names[i] === name));
      button.tabIndex = names[i] === name ? 0 : -1;
    }),
  };
}

// Two pixels as they look: a point of the map is a picture
function valleyPixels() {
  const box = made("span", "valley-pixels", { "aria-hidden": "true" }, made("span"), made("span"));
  return {
    box,
    show: (point) => [...box.children].forEach((each, i) => {
      const grey = Math.round(255 * between(0, point[i], 1));
      each.style.background = `rgb(${grey}, ${grey}, ${grey})`;
    }),
  };
}

// What is drawn: contour lines, walk, and what stands at a place of it. The start is the one thing to grasp.
function valleyMap(levels) {
  const rings = levels.map(() => made("ellipse", "valley-level"));
  const cross = made("path", "valley-lowest");
  const halo = made("path", "valley-halo");
  const dotHalo = made("path", "valley-halo valley-dots");
  const line = made("path", "valley-line");
  const dots = made("path", "valley-line valley-dots");
  const known = { viewBox: `0 0 ${VALLEY_SIDE} ${VALLEY_SIDE}`, role: "img" };
  const drawing = made("svg", "", known, ...rings.reverse(), halo, dotHalo, line, dots, cross);
  const [ofStart, ofLowest] = [valleyPixels(), valleyPixels()];
  const lowest = made("div", "valley-label", { "aria-hidden": "true" }, ofLowest.box, "lowest point");
  const startName = made("div", "valley-label", { "aria-hidden": "true" }, ofStart.box, "start");
  const kind = { tabindex: "0", role: "slider", "aria-valuemin": 0 };
  const point = made("div", "valley-point", { ...kind, "aria-label": "points of the walk, step by step" });
  const two = { "aria-roledescription": "slider in two directions", "aria-valuemax": 1 };
  const start = made("div", "valley-start", { ...kind, ...two, "aria-label": "start, moved by the four arrow keys" });
  const tip = made("div", "valley-tip", { "aria-hidden": "true" });
  const map = made("div", "valley-map", {}, drawing, lowest, startName, point, start, tip);
  const unit = ([x, y]) => [VALLEY_SIDE * x, VALLEY_SIDE * (1 - y)];
  const put = (node, [x, y], below = y > 0.8) => {
    node.style.left = `${100 * between(0, x, 1)}%`;
    node.style.top = `${100 * between(0, 1 - y, 1)}%`;
    node.classList.toggle("nst-valley-leftwards", x > 0.5); // what is written beside it
    node.classList.toggle("nst-valley-below", below);
  };

  return {
    map, start, point, tip, put,
    draw(shape, points, optimiser, said) {
      const [x, y] = unit(shape.lowest);
      rings.forEach((ring, i) => {
        const level = levels[levels.length - 1 - i]; // loss = curvature * distance^2 / 2 in each direction
        const [rx, ry] = [shape.flat, shape.steep].map((curvature) => VALLEY_SIDE * Math.sqrt((2 * level) / curvature));
        for (const [key, value] of Object.entries({ cx: x, cy: y, rx, ry })) ring.setAttribute(key, value);
        ring.setAttribute("transform", `rotate(-45 ${x} ${y})`);
      });
      cross.setAttribute("d", `M ${x - 8} ${y} h 16 M ${x} ${y - 8} v 16`);
      const seen = points.filter((each) => Math.max(...each.map(Math.abs)) < 50); // farther ones make it inexact
      const places = seen.map((each) => unit(each).map((part) => part.toFixed(2)).join(" "));
      for (const each of [halo, line]) each.setAttribute("d", `M ${places.join(" L ")}`);
      const marks = places.slice(1).map((place) => `M ${place} h 0`); // lines without length, their ends round
      for (const each of [dotHalo, dots]) each.setAttribute("d", marks.join(" "));
      put(lowest, shape.lowest, true);
      put(start, points[0]);
      const height = points[0][1];
      put(startName, points[0], height > 0.88 || (height > 0.12 && shape.across(points[0]) > 0)); // where no walk goes
      ofLowest.show(shape.lowest);
      ofStart.show(points[0]);
      start.setAttribute("aria-valuenow", points[0][0]);
      const [x1, x2] = points[0].map((each) => valleyNumber(each));
      start.setAttribute("aria-valuetext", `x1 ${x1}, x2 ${x2}: ${said}`);
      const where = `lowest at x1 ${shape.lowest[0]}, x2 ${shape.lowest[1]}`;
      const what = `Contour lines of a valley of two pixels, ${where}, and the walk of ${optimiser} over it`;
      drawing.setAttribute("aria-label", what);
    },
  };
}

// The map with its axes
function valleyFramed(map) {
  const axis = (name, text) => {
    const parts = ["0", text, "1"].map((each) => made("span", "", {}, each));
    return made("div", name, { "aria-hidden": "true" }, ...parts);
  };
  const upright = axis("valley-axis valley-upright", "x2, the right pixel");
  return [made("div", "valley-frame", {}, upright, map), axis("valley-axis", "x1, the left pixel")];
}

// Points of the walk that are pointed at, or gone through with the keys, tell their step, place and loss
function valleyTelling({ map, point, tip, put }) {
  let [shape, points, chosen, hovered] = [null, [[0, 0]], Infinity, null];
  const pixels = valleyPixels();
  const [step, where, loss] = [made("b"), made("span"), made("span")];
  tip.append(made("div", "valley-tiphead", {}, pixels.box, step), where, loss);

  function show() {
    const number = hovered ?? Math.min(chosen, points.length - 1);
    const at = points[number];
    const seen = hovered !== null || document.activeElement === point || point.getRootNode().activeElement === point;
    const outside = at.some((each) => each < 0 || each > 1);
    const texts = [
      number ? `step ${number}${outside ? ", outside the map" : ""}` : "the start",
      `x1 ${valleyNumber(at[0])}, x2 ${valleyNumber(at[1])}`,
      `loss ${valleyNumber(shape.loss(at))}`,
    ];
    [step, where, loss].forEach((node, i) => { node.textContent = texts[i]; });
    pixels.show(at);
    for (const node of [point, tip]) {
      put(node, at);
      node.classList.toggle("nst-valley-seen", seen);
    }
    point.setAttribute("aria-valuemax", String(points.length - 1));
    point.setAttribute("aria-valuenow", String(number));
    point.setAttribute("aria-valuetext", `${texts[0]}: ${texts[1]}, ${texts[2]}`);
  }

  const go = (place) => () => {
    chosen = between(0, place(Math.min(chosen, points.length - 1)), points.length - 1);
    show();
  };
  const [back, on] = [go((is) => is - 1), go((is) => is + 1)];
  onKeys(point, {
    ArrowLeft: back, ArrowDown: back, ArrowRight: on, ArrowUp: on, Home: go(() => 0), End: go(() => Infinity),
  });
  point.addEventListener("focus", show);
  point.addEventListener("blur", show);
  map.addEventListener("pointerleave", () => {
    hovered = null;
    show();
  });
  return {
    follow: (newShape, newPoints) => {
      [shape, points] = [newShape, newPoints];
      if (hovered !== null && hovered >= points.length) hovered = null;
      show();
    },
    nearest(event) { // the number of the point that is meant, or null
      const at = placeIn(map, event);
      const apart = points.map(([x, y]) => at.wide * Math.hypot(x - at.x, 1 - y - at.y));
      const least = Math.min(...apart);
      return least <= VALLEY_NEAR ? apart.lastIndexOf(least) : null;
    },
    hover(number) {
      if (number === hovered) return;
      hovered = number;
      show();
    },
    choose(number) {
      chosen = number;
      point.focus({ preventScroll: true });
    },
  };
}

// The start is dragged, or put where one presses or taps; a finger that swipes over the map scrolls the page, so only
// the start itself is dragged by touch. moved(start, ended)
function valleyGrasp({ map, start }, telling, moved, is) {
  let grasp = null; // from the pointer to the start, while it is dragged
  let tap = null; // where a finger came down
  const rounded = (value) => Number(between(0, value, 1).toFixed(3));
  const placed = (event) => {
    const at = placeIn(map, event);
    return [rounded(at.x + grasp.x), rounded(1 - at.y + grasp.y)];
  };
  map.addEventListener("mousedown", (event) => {
    if (event.target !== start) event.preventDefault(); // the focus goes where we send it
  });
  map.addEventListener("pointerdown", (event) => {
    if (event.button > 0 || !event.isPrimary) return;
    const at = placeIn(map, event);
    telling.hover(null);
    if (event.target !== start && event.pointerType === "touch") {
      tap = { x: event.clientX, y: event.clientY };
      return;
    }
    map.setPointerCapture(event.pointerId);
    const was = is();
    grasp = event.target === start ? { x: was[0] - at.x, y: was[1] - 1 + at.y, was } : { x: 0, y: 0, was };
    if (event.target !== start) moved(placed(event), false);
  });
  map.addEventListener("pointermove", (event) => {
    if (grasp && event.isPrimary) moved(placed(event), false);
    else if (event.pointerType !== "touch") telling.hover(telling.nearest(event));
  });
  map.addEventListener("pointerup", (event) => {
    if (!event.isPrimary) return;
    const tapped = tap && Math.hypot(event.clientX - tap.x, event.clientY - tap.y) < 10;
    const meant = tapped ? telling.nearest(event) : null;
    if (tapped) grasp = { x: 0, y: 0 };
    if (meant !== null) telling.choose(meant);
    else if (grasp) {
      moved(placed(event), true);
      start.focus({ preventScroll: true });
    }
    grasp = tap = null;
  });
  map.addEventListener("pointercancel", (event) => {
    if (!event.isPrimary) return;
    if (grasp) moved(grasp.was, true);
    grasp = tap = null;
  });
  const by = (x, y) => () => moved([rounded(is()[0] + x), rounded(is()[1] + y)], true);
  const keys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };
  for (const [key, [x, y]] of Object.entries(keys)) {
    onKeys(start, { [key]: by(0.01 * x, 0.01 * y), [`Shift+${key}`]: by(0.1 * x, 0.1 * y) });
  }
}

function valley({ model, el }) {
  const now = {}; // what is shown; Python hears of it when the hand lets go
  let [held, later] = [false, null];
  const change = (values, ended = true) => {
    Object.assign(now, values);
    held = !ended;
    draw();
    if (!ended) return;
    tell(model, values);
    take(); // what Python set meanwhile
  };
  const changed = (name) => (value, ended) => change({ [name]: value }, ended);
  const choice = valleyChoice(changed("optimiser"));
  const drawn = valleyMap(model.get("levels"));
  const telling = valleyTelling(drawn);
  valleyGrasp(drawn, telling, changed("start"), () => now.start);
  const rates = valleyRates(changed("rate"));
  const condition = valleyTrack("condition number", VALLEY_RANGES.condition, changed("condition"));
  const steps = valleyTrack("number of steps", VALLEY_RANGES.steps, changed("steps"));
  const first = { type: "button", title: "everything as it was at first" };
  const again = made("button", "button", first, "back to the start");
  again.addEventListener("click", () => change({ ...model.get("at_first") }));
  const [word, why, reached] = [made("div", "valley-word"), made("p"), made("p", "quiet")];
  const words = made("div", "valley-words", { "aria-hidden": "true" }, word, why, reached);
  const heard = made("div", "heard", { role: "status" }); // the same words, when the hand has come to rest
  el.append(
    made("div", "valley", {},
      made("div", "valley-top", {}, choice.box, made("div", "quiet", {}, VALLEY_HINT)),
      made("div", "valley-figure", {}, ...valleyFramed(drawn.map), rates.box),
      made("div", "valley-side", {}, condition.box, steps.box, words, heard, again),
    ),
  );

  function draw() {
    const shape = valleyShape(model.get("lowest"), model.get("steepest"), now.condition);
    const points = valleyWalk(shape, now);
    const texts = valleyWords(shape, now, points);
    const said = texts[0].toLowerCase();
    drawn.draw(shape, points, now.optimiser, said);
    telling.follow(shape, points);
    choice.show(now.optimiser);
    rates.draw(shape, now, said);
    condition.show(now.condition, `${valleyNumber(now.condition)}: ${said}`);
    steps.show(now.steps, `${now.steps}: ${valleyNumber(shape.distance(points.at(-1)), 2)} from the lowest point`);
    [word, why, reached].forEach((node, i) => sayIn(node, texts[i]));
    clearTimeout(later);
    const say = () => sayIn(heard, `${texts[0]}. ${texts[1]} ${texts[2]}`);
    later = heard.textContent ? setTimeout(say, 700) : say();
  }

  function take() {
    if (held) return;
    for (const name of ["optimiser", "rate", "condition", "steps", "start"]) now[name] = model.get(name);
    draw();
  }
  const end = follow(model, { "optimiser rate condition steps start": take });
  return () => {
    end();
    clearTimeout(later);
  };
}
