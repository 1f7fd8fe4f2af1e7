// A valley of two pixels, its contour lines and the walk of one optimiser over it, which follows the hand.
//
// optimiser, rate, condition, steps, start [x1, x2]: what the hand changes; at_first: the same as they began.
// lowest [x1, x2], steepest (the largest curvature), levels (of the contour lines): the valley, from Python.
// The walks and the words about them are here and nowhere else; the tests hold the walks to torch's own optimisers.

const VALLEY_RANGES = {
  rate: { low: 1e-4, high: 1, log: true, key: 0.005, ticks: [1e-4, 1e-3, 0.01, 0.1, 1] },
  condition: { low: 1, high: 1000, log: true, key: 0.02, ticks: [1, 10, 100, 1000] },
  steps: { low: 0, high: 100, key: 0.01, ticks: [0, 50, 100] },
};
const VALLEY_SIDE = 400; // of the map, in units of its drawing
const VALLEY_FAR = 1e6; // beyond it a walk has left for good
const VALLEY_LEFT = [1e-4, 10]; // what the curve of the rates can show: the distance left, in parts of the first
const VALLEY_NEAR = 18; // pixels: a point of the walk is meant

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
const valleyName = (optimiser) => (optimiser === "gradient descent" ? _("gradient descent") : optimiser);

// The points of a walk, the start first; it ends early when it has left for good
function valleyWalk(shape, { optimiser, rate, steps, start }) {
  const step = VALLEY_OPTIMISERS[optimiser](shape.gradient, rate);
  const points = [start];
  const near = (x) => Math.abs(x) < VALLEY_FAR;
  for (let x = start; points.length <= steps && near(x[0]) && near(x[1]); points.push(x)) x = step(x);
  return points;
}

// In words

// What the eigenvalues say about gradient descent before it has made a step: [a word, why]
function valleyPredicted({ flat, steep, bound }, rate) {
  const left = [flat, steep].map((curvature) => 1 - rate * curvature);
  const [along, across] = left.map((each) => each.toFixed(3).replace("-", "−"));
  const told = {
    rate: digits(rate),
    bound: _("the bound 2/λmax = 2/{steep} = {bound}", { steep: digits(steep), bound: bound.toFixed(4) }),
    each:
      flat === steep
        ? _("each step leaves {along} of the error", { along })
        : _("each step leaves {along} of the error along the valley and {across} of it across", { along, across }),
  };
  if (Math.abs(left[1] + 1) < 1e-9) {
    return [_("Neither nearer nor further"), _("The rate {rate} is {bound} itself; {each}.", told)];
  }
  if (left[1] < -1) {
    return [_("Diverges"), _("The rate {rate} is above {bound}; {each}, so it jumps further each time.", told)];
  }
  if (left[1] < 0) {
    const why = _(
      "The rate {rate} is below {bound}, but above half of it; {each}: it lands on the other side of the valley every " +
        "time, a little nearer.",
      told,
    );
    return [_("Zigzags"), why];
  }
  const word = left[0] > 0.9 ? _("Converges slowly") : _("Converges quickly");
  return [word, _("The rate {rate} is no more than half of {bound}; {each}.", told)];
}

// What Adam or L-BFGS has done: [a word, why]
function valleySeen(shape, { optimiser, rate }, points, apart, first) {
  if (points.length === 1) return [_("At the start"), _("No step is taken yet.")];
  let word = _("On its way");
  if (apart > first) word = _("Further away than the start");
  else if (apart < 0.01 * first) word = _("Converges");
  const sides = points.map(shape.across);
  const jumps = sides.filter((side, i) => i && side * sides[i - 1] < 0).length;
  const crossed =
    jumps === 1
      ? _("It crossed the bottom of the valley once")
      : _("It crossed the bottom of the valley {jumps} times", { jumps });
  if (optimiser === "Adam") {
    const told = { crossed, rate: digits(rate) };
    return [word, _("{crossed}, and one step is about as long as the rate, {rate}, whatever the slope.", told)];
  }
  const why = _(
    "{crossed}, and it found the curvatures by itself, without a rate: only its first move is a guess.",
    { crossed },
  );
  return [word, why];
}

// How far the walk came
function valleyReached(points, steps, apart, first) {
  const done = points.length - 1;
  const [there, began] = [apart, first].map((each) => digits(each, 2));
  const told = { steps: done === 1 ? _("1 step") : _("{steps} steps", { steps: done }), there, began, step: steps };
  const came =
    done < steps
      ? _(
          "After {steps} it is {there} from the lowest point; the start was {began} away; there we stop, before step " +
            "{step}.",
          told,
        )
      : _("After {steps} it is {there} from the lowest point; the start was {began} away.", told);
  const outside = points.filter((point) => point.some((each) => each < 0 || each > 1)).length;
  if (!outside) return came;
  const off =
    outside === 1
      ? _("1 of its points is outside the map.")
      : _("{outside} of its points are outside the map.", { outside });
  return sentences(came, off);
}

