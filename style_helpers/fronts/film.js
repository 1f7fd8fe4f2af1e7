// A run, moment by moment: the photo lies under the picture of the chosen moment as a wipe, the moments are the strip's.
//
// pictures, chosen, newest, have, width: as strip.js; large: {number, picture, name}: a moment in full size; before,
// before_name, share, words, empty: as wipe.js.

function film({ model, el }) {
  const picture = modelOf({ share: model.get("share"), after: "", after_name: "" });
  const lend = (name) => [name, () => picture.set(name, model.get(name))];
  const endLent = follow(model, Object.fromEntries(["before", "before_name", "width", "empty", "words"].map(lend)));
  const small = gallery();
  const stage = {
    pictures: small,
    show(frame, source) {
      const large = model.get("large");
      const whole = isThere(source) && source === large.picture;
      picture.set("after_name", (whole && large.name) || frame?.name || "");
      picture.set("after", source ?? "");
    },
  };
  const box = made("div");
  const endWipe = wipe({ model: picture, el: box });
  const { row, end } = stripRow(model, stage, _("moments of the run"));
  el.append(made("div", "film", {}, box, row));
  return ends(end, endLent, endWipe, small.end);
}
