// Curves that can be pointed at; the height is logarithmic.
//
// lines: [{ name, kind, points }], points as [[x, y], ...] or the bytes of float32 x, y, x, y, ...; kind: which of their
// kinds is seen; across, up: what the axes measure; at: the x that is pointed at, 0 for the newest; until: the x that will
// be reached, 0 if nobody knows; ceiling: above it lines are cut off, 0 for nowhere; leader: what is said of the lowest
// line; words: for those who listen.

const CHART_COLOURS = ["var(--ink)", "#D55E00", "#7281D6", "#09A876", "#C57BAE", "#A55732"]; // seen on white and on black
const CHART_DASHES = ["", "7 4", "2 3", "9 3 2 3", "4 2", "12 4"];
const CHART_MARKERS = [
  "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z",
  "M-3.5-3.5h7v7h-7Z",
  "M0-4.5L4.5 3.5H-4.5Z",
  "M0-5L5 0L0 5L-5 0Z",
  "M0 4.5L4.5-3.5H-4.5Z",
  "M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3Z",
  "M-4.5-2.5l2-2L0-2l2.5-2.5 2 2L2 0l2.5 2.5-2 2L0 2l-2.5 2.5-2-2L-2 0Z",
]; // one more than there are dashes, so that 42 lines differ
const CHART_APART = 96; // pixels between two markers of a line
const CHART_WAYS = [
  [1e-6, { notation: "scientific" }],
  [1e7, {}],
  [1e15, { notation: "compact", compactDisplay: "long" }],
  [Infinity, { notation: "scientific" }],
];
const chartFormats = {}; // one of each way, by language

// 1,000 and 0.1, and 10 million
function chartNumber(value) {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return _("no finite number");
  const language = _("en"); // which says "million" in its own way
  chartFormats[language] ??= CHART_WAYS.map(([below, way]) => {
    return [below, new Intl.NumberFormat(language, { maximumSignificantDigits: 3, ...way })];
  });
  return chartFormats[language].find(([below]) => Math.abs(value) < below)[1].format(value);
}

const chartMoment = (model, at) => _("{across} {number}", { across: model.get("across"), number: at });

const chartIsDrawn = (y) => y > 0 && Number.isFinite(y);
const chartLeast = (values) => values.reduce((one, other) => Math.min(one, other), Infinity);
const chartMost = (values) => values.reduce((one, other) => Math.max(one, other), -Infinity);

function chartLine(number, d) {
  const stroke = `stroke: ${CHART_COLOURS[number % 6]}`;
  return made("path", "chart-line", { d, style: stroke, "stroke-dasharray": CHART_DASHES[number % 6] });
}

function chartMarker(number, names = "chart-marker") {
  return made("path", names, { d: CHART_MARKERS[number % 7], style: `fill: ${CHART_COLOURS[number % 6]}` });
}

// What a line looks like, for a legend
function chartKey(number) {
  const marker = chartMarker(number);
  marker.setAttribute("transform", "translate(18 8)");
  const look = { width: 36, height: 16, viewBox: "0 0 36 16", "aria-hidden": "true" };
  return made("svg", "chart-key", look, chartLine(number, "M0 8H36"), marker);
}

const chartKinds = (model) => [...new Set(model.get("lines").map((line) => line.kind ?? ""))];

function chartKind(model) {
  const kinds = chartKinds(model);
  return kinds.includes(model.get("kind")) ? model.get("kind") : kinds[0];
}

// The lines that are seen: [{ name, number, xs, ys }]
function chartSeries(model) {
  const kind = chartKind(model);
  const seen = model.get("lines").filter((line) => (line.kind ?? "") === kind);
  return seen.map(({ name, points }, number) => {
    const flat = Array.isArray(points) ? points.flat() : [...floatsOf(points)];
    return { name, number, xs: flat.filter((_, place) => place % 2 === 0), ys: flat.filter((_, place) => place % 2) };
  });
}

// The least of 1, 2, 5, 10, 20, ... that is as large
function chartNice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= value * 0.999999);
}

// factors of all powers of ten from low to high
function chartSteps(low, high, factors) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high) + 1e-9; power += 1) {
    found.push(...factors.map((factor) => Number(`${factor}e${power}`)));
  }
  return found.filter((value) => value >= low * 0.999999 && value <= high * 1.000001);
}

