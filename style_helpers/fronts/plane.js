// Content against style: the pictures stand on a plane at their points, joined by a line, and one moves along it.
//
// points: a list of pictures as the strip's, each with x: LPIPS, how far from the photo, and y: style distance, how far
// from the painting; now: those computed just now, as crosses; chosen: the number of the large one, in both lists, one
// after the other; beside, width: as the strip's; hint: what to try.

const PLANE_EDGE = { left: 38, right: 8, top: 26, bottom: 46 }; // pixels around it, for the axes' words

function planeTicks(most) {
  const step = most > 1.2 ? 0.5 : most > 0.7 ? 0.25 : 0.2;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, number) => Number((number * step).toFixed(2)));
}

// Where the pictures lie: each at the upper right or lower left of its point, over or under it, as near as it lies free.
// places: [{x, y, wide, high}] in pixels; gives [{left, top}]
function planeSeats(places, width, height) {
  const seats = [];
  for (const { x, y, wide, high } of places) {
    const tries = [10, 30, 60, 100].flatMap((far) => [
      { left: x + far, top: y - far - high },
      { left: x - far - wide, top: y + far },
      { left: x - wide / 2, top: y + far + 6 },
      { left: x - wide / 2, top: y - far - 6 - high },
    ]);
    const isIn = (value, low, high) => value > low && value < high;
    const isFree = ({ left, top }) =>
      isIn(left, PLANE_EDGE.left, width - wide) &&
      isIn(top, PLANE_EDGE.top - 6, height - PLANE_EDGE.bottom - 20 - high) &&
      !seats.some((seat) => Math.abs(seat.left - left) < wide + 2 && Math.abs(seat.top - top) < high + 2) &&
      !places.some((other) => isIn(other.x, left - 7, left + wide + 7) && isIn(other.y, top - 7, top + high + 7));
    const seat = tries.find(isFree) ?? tries[0];
    seats.push({ left: between(0, seat.left, width - wide), top: between(0, seat.top, height - high) });
  }
  return seats;
}

// A disc on the line, or a cross for what was computed now, and what joins it to its picture
function planeMark({ x, y, left, top, wide, high, isNow }) {
  const end = { x2: between(left, x, left + wide), y2: between(top, y, top + high) };
  const cross = { d: `M${x - 6},${y - 6}l12,12m0,-12l-12,12` };
  const point = isNow ? made("path", "plane-cross", cross) : made("circle", "plane-point", { cx: x, cy: y, r: "4" });
  return [made("line", "plane-stalk", { x1: x, y1: y, ...end }), point];
}

function plane({ model, el }) {
  const root = made("div", "row plane");
  const drawing = made("svg", "plane-drawing", { "aria-hidden": "true" });
  const its = { role: "radiogroup", "aria-label": _("pictures between photo and painting") };
  const group = made("div", "drag plane-group", its);
  const field = made("div", "plane-field", {}, drawing, group);
  const hint = made("p", "quiet");
  root.append(made("div", "plane-side", {}, field, hint));
  el.append(root);
  const stage = stripStage(model, root);
  const [still, way, ring] = [made("g"), made("path", "plane-way"), made("circle", "plane-ring", { r: "9" })];
  drawing.append(still, way, ring);
  const words = (x, y, text, anchor = "start") => made("text", "plane-words", { x, y, "text-anchor": anchor }, text);
  let places = []; // of the points and their pictures, in pixels
  let [width, height, chosen] = [0, 0, 0];

  function at(event) {
    const box = group.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const far = places.map((each) => {
      const aside = [x - between(each.left, x, each.left + each.wide), y - between(each.top, y, each.top + each.high)];
      return Math.min(Math.hypot(x - each.x, y - each.y), Math.hypot(...aside));
    });
    const least = Math.min(...far);
    return far[chosen] === least ? chosen : far.indexOf(least); // of those that overlap, the one on top
  }
  const choice = stripChoice({ model, box: group, stage, at, shown: mark });

  function place() {
    [width, height] = [field.clientWidth, Math.round(between(290, 0.72 * field.clientWidth, 430))];
    const frames = choice.slots.map((slot) => slot.frame);
    const most = {
      x: 1.15 * Math.max(0.6, ...frames.map((each) => each.x)),
      y: 1.25 * Math.max(1, ...frames.map((each) => each.y)),
    };
    const left = (x) => PLANE_EDGE.left + ((width - PLANE_EDGE.left - PLANE_EDGE.right) * x) / most.x;
    const top = (y) => height - PLANE_EDGE.bottom - ((height - PLANE_EDGE.top - PLANE_EDGE.bottom) * y) / most.y;
    const side = width < 480 ? 42 : 62; // of a square picture; others have its area
    const count = model.get("points").length; // on the line; the others were computed now
    places = choice.slots.map(({ frame, picture }, number) => {
      const shape = picture.naturalWidth / picture.naturalHeight || 1.5;
      const size = { wide: side * Math.sqrt(shape), high: side / Math.sqrt(shape) };
      return { x: left(frame.x), y: top(frame.y), ...size, isNow: number >= count };
    });
    planeSeats(places, width, height).forEach((seat, number) => {
      const { wide, high } = Object.assign(places[number], seat);
      const parts = { left: seat.left / width, top: seat.top / height, width: wide / width, height: high / height };
      lay(choice.slots[number].radio, parts);
    });
    field.style.height = `${height}px`;
    write(drawing, { width, height });
    const line = places.slice(0, count);
    still.replaceChildren(
      made("path", "plane-axis", { d: `M${left(0)},${PLANE_EDGE.top}V${top(0)}H${width - PLANE_EDGE.right}` }),
      ...planeTicks(most.x).map((x) => words(left(x), top(0) + 15, String(x), "middle")),
      ...planeTicks(most.y).map((y) => words(left(0) - 6, top(y) + 4, String(y), "end")),
      words(left(0), top(0) + 34, _("← nearer to the photo")),
      words(width - PLANE_EDGE.right, top(0) + 34, "LPIPS", "end"),
      words(left(0) + 6, top(0) - 8, _("↓ nearer to the painting")),
      words(4, 14, _("style distance")),
      made("polyline", "plane-line", { points: line.map(({ x, y }) => `${x},${y}`).join(" ") }),
      ...places.flatMap(planeMark),
    );
    mark(chosen);
  }

  // From the chosen point the way to both axes
  function mark(number) {
    chosen = number;
    const here = places[chosen];
    for (const each of [way, ring]) each.style.display = here ? "" : "none";
    if (!here) return;
    way.setAttribute("d", `M${PLANE_EDGE.left},${here.y}H${here.x}V${height - PLANE_EDGE.bottom}`);
    ring.setAttribute("transform", `translate(${here.x},${here.y})`);
  }

  const size = new ResizeObserver(place);
  size.observe(field);
  group.addEventListener("load", place, true); // now the shape of a picture is known
  const end = follow(model, {
    "points now"() {
      choice.fit([...model.get("points"), ...model.get("now")]);
      place();
    },
    chosen: choice.again,
    hint: () => (hint.textContent = model.get("hint")),
  });
  return ends(() => size.disconnect(), end, stage.end);
}
