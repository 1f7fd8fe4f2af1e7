// Pictures in a row, one of them chosen by clicking it, and a last place for one's own: a file, dropped, pasted, taken.
//
// kind: what they are; names, thumbnails: of the bundled ones; chosen: which, names.length is one's own; own,
// own_thumbnail: the name and look of that; offered, offered_name: a file for Python to look at, and when it has,
// `offered` is empty again; wrong: why it cannot be taken.

const CHOOSER_LONGEST = 2048; // pixels on the longer side of what is sent
const CHOOSER_AS_IT_IS = 4e6; // bytes; a smaller file of a small picture is sent unchanged
const CHOOSER_MOST = 8e6; // bytes; a notebook's server drops messages of more than 10 MB without a word
const CHOOSER_READ = ["image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp"]; // by Python, in any case

// A file as { content: Blob, sizes } no larger than a message may be. The browser turns it upright, as EXIF says. sizes:
// what it had and has now, if that is less. Without content it is no picture that the browser can open.
async function chooserFitted(file) {
  const picture = new Image();
  const address = URL.createObjectURL(file);
  try {
    picture.src = address;
    await picture.decode();
    const [wide, high] = [picture.naturalWidth, picture.naturalHeight];
    const scale = Math.min(1, CHOOSER_LONGEST / Math.max(wide, high));
    const plain = CHOOSER_READ.includes(file.type) && file.size <= CHOOSER_AS_IT_IS;
    if (scale === 1 && plain) return { content: file };
    const [width, height] = [wide, high].map((side) => Math.max(1, Math.round(scale * side)));
    const canvas = made("canvas", "", { width, height });
    const context = canvas.getContext("2d");
    context.fillStyle = "white"; // under transparent parts, as Python has it
    context.fillRect(0, 0, width, height);
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, 0, 0, width, height);
    const saved = (kind) => new Promise((done) => canvas.toBlob(done, kind, 0.92));
    let content = file.type === "image/png" ? await saved("image/png") : null;
    if (!content || content.size > CHOOSER_AS_IT_IS) content = await saved("image/jpeg");
    return { content, sizes: scale < 1 ? { wide, high, width, height } : null };
  } catch {
    // Python says what is wrong with it, or reads it: TIFF
    return file.size <= CHOOSER_MOST ? { content: file } : {};
  } finally {
    URL.revokeObjectURL(address);
  }
}

function chooserTile() {
  const picture = made("img", "chooser-picture", { alt: "", draggable: "false" });
  const name = made("span", "chooser-name");
  const mark = made("span", "chooser-mark", {}, "\u2713");
  const frame = made("span", "chooser-frame", { "aria-hidden": "true" }, picture, mark);
  return { picture, name, tile: radio("bare chooser-tile", frame, name) };
}

// A place that opens the browser's own window for files, or its camera
function chooserInput(sign, words, attributes, take) {
  const input = made("input", "", { type: "file", accept: "image/*", tabindex: "-1", ...attributes });
  input.hidden = true;
  const frame = made("span", "chooser-frame chooser-free", { "aria-hidden": "true" }, sign);
  const tile = made("button", "bare chooser-tile", { type: "button" }, frame, made("span", "chooser-name", {}, words));
  tile.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    if (input.files.length) take(input.files[0]);
    input.value = ""; // the same file again is a change too
  });
  return { tile, input };
}