// [what the walk does in a word or two, why, how far it came]
function valleyWords(shape, now, points) {
  const [first, apart] = [shape.distance(now.start), shape.distance(points.at(-1))];
  if (first === 0) return [_("Stays"), _("The start is the lowest point, where the gradient is 0."), ""];
  const descent = now.optimiser === "gradient descent";
  let [word, why] = descent ? valleyPredicted(shape, now.rate) : valleySeen(shape, now, points, apart, first);
  if (descent && Math.abs(shape.across(now.start)) < 0.01 * first && now.condition > 1) {
    const flat = _("This start lies on the bottom of the valley, where there is next to nothing across.");
    why = sentences(why, flat);
  }
  return [word, why, valleyReached(points, now.steps, apart, first)];
}

function valleyTrack(name, of, moved) {
  const one = track(name, VALLEY_RANGES[of], moved);
  one.mark(VALLEY_RANGES[of].ticks.map((tick) => [tick, String(tick)]));
  return one;
}

// The track of the rate is a curve: what each rate leaves of the distance. Gradient descent's bound is drawn in it.
function valleyRates(moved) {
  const { box, rail, knob, at, show } = valleyTrack(_("learning rate"), "rate", moved);
  const hidden = { "aria-hidden": "true" };
  const [curve, even] = [made("polyline", "valley-curve"), made("line", "valley-even", { x1: 0, x2: 100 })];
  const drawing = made("svg", "over", { ...hidden, viewBox: "0 0 100 100", preserveAspectRatio: "none" }, even, curve);
  const beyond = made("div", "valley-beyond", hidden);
  const bound = made("div", "valley-bound", hidden, made("span", "small"));
  const what = made("div", "small", hidden);
  const range = VALLEY_LEFT.map(Math.log);
  const height = (left) => {
    const shown = Math.log(between(VALLEY_LEFT[0], left, VALLEY_LEFT[1]));
    return 96 - (92 * (shown - range[0])) / (range[1] - range[0]);
  };
  write(even, { y1: height(1), y2: height(1) });
  box.classList.add("nst-valley-rates");
  rail.prepend(beyond, bound, drawing);
  rail.before(what);

  function draw(shape, now, said) {
    const first = shape.distance(now.start) || 1;
    const left = (rate) => shape.distance(valleyWalk(shape, { ...now, rate }).at(-1)) / first;
    const free = now.optimiser === "L-BFGS";
    const shares = free ? [0, 1] : Array.from({ length: 121 }, (_, i) => i / 120);
    const { low, high } = VALLEY_RANGES.rate;
    const places = shares.map((share) => `${100 * share},${height(left(low * (high / low) ** share)).toFixed(2)}`);
    write(curve, { points: places.join(" ") });
    if (free) show(now.rate, _("none needed"), _("L-BFGS needs no rate"));
    else show(now.rate, digits(now.rate), colon(digits(now.rate), said));
    lay(knob, { top: height(left(now.rate)) / 100 });
    write(rail, { "aria-disabled": free });
    for (const each of [bound, beyond]) lay(each, { left: at(shape.bound) });
    bound.hidden = free;
    beyond.hidden = now.optimiser !== "gradient descent";
    const number = shape.bound.toFixed(4);
    bound.firstChild.textContent = beyond.hidden
      ? _("gradient descent’s bound {number}", { number })
      : _("bound 2/λmax = {number}; diverges above", { number });
    what.textContent = free
      ? _("distance left by any rate; dotted: all of it")
      : _("distance left by each rate; dotted: all of it");
  }
  return { box, draw };
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
  const rings = [...levels].reverse().map((level) => ({ level, ring: made("ellipse", "valley-level") }));
  const cross = made("path", "valley-lowest");
  const [halo, line] = [made("path", "valley-halo"), made("path", "valley-line")];
  const [dotHalo, dots] = [made("path", "valley-halo valley-dots"), made("path", "valley-line valley-dots")];
  const drawn = [...rings.map(({ ring }) => ring), halo, dotHalo, line, dots, cross];
  const drawing = made("svg", "", { viewBox: `0 0 ${VALLEY_SIDE} ${VALLEY_SIDE}`, role: "img" }, ...drawn);
  const [ofStart, ofLowest] = [valleyPixels(), valleyPixels()];
  const lowest = made("div", "valley-label", { "aria-hidden": "true" }, ofLowest.box, _("lowest point"));
  const startName = made("div", "valley-label", { "aria-hidden": "true" }, ofStart.box, _("start"));
  const kind = { tabindex: "0", role: "slider", "aria-valuemin": 0 };
  const point = made("div", "valley-point", { ...kind, "aria-label": _("points of the walk, step by step") });
  const two = { "aria-roledescription": _("slider in two directions"), "aria-valuemax": 1 };
  const moving = { ...kind, ...two, "aria-label": _("start, moved by the four arrow keys") };
  const start = made("div", "valley-start", moving);
  const tip = made("div", "valley-tip", { "aria-hidden": "true" });
  const map = made("div", "drag valley-map", {}, drawing, lowest, startName, point, start, tip);
  const unit = ([x, y]) => [VALLEY_SIDE * x, VALLEY_SIDE * (1 - y)];
  function put(node, [x, y], below = y > 0.8) {
    lay(node, { left: between(0, x, 1), top: between(0, 1 - y, 1) });
    node.classList.toggle("nst-valley-leftwards", x > 0.5); // what is written beside it
    node.classList.toggle("nst-valley-below", below);
  }

  function drawValley(shape) {
    const [cx, cy] = unit(shape.lowest);
    for (const { level, ring } of rings) { // loss = curvature * distance^2 / 2 in each direction
      const [rx, ry] = [shape.flat, shape.steep].map((curvature) => VALLEY_SIDE * Math.sqrt((2 * level) / curvature));
      write(ring, { cx, cy, rx, ry, transform: `rotate(-45 ${cx} ${cy})` });
    }
    write(cross, { d: `M ${cx - 8} ${cy} h 16 M ${cx} ${cy - 8} v 16` });
    put(lowest, shape.lowest, true);
    ofLowest.show(shape.lowest);
  }

  function drawWalk(points) {
    const seen = points.filter((each) => Math.max(...each.map(Math.abs)) < 50); // farther ones make it inexact
    const places = seen.map((each) => unit(each).map((part) => part.toFixed(2)).join(" "));
    const marks = places.slice(1).map((place) => `M ${place} h 0`); // lines without length, their ends round
    for (const each of [halo, line]) write(each, { d: `M ${places.join(" L ")}` });
    for (const each of [dotHalo, dots]) write(each, { d: marks.join(" ") });
  }

  function draw(shape, points, optimiser, said) {
    drawValley(shape);
    drawWalk(points);
    const [[x, y]] = points;
    put(start, [x, y]);
    put(startName, [x, y], y > 0.88 || (y > 0.12 && shape.across([x, y]) > 0)); // where no walk goes
    ofStart.show([x, y]);
    write(start, { "aria-valuenow": x, "aria-valuetext": colon(`x1 ${digits(x)}, x2 ${digits(y)}`, said) });
    const told = { x1: shape.lowest[0], x2: shape.lowest[1], optimiser: valleyName(optimiser) };
    const what = _(
      "Contour lines of a valley of two pixels, lowest at x1 {x1}, x2 {x2}, and the walk of {optimiser} over it",
      told,
    );
    write(drawing, { "aria-label": what });
  }
  return { map, start, point, tip, put, draw };
}

