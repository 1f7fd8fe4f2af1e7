// One of several comparisons is chosen; its two pictures lie under the wipe, with what was measured on both.
//
// rows: {name, words, before, after (places in `pictures`), names: [two], lines: [two lists of text], verdict, code}
// pictures: a list of them; chosen: the row; label: of the list; empty: what is said while there are none.

function compare({ model, el }) {
  const list = made("div", "compare-list", { role: "radiogroup", "aria-label": model.get("label") });
  const stage = made("div", "compare-stage");
  const words = made("p", "compare-words");
  const columns = [0, 1].map(() => made("div", "compare-column"));
  const verdict = made("p", "compare-verdict", { "aria-live": "polite" });
  const code = made("pre", "compare-code", { tabindex: "0", "aria-label": "both settings in Python" });
  const under = made("div", "", {}, made("div", "row compare-columns", {}, ...columns), verdict, code);
  const picture = modelOf({ share: 50, width: 420, empty: model.get("empty") });
  el.append(made("div", "row compare", {}, list, made("div", "compare-right", {}, words, stage, under)));
  const endWipe = wipe({ model: picture, el: stage });
  let tiles = [];

  function choose(place, focus = true) {
    tell(model, { chosen: (place + tiles.length) % tiles.length });
    if (focus) tiles[model.get("chosen")].focus();
  }
  onKeys(list, {
    ArrowDown: () => choose(model.get("chosen") + 1),
    ArrowRight: () => choose(model.get("chosen") + 1),
    ArrowUp: () => choose(model.get("chosen") - 1),
    ArrowLeft: () => choose(model.get("chosen") - 1),
    Home: () => choose(0),
    End: () => choose(tiles.length - 1),
  });

  function fill() {
    const names = model.get("rows").map(({ name }) => name);
    if (names.join("\n") === tiles.map((tile) => tile.textContent).join("\n")) return; // who walks there stays there
    tiles = model.get("rows").map(({ name }, place) => {
      const tile = made("button", "button compare-tile", { type: "button", role: "radio" }, name);
      tile.addEventListener("click", () => choose(place, false));
      return tile;
    });
    list.replaceChildren(...tiles);
  }

  function show() {
    const [row, pictures] = [model.get("rows")[model.get("chosen")], model.get("pictures")];
    tiles.forEach((tile, place) => {
      tile.setAttribute("aria-checked", String(place === model.get("chosen")));
      tile.tabIndex = place === model.get("chosen") ? 0 : -1;
    });
    const there = isThere(pictures[row?.after]) && isThere(pictures[row?.before]);
    under.hidden = !there;
    sayIn(words, row?.words ?? "");
    picture.set("before", there ? pictures[row.before] : "");
    picture.set("after", there ? pictures[row.after] : "");
    if (!there) return;
    picture.set("before_name", row.names[0]);
    picture.set("after_name", row.names[1]);
    picture.set("words", `A wipe from ${row.names[0]}, at the left, to ${row.names[1]}`);
    columns.forEach((column, side) => {
      const heading = made("div", "heading", {}, `${["Before", "After"][side]}: ${row.names[side]}`);
      column.replaceChildren(heading, ...row.lines[side].map((line) => made("div", "", {}, line)));
    });
    sayIn(verdict, row.verdict);
    sayIn(code, row.code);
  }

  const end = follow(model, {
    rows: () => {
      fill();
      show();
    },
    "chosen pictures": show,
  });
  return () => {
    end();
    endWipe();
  };
}