function chooser({ model, el }) {
  const title = made("span", "heading");
  const now = made("span", "chooser-now");
  const hint = made("span", "chooser-hint small", {}, _("drop or paste your own"));
  const group = radios("chooser-radios", {}, choose);
  const file = chooserInput("+", _("your own"), { "data-place": "file" }, take);
  const camera = chooserInput("\u25C9", _("camera"), { capture: "environment", "data-place": "camera" }, take);
  const tiles = made("div", "chooser-tiles", {}, group, file.tile, file.input, camera.tile, camera.input);
  const said = voice("chooser-said");
  const row = made("div", "chooser", {}, made("div", "chooser-top", {}, title, now, hint), tiles, said.node);
  el.append(row);
  file.tile.title = _("choose a file, or drop or paste a picture here");
  camera.tile.hidden = !window.matchMedia("(any-pointer: coarse)").matches; // elsewhere it would open the same window

  const pictures = gallery();
  let all = []; // of the radio group: { picture, look, name, tile }
  let note = ""; // about one's own picture
  let reading = ""; // the note while it is read
  let problem = ""; // found here, before Python sees the file
  let asked = 0; // how many files were given: only the last one counts

  function choose(place) {
    note = problem = "";
    tell(model, { chosen: place, wrong: "" });
    mark(); // also when it was chosen before
  }

  function fill() {
    const names = model.get("names");
    const looks = [...model.get("thumbnails")];
    if (model.get("own")) looks.push(model.get("own_thumbnail"));
    for (const { tile, picture } of all.splice(looks.length)) {
      pictures.show(picture);
      tile.remove();
    }
    looks.forEach((look, place) => {
      all[place] ??= chooserTile();
      const one = all[place];
      const words = names[place] ?? _("your own: {name}", { name: model.get("own") });
      if (one.look !== look) pictures.show(one.picture, look);
      one.look = look;
      one.name.textContent = names[place] ?? model.get("own");
      write(one.tile, { "aria-label": words, title: words });
    });
    group.append(...all.slice(group.children.length).map(({ tile }) => tile));
    mark();
  }

  function mark() {
    check(group, model.get("chosen"));
    title.textContent = model.get("kind");
    write(group, { "aria-label": model.get("kind") });
    now.textContent = model.get("names")[model.get("chosen")] ?? model.get("own");
    speak();
  }

  function speak() {
    const wrong = model.get("wrong") || problem;
    row.classList.toggle("nst-chooser-wrong", Boolean(wrong));
    said.say(wrong ? _("Please look: {wrong}", { wrong }) : note);
  }

  async function take(given) {
    const mine = ++asked;
    const name = given.name || _("pasted picture");
    tell(model, { wrong: "" });
    note = reading = _("Reading {name}.", { name });
    problem = "";
    speak();
    try {
      const { content, sizes } = await chooserFitted(given);
      const bytes = content && new DataView(await content.arrayBuffer());
      if (mine !== asked) return;
      if (!bytes) {
        return fail(_("'{name}' is no picture that this browser can open; save it as JPEG or PNG first.", { name }));
      }
      note = sizes ? _("{name}: {wide} x {high} pixels, used at {width} x {height}.", { name, ...sizes }) : "";
      tell(model, { offered_name: name, offered: bytes });
    } catch (error) {
      if (mine === asked) fail(`'${name}' ${error.message}`);
    }
  }

  function fail(sentence) {
    problem = sentence;
    speak();
  }

  const over = (yes) => row.classList.toggle("nst-chooser-over", yes);
  const dragged = (event) => {
    event.preventDefault(); // else the browser leaves the page and opens the file
    event.stopPropagation();
    over(event.type !== "drop");
  };
  row.addEventListener("dragenter", dragged);
  row.addEventListener("dragover", dragged);
  row.addEventListener("dragleave", (event) => over(row.contains(event.relatedTarget)));
  row.addEventListener("drop", (event) => {
    dragged(event);
    const [given] = event.dataTransfer.files;
    if (given) take(given);
    else fail(_("what was dropped is no file: save the picture on this computer first, and drop that file."));
  });
  const pasted = (event) => {
    const given = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    const under = document.querySelector(".nst-chooser:hover"); // the pointer says which, else the focus
    if (!given || (under ? under !== row : !row.contains(document.activeElement))) return; // another's
    event.preventDefault();
    event.stopImmediatePropagation(); // other choosers listen to the same page
    take(given);
  };
  document.addEventListener("paste", pasted, true);
  const end = follow(model, {
    "names thumbnails own own_thumbnail": fill,
    "chosen kind": mark,
    wrong: speak,
    offered: () => {
      if (isThere(model.get("offered"))) return;
      if (note === reading || model.get("wrong")) note = "";
      speak();
    },
  });
  const endTaking = () => {
    asked += 1; // what is still being read is for nobody
    document.removeEventListener("paste", pasted, true);
  };
  return ends(endTaking, end, pictures.end);
}