// An axis for heights from low to high: where it begins and ends, which heights are labelled and which only marked
function chartHeights(low, high) {
  if (high < low * 1.02) [low, high] = [low / 1.5, high * 1.5];
  if (high < 3 * low) {
    const step = chartNice((high - low) / 4);
    const [first, last] = [Math.floor(low / step + 1e-6), Math.ceil(high / step - 1e-6)];
    const labels = Array.from({ length: last - first + 1 }, (_, number) => (first + number) * step);
    return { low: labels[0], high: labels.at(-1), labels, marks: [] };
  }
  const ends = chartSteps(low / 10, high * 10, [1, 2, 5]);
  low = ends.findLast((value) => value <= low * 1.000001);
  high = ends.find((value) => value >= high * 0.999999);
  const powers = chartSteps(low, high, [1]);
  const marks = powers.length < 5 ? chartSteps(low, high, [2, 3, 4, 5, 6, 7, 8, 9]) : [];
  if (high / low <= 101) return { low, high, labels: chartSteps(low, high, [1, 2, 5]), marks };
  const every = Math.ceil(powers.length / 6);
  return { low, high, labels: powers.filter((_, number) => number % every === 0), marks };
}

// Where everything is in a chart so many pixels wide
function chartFrame(series, { until, ceiling, width }) {
  const cut = (y) => (ceiling > 0 ? Math.min(y, ceiling) : y);
  const ys = series.flatMap((line) => line.ys.filter(chartIsDrawn)).map(cut);
  const heights = chartHeights(...(ys.length ? [chartLeast(ys), chartMost(ys)] : [1, 10]));
  const texts = heights.labels.map(chartNumber);
  const xs = series.flatMap((line) => line.xs);
  const [first, last] = [chartLeast(xs), Math.max(until, chartMost(xs))];
  const [left, right] = [14 + 7 * chartMost(texts.map((text) => text.length)), width - 14];
  const [top, bottom] = [26, between(180, width * 0.42, 250)];
  const share = (y) => Math.log(cut(y) / heights.low) / Math.log(heights.high / heights.low);
  const x = (value) => left + ((right - left) * (value - first)) / (last - first || 1);
  const y = (value) => bottom - (bottom - top) * share(value);
  const nearest = (pixel) => first + ((pixel - left) / (right - left)) * (last - first);
  const step = Math.max(1, chartNice((last - first || 1) / Math.max(2, (right - left) / 80)));
  const across = [first];
  for (let tick = Math.ceil((first + step / 2) / step) * step; tick <= last; tick += step) across.push(tick);
  return { left, right, top, bottom, x, y, nearest, heights, texts, across };
}

function chartGrid({ left, right, top, bottom, x, y, heights, texts, across }, acrossName, upName) {
  const at = (value) => value.toFixed(1);
  const text = (names, place, words) => made("text", `chart-text ${names}`, place, words);
  return [
    ...heights.labels.flatMap((height, number) => [
      made("line", "chart-grid", { x1: left, x2: right, y1: at(y(height)), y2: at(y(height)) }),
      text("chart-left", { x: left - 8, y: at(y(height) + 4) }, texts[number]),
    ]),
    ...heights.marks.map((height) =>
      made("line", "chart-tick", { x1: left - 4, x2: left, y1: at(y(height)), y2: at(y(height)) }),
    ),
    made("line", "chart-axis", { x1: left, x2: left, y1: top, y2: bottom }),
    made("line", "chart-axis", { x1: left, x2: right, y1: bottom, y2: bottom }),
    ...across.flatMap((value) => [
      made("line", "chart-tick", { x1: at(x(value)), x2: at(x(value)), y1: bottom, y2: bottom + 4 }),
      text("chart-under", { x: at(x(value)), y: bottom + 18 }, chartNumber(value)),
    ]),
    text("chart-under", { x: at((left + right) / 2), y: bottom + 36 }, acrossName),
    text("", { x: 4, y: 15 }, upName),
  ];
}