// The map with its axes
function valleyFramed(map) {
  const axis = (name, text) => {
    const parts = ["0", text, "1"].map((each) => made("span", "", {}, each));
    return made("div", name, { "aria-hidden": "true" }, ...parts);
  };
  const upright = axis("valley-axis valley-upright between small", _("x2, the right pixel"));
  return [made("div", "valley-frame", {}, upright, map), axis("valley-axis between small", _("x1, the left pixel"))];
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
    const taken = outside ? _("step {number}, outside the map", { number }) : _("step {number}", { number });
    const texts = [
      number ? taken : _("the start"),
      `x1 ${digits(at[0])}, x2 ${digits(at[1])}`,
      _("loss {loss}", { loss: digits(shape.loss(at)) }),
    ];
    [step, where, loss].forEach((node, i) => (node.textContent = texts[i]));
    pixels.show(at);
    for (const node of [point, tip]) {
      put(node, at);
      node.classList.toggle("nst-valley-seen", seen);
    }
    const told = colon(texts[0], commas(texts[1], texts[2]));
    write(point, { "aria-valuemax": points.length - 1, "aria-valuenow": number, "aria-valuetext": told });
  }

  onSliderKeys(point, (steps) => {
    const last = points.length - 1;
    chosen = between(0, Math.min(chosen, last) + steps, last);
    show();
  });
  point.addEventListener("focus", show);
  point.addEventListener("blur", show);
  return {
    follow(newShape, newPoints) {
      [shape, points] = [newShape, newPoints];
      if (hovered !== null && hovered >= points.length) hovered = null;
      show();
    },
    // The number of the point that is meant, or null
    nearest(event) {
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
  let grasp = null; // from the pointer to the start, and where that was
  let tapped = false;
  const rounded = (value) => Number(between(0, value, 1).toFixed(3));
  function placed(event, by = { x: 0, y: 0 }) {
    const at = placeIn(map, event);
    return [rounded(at.x + by.x), rounded(1 - at.y + by.y)];
  }
  function put(place) {
    moved(place, true);
    start.focus({ preventScroll: true });
  }
  map.addEventListener("mousedown", (event) => {
    if (event.target !== start) event.preventDefault(); // the focus goes where we send it
  });
  onDrag(map, {
    begin(event) {
      const [at, [x, y], isStart] = [placeIn(map, event), is(), event.target === start];
      telling.hover(null);
      tapped = !isStart && event.pointerType === "touch";
      grasp = isStart ? { x: x - at.x, y: y - 1 + at.y, was: [x, y] } : { x: 0, y: 0, was: [x, y] };
      return !tapped;
    },
    move: (event) => moved(placed(event, grasp), false),
    drop: (event) => put(placed(event, grasp)),
    back: () => moved(grasp.was, true),
    hover: (event) => telling.hover(telling.nearest(event)),
    leave: () => telling.hover(null),
  });
  map.addEventListener("click", (event) => {
    const meant = tapped ? telling.nearest(event) : null;
    if (meant !== null) telling.choose(meant);
    else if (tapped) put(placed(event));
    tapped = false;
  });
  const by = (step) => (x, y) => moved([rounded(is()[0] + step * x), rounded(is()[1] - step * y)], true);
  onArrows(start, by(0.01), by(0.1));
}

function valley({ model, el }) {
  const now = {}; // what is shown; Python hears of it when the hand lets go
  let [held, begun] = [false, false]; // begun: it was drawn before
  const change = (values, ended = true) => {
    Object.assign(now, values);
    held = !ended;
    draw();
    if (!ended) return;
    tell(model, values);
    take(); // what Python set meanwhile
  };
  const changed = (name) => (value, ended) => change({ [name]: value }, ended);
  const names = Object.keys(VALLEY_OPTIMISERS);
  const choice = radios("bar", { "aria-label": _("optimiser") }, (place) => change({ optimiser: names[place] }));
  choice.append(...names.map((name) => radio("button", valleyName(name))));
  const drawn = valleyMap(model.get("levels"));
  const telling = valleyTelling(drawn);
  valleyGrasp(drawn, telling, changed("start"), () => now.start);
  const rates = valleyRates(changed("rate"));
  const condition = valleyTrack(_("condition number"), "condition", changed("condition"));
  const steps = valleyTrack(_("number of steps"), "steps", changed("steps"));
  const first = { title: _("everything as it was at first") };
  const again = button(_("back to the start"), () => change({ ...model.get("at_first") }), first);
  const [word, why, reached] = [made("div", "valley-word"), made("p"), made("p", "quiet")];
  const words = made("div", "valley-words", {}, word, why, reached);
  const heard = voice(); // the same words, when the hand has come to rest
  const hint = _("Drag the start over the map. Drag the learning rate past its bound. Point at the walk to read it.");
  el.append(
    made("div", "row", {},
      made("div", "row valley-top", {}, choice, made("div", "quiet", {}, hint)),
      made("div", "side", {}, ...valleyFramed(drawn.map), rates.box),
      made("div", "aside", {}, condition.box, steps.box, words, heard.node, again),
    ),
  );

  function draw() {
    const shape = valleyShape(model.get("lowest"), model.get("steepest"), now.condition);
    const points = valleyWalk(shape, now);
    const texts = valleyWords(shape, now, points);
    const said = texts[0].toLowerCase();
    drawn.draw(shape, points, now.optimiser, said);
    telling.follow(shape, points);
    check(choice, names.indexOf(now.optimiser));
    rates.draw(shape, now, said);
    condition.show(now.condition, digits(now.condition), colon(digits(now.condition), said));
    const left = _("{distance} from the lowest point", { distance: digits(shape.distance(points.at(-1)), 2) });
    steps.show(now.steps, String(now.steps), colon(now.steps, left));
    [word, why, reached].forEach((node, i) => (node.textContent = texts[i]));
    if (begun) heard.rest(sentences(_("{word}.", { word: texts[0] }), texts[1], texts[2]));
    begun = true;
  }

  function take() {
    if (held) return;
    for (const name of ["optimiser", "rate", "condition", "steps", "start"]) now[name] = model.get(name);
    draw();
  }
  return follow(model, { "optimiser rate condition steps start": take });
}
