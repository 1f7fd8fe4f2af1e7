// One of several comparisons is chosen; its two pictures lie under the wipe, with what was measured on both.
//
// rows: {name, words, before, after (places in `pictures`), names: [two], lines: [two lists of text], verdict, code}
// pictures: a list of them; chosen: the row; label: of the list; empty: what is said while there are none.

function compare({ model, el }) {
  const list = radios("compare-list", { "aria-label": model.get("label") }, (chosen) => tell(model, { chosen }));
  const stage = made("div");
  const words = made("p", "compare-words");
  const columns = [0, 1].map(() => made("div", "compare-column"));
  const verdict = voice("");
  const code = made("pre", "compare-code", { tabindex: "0", "aria-label": _("both settings in Python") });
  const under = made("div", "compare-side", {}, made("div", "row", {}, ...columns), verdict.node, code);
  const picture = modelOf({ share: 50, width: 420, empty: model.get("empty") });
  const right = made("div", "row compare-right", {}, made("div", "compare-side", {}, words, stage), under);
  el.append(made("div", "row", {}, list, right));
  const endWipe = wipe({ model: picture, el: stage });

  function fill() {
    const names = model.get("rows").map(({ name }) => name);
    const listed = [...list.children].map((each) => each.textContent);
    if (names.join("\n") === listed.join("\n")) return; // who walks there stays there
    list.replaceChildren(...names.map((name) => radio("button plain", name)));
  }

  function show() {
    const [row, pictures] = [model.get("rows")[model.get("chosen")], model.get("pictures")];
    check(list, model.get("chosen"));
    const there = isThere(pictures[row?.after]) && isThere(pictures[row?.before]);
    under.hidden = !there;
    words.textContent = row?.words ?? "";
    picture.set("before", there ? pictures[row.before] : "");
    picture.set("after", there ? pictures[row.after] : "");
    if (!there) return;
    picture.set("before_name", row.names[0]);
    picture.set("after_name", row.names[1]);
    picture.set("words", wipeWords(...row.names));
    const headings = [_("Before: {name}", { name: row.names[0] }), _("After: {name}", { name: row.names[1] })];
    columns.forEach((column, side) => {
      const lines = row.lines[side].map((line) => made("div", "", {}, line));
      column.replaceChildren(made("div", "heading", {}, headings[side]), ...lines);
    });
    verdict.say(row.verdict);
    code.textContent = row.code;
  }

  const end = follow(model, {
    rows() {
      fill();
      show();
    },
    "chosen pictures": show,
  });
  return ends(end, endWipe);
}
