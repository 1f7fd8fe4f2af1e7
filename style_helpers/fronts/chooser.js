// Pictures in a row, one of them chosen by clicking it, and a last place for one's own: a file, dropped, pasted, taken.
//
// kind: what they are; names, thumbnails: of the bundled ones; chosen: which, names.length is one's own; own,
// own_thumbnail: the name and look of that; offered, offered_name: a file for Python to look at, and when it has,
// `offered` is empty again; wrong: why it cannot be taken.

const CHOOSER_LONGEST = 2048; // pixels on the longer side of what is sent
const CHOOSER_AS_IT_IS = 4e6; // bytes; a smaller file of a small picture is sent unchanged
const CHOOSER_MOST = 8e6; // bytes; a notebook's server drops messages of more than 10 MB without a word
const CHOOSER_READ = ["image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp"]; // by Python, in any case

// A file as { content: Blob, note } no larger than a message may be. The browser turns it upright, as EXIF says.
async function chooserFitted(file) {
  const picture = new Image();
  const address = URL.createObjectURL(file);
  try {
    picture.src = address;
    await picture.decode();
    const [wide, high] = [picture.naturalWidth, picture.naturalHeight];
    const scale = Math.min(1, CHOOSER_LONGEST / Math.max(wide, high));
    const plain = CHOOSER_READ.includes(file.type) && file.size <= CHOOSER_AS_IT_IS;
    if (scale === 1 && plain) return { content: file, note: "" };
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
    return { content, note: scale < 1 ? `${wide} x ${high} pixels, used at ${width} x ${height}` : "" };
  } catch {
    // Python says what is wrong with it, or reads it: TIFF
    if (file.size <= CHOOSER_MOST) return { content: file, note: "" };
    throw new Error("is no picture that this browser can open; save it as JPEG or PNG first.");
  } finally {
    URL.revokeObjectURL(address);
  }
}

function chooserTile(attributes) {
  const picture = made("img", "chooser-picture", { alt: "", draggable: "false" });
  const name = made("span", "chooser-name");
  const mark = made("span", "chooser-mark", {}, "\u2713");
  const frame = made("span", "chooser-frame", { "aria-hidden": "true" }, picture, mark);
  return { picture, name, tile: made("button", "chooser-tile", { type: "button", ...attributes }, frame, name) };
}

// A place that opens the browser's own window for files, or its camera
function chooserInput(sign, words, attributes, take) {
  const input = made("input", "", { type: "file", accept: "image/*", tabindex: "-1", ...attributes });
  input.hidden = true;
  const frame = made("span", "chooser-frame chooser-free", { "aria-hidden": "true" }, sign);
  const tile = made("button", "chooser-tile", { type: "button" }, frame, made("span", "chooser-name", {}, words));
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
  const hint = made("span", "quiet chooser-hint", {}, "drop or paste your own");
  const radios = made("div", "chooser-radios", { role: "radiogroup" });
  const file = chooserInput("+", "your own", { "data-place": "file" }, take);
  const camera = chooserInput("\u25C9", "camera", { capture: "environment", "data-place": "camera" }, take);
  const tiles = made("div", "chooser-tiles", {}, radios, file.tile, file.input, camera.tile, camera.input);
  const said = made("div", "chooser-said", { "aria-live": "polite" });
  const top = made("div", "chooser-top", {}, title, now, hint);
  const row = made("div", "chooser", {}, top, tiles, said);
  el.append(row);
  file.tile.title = "choose a file, or drop or paste a picture here";
  camera.tile.hidden = !window.matchMedia("(any-pointer: coarse)").matches; // elsewhere it would open the same window

  const pictures = gallery();
  let all = []; // of the radio group: { picture, look, name, tile }
  let note = ""; // about one's own picture
  let problem = ""; // found here, before Python sees the file
  let asked = 0; // how many files were given: only the last one counts

  function choose(place, focus = false) {
    note = problem = "";
    tell(model, { chosen: place, wrong: "" });
    mark(); // also when it was chosen before
    if (focus) all[place].tile.focus();
  }

  const walk = (step) => () => choose((model.get("chosen") + step + all.length) % all.length, true);

  function fill() {
    const names = model.get("names");
    const looks = [...model.get("thumbnails")];
    if (model.get("own")) looks.push(model.get("own_thumbnail"));
    for (const { tile, picture } of all.splice(looks.length)) {
      pictures.show(picture);
      tile.remove();
    }
    looks.forEach((look, place) => {
      if (!all[place]) {
        all[place] = chooserTile({ role: "radio" });
        all[place].tile.addEventListener("click", () => choose(place));
        radios.append(all[place].tile);
      }
      const words = names[place] ?? `your own: ${model.get("own")}`;
      if (all[place].look !== look) pictures.show(all[place].picture, look);
      all[place].look = look;
      all[place].name.textContent = names[place] ?? model.get("own");
      all[place].tile.setAttribute("aria-label", words);
      all[place].tile.title = words;
    });
    mark();
  }

  function mark() {
    const chosen = model.get("chosen");
    all.forEach(({ tile }, place) => {
      tile.setAttribute("aria-checked", String(place === chosen));
      tile.tabIndex = place === chosen ? 0 : -1;
    });
    title.textContent = model.get("kind");
    radios.setAttribute("aria-label", model.get("kind"));
    now.textContent = model.get("names")[chosen] ?? model.get("own");
    speak();
  }

  function speak() {
    const wrong = model.get("wrong") || problem;
    row.classList.toggle("nst-chooser-wrong", Boolean(wrong));
    sayIn(said, wrong ? `Please look: ${wrong}` : note);
  }

  async function take(given) {
    const mine = ++asked;
    const name = given.name || "pasted picture";
    tell(model, { wrong: "" });
    [note, problem] = [`Reading ${name}.`, ""];
    speak();
    try {
      const { content, note: about } = await chooserFitted(given);
      const bytes = new DataView(await content.arrayBuffer());
      if (mine !== asked) return;
      note = about && `${name}: ${about}.`;
      tell(model, { offered_name: name, offered: bytes });
    } catch (error) {
      if (mine !== asked) return;
      problem = `'${name}' ${error.message}`;
      speak();
    }
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
    else {
      problem = "what was dropped is no file: save the picture on this computer first, and drop that file.";
      speak();
    }
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
  onKeys(radios, {
    ArrowRight: walk(1),
    ArrowDown: walk(1),
    ArrowLeft: walk(-1),
    ArrowUp: walk(-1),
    Home: () => choose(0, true),
    End: () => choose(all.length - 1, true),
  });

  const end = follow(model, {
    "names thumbnails own own_thumbnail": fill,
    "chosen kind": mark,
    wrong: speak,
    offered: () => {
      if (isThere(model.get("offered"))) return;
      if (note.startsWith("Reading ") || model.get("wrong")) note = "";
      speak();
    },
  });
  return () => {
    asked += 1; // what is still being read is for nobody
    document.removeEventListener("paste", pasted, true);
    end();
    pictures.end();
  };
}
