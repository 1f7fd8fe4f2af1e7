// One photograph in several manners, hung under letters. One compares two of them under the wipe and hangs one after the
// other, the best first; only then does the page tell whose they are, and in which order each judge would hang them.
//
// pictures: {picture, name, words: for those who listen, numbers: of each judge, the smaller the better}; judges:
// {name, words}; pair: the numbers of the two that are compared; order: those that hang, the best first; about: what they
// show; problem: why there are none.

const WALL_LETTERS = "ABCDEFGH";

// Of all pairs of pictures, on how many two orders agree
function wallAgreement(judge, one, other) {
  const pairs = one.flatMap((first, place) => one.slice(place + 1).map((second) => [first, second]));
  const agreed = pairs.filter(([first, second]) => other.indexOf(first) < other.indexOf(second));
  return _("{judge} on {agreed} of {pairs}", { judge, agreed: agreed.length, pairs: pairs.length });
}

function wall({ model, el }) {
  const pictures = gallery();
  const [about, problem] = [made("p"), made("p", "empty")];
  const row = made("div", "wall-row", { role: "group", "aria-label": _("the wall: press one to compare it") });
  const hangs = [0, 1].map((side) => button("", () => hang(model.get("pair")[side])));
  const down = button(_("Take all down"), () => tell(model, { order: [] }));
  const [stage, said, judged] = [made("div", "wall-stage"), voice(""), made("div", "wall-judged")];
  const under = modelOf({ share: 50, width: 420, empty: "" });
  el.append(about, problem, row, made("div", "row", {}, stage, made("div", "side", {}, made("div", "bar", {}, ...hangs, down), said.node, judged)));
  const endWipe = wipe({ model: under, el: stage });
  let tiles = [];

  const count = () => model.get("pictures").length;
  const isOver = () => count() > 0 && model.get("order").length === count();
  const named = (number) => commas(WALL_LETTERS[number], isOver() && model.get("pictures")[number].name);

  function fill() {
    for (const { picture } of tiles) pictures.show(picture);
    tiles = model.get("pictures").map((each, number) => {
      const [picture, label] = [made("img", "picture", { alt: "" }), made("span")];
      const tile = made("button", "button wall-tile", { type: "button" }, picture, label);
      tile.addEventListener("click", () => {
        const pair = model.get("pair");
        if (!pair.includes(number)) tell(model, { pair: [pair[1], number] });
      });
      pictures.show(picture, each.picture);
      return { tile, picture, label };
    });
    row.replaceChildren(...tiles.map(({ tile }) => tile));
    about.textContent = model.get("about");
    problem.textContent = model.get("problem");
    problem.hidden = !problem.textContent;
    for (const each of [row, stage, down, ...hangs]) each.hidden = !count();
  }

  // The last one that is left hangs by itself
  function hang(number) {
    const order = [...model.get("order"), number];
    const left = tiles.map((_, each) => each).filter((each) => !order.includes(each));
    tell(model, { order: left.length === 1 ? [...order, ...left] : order });
  }

  function show() {
    const [all, pair, order] = [model.get("pictures"), model.get("pair"), model.get("order")];
    if (!all.length) return;
    tiles.forEach(({ tile, label }, number) => {
      const place = order.indexOf(number) + 1;
      const name = named(number);
      label.textContent = place ? _("{name}: number {place}", { name, place }) : name;
      const words = sentences(_("{word}.", { word: label.textContent }), all[number].words);
      write(tile, { "aria-pressed": pair.includes(number), "aria-label": words });
    });
    const names = pair.map(named);
    under.set("before", all[pair[0]].picture);
    under.set("before_name", names[0]);
    under.set("after_name", names[1]);
    under.set("words", wipeWords(...names));
    under.set("after", all[pair[1]].picture);
    hangs.forEach((each, side) => {
      each.textContent = _("Hang {letter} as number {place}", { letter: WALL_LETTERS[pair[side]], place: order.length + 1 });
      each.hidden = isOver();
      write(each, { "aria-disabled": order.includes(pair[side]) });
    });
    write(down, { "aria-disabled": !order.length });
    judged.replaceChildren(...(isOver() ? [orders()] : []));
    const hint = _("Press two to compare them, and hang the better one. Whose they are comes at the end.");
    const both = _("Both of these hang already: press one above that does not hang yet.");
    said.say(isOver() ? verdict() : pair.every((number) => order.includes(number)) ? both : hint);
  }

  const orderOf = ({ name }) => {
    const numbers = model.get("pictures").map((each) => each.numbers[name]);
    return numbers.map((_, number) => number).sort((one, other) => numbers[one] - numbers[other]);
  };

  function verdict() {
    const each = model.get("judges").map((judge) => wallAgreement(judge.name, model.get("order"), orderOf(judge)));
    return _("Of the pairs of pictures, the judges agree with you: {agreed}.", { agreed: listed(...each) });
  }

  function orders() {
    const cell = (number, value) => {
      const digits = value === undefined ? "" : ` ${value.toFixed(2)}`;
      return made("td", "", {}, made("b", "", {}, WALL_LETTERS[number]), digits);
    };
    const line = (name, words, cells) => made("tr", "", {}, made("th", "", { scope: "row", title: words }, name), ...cells);
    const head = ["", ...model.get("order").map((_, place) => place + 1)].map((text) => made("th", "", { scope: "col" }, text));
    const judges = model.get("judges").map((judge) => {
      const cells = orderOf(judge).map((number) => cell(number, model.get("pictures")[number].numbers[judge.name]));
      return line(colon(judge.name, judge.words), judge.words, cells);
    });
    const mine = line(_("you"), _("your own order"), model.get("order").map((number) => cell(number)));
    return made("table", "wall-orders", {}, made("thead", "", {}, made("tr", "", {}, ...head)), made("tbody", "", {}, mine, ...judges));
  }

  const end = follow(model, {
    "pictures about problem": fill,
    "pair order judges pictures": show,
  });
  return ends(end, endWipe, pictures.end);
}
