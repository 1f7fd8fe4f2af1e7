// A moving picture, each frame beside the painted one: a walk over the photograph, the camera, or a video of one's own.
//
// asked, frame: what Python is asked for; painted: what it gave, { number, frame, picture, seconds, flicker }; steps: a
// walk that was painted beforehand, to be walked through where there is no kernel.

const MOVIE_LONGER = 256; // pixels on the longer side of what is sent
const MOVIE_EVERY = 1000; // ms between two sentences for those who listen, and two numbers for those who read

// A video element as a source of frames: the camera's stream, or a file
async function movieVideo(set) {
  const video = made("video", "", { playsinline: "" });
  Object.assign(video, { muted: true, loop: true }, set);
  await video.play();
  return video;
}

async function movieCamera() {
  if (!navigator.mediaDevices) throw new Error(_("On this page the browser lends no camera: it wants https or localhost."));
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640 }, audio: false });
  const end = () => stream.getTracks().forEach((each) => each.stop());
  try {
    return { video: await movieVideo({ srcObject: stream }), end };
  } catch (error) {
    end(); // else the camera's light stays on
    throw error;
  }
}

async function movieFile(file) {
  const address = URL.createObjectURL(file);
  try {
    return { video: await movieVideo({ src: address }), end: () => URL.revokeObjectURL(address) };
  } catch {
    URL.revokeObjectURL(address);
    throw new Error(_("'{name}' is no video that this browser can play.", { name: file.name }));
  }
}

// What the video shows now, as the bytes of a JPEG file
async function movieFrame(video, canvas) {
  const [wide, high] = [video.videoWidth, video.videoHeight];
  const scale = Math.min(1, MOVIE_LONGER / Math.max(wide, high));
  Object.assign(canvas, { width: Math.round(scale * wide), height: Math.round(scale * high) });
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  const file = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
  return new DataView(await file.arrayBuffer());
}

function movie({ model, el }) {
  const [plain, painted] = [made("img", "picture", { alt: "" }), made("img", "picture", { alt: "" })];
  plain.alt = _("a frame as it is");
  painted.alt = _("the same frame, painted");
  const pictures = gallery();
  const show = (one) => {
    pictures.show(plain, one.frame);
    pictures.show(painted, one.picture);
    stage.hidden = false;
  };
  const stage = made("div", "row movie-stage", {}, made("figure", "", {}, plain), made("figure", "", {}, painted));
  stage.hidden = true;

  const flickerOf = ({ flicker }) => {
    if (!flicker) return _("Nothing moves yet.");
    const [plain, painted] = flicker.map((apart) => apart.toFixed(2));
    return _("Moved along with the things, the painted frame before differs by {painted} of the spread (the photographs: {plain}).", {
      painted,
      plain,
    });
  };

  const steps = model.get("steps");
  if (steps.length) {
    const caption = made("p");
    const walk = track(_("frame"), { low: 1, high: steps.length, key: 1 / (steps.length - 1) }, look);
    function look(number) {
      const one = steps[number - 1];
      show(one);
      walk.show(number, `${number}`, sentences(_("{word}.", { word: number }), flickerOf(one)));
      caption.textContent = flickerOf(one);
    }
    look(1);
    el.append(made("div", "movie", {}, stage, walk.box, caption));
    return pictures.end;
  }

  const said = voice("movie-said");
  const canvas = made("canvas");
  const input = made("input", "", { type: "file", accept: "video/*", tabindex: "-1" });
  input.hidden = true;
  const walk = button(_("Walk over the photograph"), () => start(async () => ({ end() {} })));
  const camera = button(_("Camera"), () => start(movieCamera));
  const file = button(_("A video of your own"), () => input.click());
  const stop = button(_("Stop"), () => {
    end();
    if (!told) said.say(_("Stopped."));
  });
  input.addEventListener("change", () => {
    const [given] = input.files;
    input.value = "";
    if (given) start(() => movieFile(given));
  });
  const bar = made("div", "bar", {}, walk, camera, file, input, stop);
  el.append(made("div", "movie", {}, bar, stage, said.node));
  write(stop, { "aria-disabled": true });

  let source = null; // what moves now: { video, end }
  let run = 0; // of what was started, the newest
  let told = false; // whether anything was said of its frames
  let shown = { count: 0, since: 0 };

  async function start(open) {
    end();
    const mine = (run += 1);
    told = false;
    said.say(_("Opening it."));
    try {
      const opened = await open();
      if (mine !== run) return opened.end(); // another was pressed meanwhile
      source = opened;
      shown = { count: 0, since: performance.now() };
      write(stop, { "aria-disabled": false });
      ask();
    } catch (error) {
      if (mine !== run) return;
      const refused = error.name === "NotAllowedError" || error.name === "NotFoundError";
      said.say(refused ? _("The browser lent no camera: allow it in the address bar, or take another source.") : error.message);
    }
  }

  function end() {
    run += 1;
    source?.end();
    source = null;
    write(stop, { "aria-disabled": true });
  }

  async function ask() {
    const frame = source.video ? await movieFrame(source.video, canvas) : new DataView(new ArrayBuffer(0));
    if (source) tell(model, { frame, asked: model.get("asked") + 1 });
  }

  const follows = follow(model, {
    painted() {
      const one = model.get("painted");
      if (!source || one.number !== model.get("asked")) return;
      if (!one.picture) return end(); // Python has said why
      show(one);
      shown.count += 1;
      const passed = performance.now() - shown.since;
      if (passed > MOVIE_EVERY) {
        const pace = _("{many} frames a second.", { many: ((1000 * shown.count) / passed).toFixed(1) });
        told = true;
        said.say(sentences(pace, flickerOf(one)));
        shown = { count: 0, since: performance.now() };
      }
      ask();
    },
  });
  return ends(end, follows, pictures.end);
}