// A line with a gap where it cannot be drawn, and markers along it, not those of two lines at one place
function chartCurve({ number, xs, ys }, { x, y, left }, many) {
  const [marked, steps] = [[], []];
  let next = left + (CHART_APART * (number + 0.5)) / many;
  xs.forEach((value, place) => {
    if (!chartIsDrawn(ys[place])) return;
    const [here, high] = [x(value), y(ys[place])];
    const goesOn = place > 0 && chartIsDrawn(ys[place - 1]);
    steps.push(`${goesOn ? "L" : "M"}${here.toFixed(1)} ${high.toFixed(1)}`);
    if (here < next) return;
    next += CHART_APART * Math.ceil((here - next + 1) / CHART_APART);
    const marker = chartMarker(number);
    marker.setAttribute("transform", `translate(${here.toFixed(1)} ${high.toFixed(1)})`);
    marked.push(marker);
  });
  return [chartLine(number, steps.join("")), ...marked];
}

// What a line tells at `at`: its value there, or where it ended
function chartEntry({ name, number, xs, ys }, at) {
  const place = xs.findLastIndex((x) => x <= at);
  const ended = xs.length > 0 && at > xs.at(-1);
  const value = place < 0 || ended ? null : ys[place];
  const missing = ended ? _("ended at {number}", { number: xs.at(-1) }) : at > 0 ? _("no value") : "";
  return { name, number, place, ended, value, text: value === null ? missing : chartNumber(value) };
}

// All of them at `at`; of the lowest, where there is one, `leader` is said
function chartEntries(series, at, leader) {
  const entries = series.map((line) => chartEntry(line, at));
  const values = entries.map(({ value }) => value).filter(Number.isFinite);
  const lowest = entries.filter(({ value }) => value === chartLeast(values));
  if (leader && values.length > 1 && lowest.length === 1) lowest[0].text = commas(lowest[0].text, leader);
  return entries;
}

// The drawing, which is as wide as its ruler: that has no height, so that drawing does not change its size
function chartDrawing() {
  const [grid, curves, rule, dots] = [made("g"), made("g"), made("line", "chart-rule"), made("g")];
  const svg = made("svg", "chart-svg", { "aria-hidden": "true" }, grid, curves, rule, dots);
  const ruler = made("div");
  const stage = made("div", "drag chart-stage", { tabindex: "0", role: "slider" }, ruler, svg);
  let [series, frame] = [[], null];
  return {
    stage,
    ruler,
    draw(given, { across, up, until, ceiling }) {
      const width = ruler.offsetWidth;
      [series, frame] = [given, null];
      if (!width || !series.some(({ xs }) => xs.length)) return;
      frame = chartFrame(series, { until, ceiling, width });
      write(svg, { width, height: frame.bottom + 44 });
      grid.replaceChildren(...chartGrid(frame, across, up));
      curves.replaceChildren(...series.flatMap((line) => chartCurve(line, frame, series.length)));
      dots.replaceChildren(...series.map(({ number }) => chartMarker(number, "chart-dot")));
      write(rule, { y1: frame.top, y2: frame.bottom });
    },
    // Marks one x, and where the lines are there
    mark(x, entries, isRuled) {
      rule.toggleAttribute("hidden", !isRuled);
      if (!frame) return;
      write(rule, { x1: frame.x(x), x2: frame.x(x) });
      entries.forEach(({ number, place }) => {
        const [dot, { xs, ys }] = [dots.children[number], series[number]];
        dot.toggleAttribute("hidden", !chartIsDrawn(ys[place]));
        if (!chartIsDrawn(ys[place])) return;
        write(dot, { transform: `translate(${frame.x(xs[place])} ${frame.y(ys[place])}) scale(1.5)` });
      });
    },
    isAsWide: () => frame?.right === ruler.offsetWidth - 14,
    xAt: ([share]) => frame?.nearest(share * ruler.offsetWidth) ?? null,
  };
}

// The names of the lines, and what each tells
function chartLegend() {
  const list = made("ul", "chart-legend");
  return {
    list,
    name(series) {
      const entry = ({ name, number }) =>
        made("li", "chart-entry", {}, chartKey(number), made("span", "", {}, name), made("b"));
      list.replaceChildren(...series.map(entry));
    },
    tell: (entries) => entries.forEach(({ number, text }) => (list.children[number].lastChild.textContent = text)),
  };
}

