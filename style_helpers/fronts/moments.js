// The chart, and over it for each of its lines the picture of the moment that is pointed at.
//
// As chart.js; and run: another number for another run; moments: [{ at, pictures }], a picture for each line or nothing,
// at 0 for before the first; fresh: those that came since the last message; notes: for each line what is said at its
// end; width: of a picture at most, pixels.
//
// Pictures lie decoded and ready, so that pointing draws them in the same frame.

// ready: called when it can be drawn
function momentsPicture(given, ready) {
  const held = { picture: null, end: () => held.picture?.close?.() };
  const address = typeof given === "string" ? Object.assign(new Image(), { src: given }) : null;
  const coming = address ? address.decode().then(() => address) : createImageBitmap(new Blob([given]));
  const come = (picture) => {
    held.picture = picture;
    ready(held);
  };
  coming.then(come, () => {}); // of a damaged file nothing is drawn
  return held;
}

function momentsColumn(name, number) {
  const [when, value, note] = [made("span", "chip moments-when"), made("span", "heading"), made("p", "moments-note")];
  const canvas = made("canvas", "picture", { role: "img" });
  const heading = made("div", "heading moments-name", {}, name);
  const tells = made("div", "moments-tells", {}, chartKey(number), value);
  const picture = made("div", "moments-view", {}, canvas, when);
  const box = made("div", "moments-column", {}, heading, picture, tells, note);
  return { box, name, canvas, when, value, note, shown: null };
}

function moments({ model, el }) {
  const row = made("div", "moments");
  const below = made("div");
  el.append(row, below);
  const kept = new Map(); // at: for each line its picture, or nothing
  let columns = [];
  let run = null;
  let ended = false;
  let now = { at: 0, newest: true, entries: [] };

  const forget = () => [...kept.values()].flat().forEach((held) => held?.end());

  function gather() {
    if (model.get("run") !== run) {
      run = model.get("run");
      forget();
      kept.clear();
    }
    const moments = model.get("moments");
    // The list itself grows, here as in Python, so that a view that is opened later has them all
    moments.push(...model.get("fresh").filter((each) => !moments.some(({ at }) => at === each.at)));
    for (const { at, pictures } of moments) {
      if (!kept.has(at)) kept.set(at, pictures.map((given) => (isThere(given) ? momentsPicture(given, come) : null)));
    }
    show();
  }

  function come(held) {
    if (ended || ![...kept.values()].some((each) => each.includes(held))) held.end();
    else show();
  }

  // The moment nearest to the one pointed at that has a picture of this line ready
  function nearest(number) {
    let found = null;
    for (const [at, pictures] of kept) {
      if (!pictures[number]?.picture) continue;
      if (found === null || Math.abs(at - now.at) < Math.abs(found - now.at)) found = at;
    }
    return found;
  }

  function show() {
    columns.forEach((column, number) => {
      const { text, ended: over } = now.entries[number];
      const at = nearest(number);
      const note = (now.newest || over) && model.get("notes")[number];
      column.value.textContent = over ? "" : text; // the note says it
      column.note.textContent = note || "";
      const when = at === null ? "" : at === 0 ? _("the start") : chartMoment(model, at);
      column.when.textContent = when;
      column.when.hidden = !when;
      write(column.canvas, { "aria-label": commas(column.name, when, text, note) });
      if (at !== null) put(column, kept.get(at)[number].picture);
    });
  }

  function put(column, picture) {
    if (column.shown === picture) return;
    column.shown = picture;
    const { canvas } = column;
    const [width, height] = [picture.naturalWidth ?? picture.width, picture.naturalHeight ?? picture.height];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    canvas.getContext("2d").drawImage(picture, 0, 0);
  }

  const end = chart({ model, el: below }, (moment) => {
    now = moment;
    const names = moment.entries.map(({ name }) => name);
    if (names.join("\n") !== columns.map(({ name }) => name).join("\n")) {
      columns = names.map(momentsColumn);
      row.replaceChildren(...columns.map(({ box }) => box));
    }
    row.hidden = columns.length === 0;
    show();
  });
  const endToo = follow(model, {
    "run moments fresh": gather,
    notes: show,
    width: () => row.style.setProperty("--wide", `${model.get("width")}px`),
  });
  const endThis = () => {
    ended = true;
    forget();
  };
  return ends(end, endToo, endThis);
}
