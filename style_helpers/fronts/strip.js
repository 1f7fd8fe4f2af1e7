// Pictures, one of them large: one clicks on the row of small ones, drags along it like a film, or walks with the arrows.
//
// pictures: a list of {picture, label: short, name, lines, words: for those who listen}; chosen: the number of the large
// one; newest: one more of them and its number; have: how many are here, told when some got lost on the way;
// large: {number, picture}: that one in full size, where `pictures` are small; beside: pictures that stay beside the large
// one; width: of the large one, pixels.

// A picture with its caption; without a picture, its words stand in its place
function stripFigure(names) {
  const picture = made("img", "picture", { alt: "", draggable: "false" });
  const none = made("div", "empty");
  const view = made("div", "strip-view", {}, picture, none);
  const [name, lines] = [made("div", "heading"), made("div", "quiet")];
  const say = (frame) => {
    picture.alt = none.textContent = frame.words || frame.name;
    picture.hidden = !isThere(frame.picture);
    none.hidden = !picture.hidden;
    name.textContent = frame.name;
    lines.replaceChildren(...frame.lines.map((line) => made("div", "", {}, line)));
  };
  return { figure: made("figure", names, {}, view, made("figcaption", "strip-caption", {}, name, lines)), view, picture, say };
}

// The large picture and those beside it, put into `root`. A click on it makes it as wide as the page, another takes it back.
function stripStage(model, root) {
  const [pictures, large] = [gallery(), stripFigure("strip-large")];
  const corners = made("path", "strip-corners", { d: "M2 7V2H7M11 2H16V7M16 11V16H11M7 16H2V11" });
  const glyph = made("svg", "", { viewBox: "0 0 18 18", width: "18", height: "18", "aria-hidden": "true" }, corners);
  const its = { type: "button", "aria-label": _("larger"), "aria-pressed": "false" };
  const button = made("button", "bare strip-enlarge", its, glyph);
  const box = made("div", "strip-stage", {}, large.figure);
  let others = [];
  large.view.append(button);
  root.append(box);

  const enlarge = (now) => write(button, { "aria-pressed": root.classList.toggle("nst-strip-enlarged", now) });
  for (const each of [button, large.picture]) {
    each.addEventListener("click", () => {
      enlarge();
      button.focus({ preventScroll: true }); // so that Escape is heard
    });
  }
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || button.getAttribute("aria-pressed") !== "true") return; // else it is the page's
    enlarge(false);
    event.stopPropagation();
  });

  const end = follow(model, {
    beside() {
      for (const each of others) pictures.show(each.picture), each.figure.remove();
      others = model.get("beside").map((frame) => {
        const other = stripFigure("strip-beside");
        other.say(frame);
        pictures.show(other.picture, frame.picture);
        return other;
      });
      box.prepend(...others.map((each) => each.figure));
    },
    width: () => root.style.setProperty("--nst-strip-width", `${model.get("width")}px`),
  });
  return {
    pictures,
    show(frame, source) {
      large.figure.hidden = !frame;
      if (!frame) return;
      large.say(frame);
      pictures.show(large.picture, source);
    },
    end: ends(end, pictures.end),
  };
}

// Radio buttons with small pictures in a box. Which of them is under the pointer is `at(event)`. A drag, and a walk with a
// key held down, shows each picture at once, and is told once at its end.
function stripChoice({ model, box, stage, at, shown = () => {} }) {
  const slots = [];
  let [chosen, begun, walking] = [0, 0, false];

  function choose(number) {
    chosen = between(0, number, Math.max(0, slots.length - 1));
    check(box, chosen);
    const [slot, large] = [slots[chosen], model.get("large") ?? {}];
    const source = large.number === chosen && isThere(large.picture) ? large.picture : slot?.picture.src;
    stage.show(slot?.frame, source);
    shown(chosen);
  }

  function walk(number) {
    walking = true;
    choose(number);
    slots[chosen]?.radio.focus();
  }

  function keep() {
    walking = false;
    if (chosen !== model.get("chosen")) tell(model, { chosen });
  }

  // As many as there are frames; those that stay are not touched
  function fit(frames) {
    while (slots.length > frames.length) {
      const { picture, radio } = slots.pop();
      stage.pictures.show(picture);
      radio.remove();
    }
    frames.forEach((frame, number) => {
      if (!slots[number]) {
        const [picture, label] = [made("img", "strip-small", { alt: "", draggable: "false" }), made("span", "strip-label")];
        const radio = made("div", "strip-slot", { role: "radio" }, picture, label);
        box.append(radio);
        slots.push({ picture, label, radio });
      }
      const slot = slots[number];
      if (slot.frame === frame) return;
      slot.frame = frame;
      slot.label.textContent = frame.label;
      write(slot.radio, { "aria-label": frame.words || frame.name, title: frame.name });
      stage.pictures.show(slot.picture, frame.picture);
    });
    again();
  }

  const isDragged = onDrag(box, {
    begin() {
      begun = chosen;
      return slots.length > 0;
    },
    move(event) {
      const number = at(event);
      if (number !== chosen) choose(number);
    },
    drop: (event) => dropped(at(event)),
    back: () => dropped(begun),
  });
  function dropped(number) {
    choose(number);
    slots[chosen]?.radio.focus({ preventScroll: true });
    keep();
  }
  const again = () => choose(isDragged() || walking ? chosen : model.get("chosen"));

  box.addEventListener("click", (event) => {
    const number = slots.findIndex(({ radio }) => radio.contains(event.target)); // a screen reader's; a pointer's is the box's
    if (number < 0) return;
    choose(number);
    keep();
  });
  const [back, on] = [() => walk(chosen - 1), () => walk(chosen + 1)];
  onKeys(box, {
    ArrowLeft: back,
    ArrowUp: back,
    ArrowRight: on,
    ArrowDown: on,
    Home: () => walk(0),
    End: () => walk(slots.length - 1),
  });
  for (const event of ["keyup", "focusout"]) {
    box.addEventListener(event, ({ relatedTarget }) => {
      if (walking && !box.contains(relatedTarget ?? null)) keep();
    });
  }
  return { slots, fit, again };
}

// The row of them all under a stage: what `stripStage` gives, or another that has a gallery and `show(frame, source)`
function stripRow(model, stage, label) {
  const row = made("div", "drag strip-row", { role: "radiogroup", "aria-label": label });
  const at = (event) => Math.floor(between(0, placeIn(row, event).x, 0.9999) * choice.slots.length);
  const choice = stripChoice({ model, box: row, stage, at });
  const end = follow(model, {
    // One more comes alone. The list itself grows, here as in Python, so that nothing is sent again and all views have it.
    newest() {
      const [pictures, newest] = [model.get("pictures"), model.get("newest")];
      if (newest.number === pictures.length) pictures.push(newest);
      else if (newest.number > pictures.length) tell(model, { have: pictures.length });
    },
    "pictures newest": () => {
      row.style.setProperty("--nst-strip-count", model.get("pictures").length);
      choice.fit(model.get("pictures"));
    },
    "chosen large": choice.again,
  });
  return { row, end };
}

function strip({ model, el }) {
  const root = made("div", "strip");
  const stage = stripStage(model, root);
  el.append(root);
  const { row, end } = stripRow(model, stage, _("pictures"));
  root.append(row);
  return ends(end, stage.end);
}