// told: hears of each moment that is looked at, { at, newest, entries }, in place of the legend
function chart({ model, el }, told = null) {
  const heading = made("span", "heading");
  const follows = button(_("to the newest"), () => {
    stage.focus(); // the button is about to go
    keep(newest());
  });
  const choose = (place) => tell(model, { kind: chartKinds(model)[place] });
  const kinds = radios("bar chart-kinds", { "aria-label": _("which curves") }, choose);
  const [drawing, legend] = [chartDrawing(), chartLegend()];
  const { stage } = drawing;
  const nothing = made("p", "quiet", {}, _("Nothing above 0 so far: a logarithmic axis cannot show it."));
  const bar = made("div", "bar chart-bar", {}, heading, follows, kinds);
  const whole = made("div", "chart", {}, bar, made("div", "row", {}, stage, told ? "" : legend.list), nothing);
  el.append(whole);

  let series = [];
  let places = []; // all x, in order
  let at = model.get("at"); // what was pressed or told; 0 for the newest
  let over = null; // what the pointer is over, or drags

  const newest = () => places.at(-1) ?? 0;
  const closer = (x) => (one, other) => (Math.abs(other - x) < Math.abs(one - x) ? other : one);
  const nearestTo = (x) => places.reduce(closer(x), newest());
  const seen = () => nearestTo(over ?? (at || newest()));

  function read() {
    const all = chartKinds(model);
    const listed = [...kinds.children].map((each) => each.textContent);
    if (all.join() !== listed.join()) kinds.replaceChildren(...all.map((kind) => radio("button", kind)));
    check(kinds, all.indexOf(chartKind(model)));
    kinds.hidden = all.length < 2;
    series = chartSeries(model);
    places = [...new Set(series.flatMap(({ xs }) => xs))].sort((one, other) => one - other);
    whole.hidden = places.length === 0;
    nothing.hidden = series.some(({ ys }) => ys.some(chartIsDrawn));
    legend.name(series);
    draw();
  }

  function draw() {
    const [across, until, ceiling] = ["across", "until", "ceiling"].map((name) => model.get(name));
    const up = commas(chartKind(model), model.get("up"));
    drawing.draw(series, { across, up, until, ceiling });
    point();
  }

  // Only this is done when the pointer moves
  function point() {
    const now = seen();
    const entries = chartEntries(series, now, now > places[0] ? model.get("leader") : "");
    const [moment, all] = [chartMoment(model, chartNumber(now)), model.get("until")];
    heading.textContent = all > 0 ? _("{moment} of {all}", { moment, all: chartNumber(all) }) : moment;
    follows.style.visibility = at === 0 ? "hidden" : ""; // its room stays
    drawing.mark(now, entries, over !== null || at !== 0);
    const values = semicolons(...entries.map((each) => colon(each.name, each.text)));
    const words = colon(commas(moment, chartKind(model)), values);
    write(stage, { "aria-valuemin": places[0] ?? 0, "aria-valuemax": newest() });
    write(stage, { "aria-valuenow": now, "aria-valuetext": words });
    if (told) told({ at: now, newest: now === newest(), entries });
    else legend.tell(entries);
  }

  function keep(x) {
    over = null;
    at = x === newest() ? 0 : x;
    tell(model, { at });
    point();
  }

  function look(spot) {
    const x = spot && drawing.xAt(spot);
    const now = x === null ? null : nearestTo(x);
    if (now === over) return;
    over = now;
    point();
  }
  onPoint(stage, look, (spot) => {
    look(spot);
    if (over !== null) keep(over);
  });
  onSliderKeys(stage, (steps) => keep(places[between(0, places.indexOf(seen()) + steps, places.length - 1)]));

  const size = new ResizeObserver(() => drawing.isAsWide() || draw());
  size.observe(drawing.ruler);
  const end = follow(model, {
    "lines kind": read,
    "across up until ceiling leader": draw,
    words: () => write(stage, { "aria-label": model.get("words") || _("curves") }),
    at() {
      at = model.get("at");
      point();
    },
  });
  return ends(() => size.disconnect(), end);
}
