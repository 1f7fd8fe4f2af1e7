// Brings the panels of a page to life, and lets the switch of language stay in its section.
// nst.fronts and nst.mount are fronts.js, which stands before this on a page with panels.

(() => {
  const media = `${document.documentElement.dataset.content_root}../media/`;
  const here = new Map(); // of each record that was asked for its parts, as a promise
  const comes = new Map();

  // A record's script calls this
  if (window.nst) nst.here = (name, parts) => comes.get(name)(parts);

  function fetched(name) {
    if (!here.has(name)) {
      const script = Object.assign(document.createElement("script"), { src: `${media}${name}.js` });
      here.set(name, new Promise((resolve, reject) => comes.set(name, resolve) && (script.onerror = reject)));
      here.get(name).catch(() => here.delete(name)); // it may be asked for again
      document.head.append(script);
    }
    return here.get(name);
  }

  // A record with what it shares with others in its place
  async function whole(value) {
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return Promise.all(value.map(whole));
    if (value.shared) return fetched(value.shared);
    const pairs = Object.entries(value).map(async ([name, each]) => [name, await whole(each)]);
    return Object.fromEntries(await Promise.all(pairs));
  }

  // Puts a record's parts into a box; returns what takes them away again
  function fill(box, parts) {
    box.replaceChildren();
    const ends = parts.map(({ html, front, recorded }) => {
      if (front) return nst.mount(box, nst.fronts[front], recorded);
      box.insertAdjacentHTML("beforeend", html);
      return () => {};
    });
    return () => ends.forEach((end) => end());
  }

  // Acts once, before the node is scrolled to: a page of many panels is there at once
  function whenNear(node, act) {
    const near = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        near.disconnect();
        act();
      },
      { rootMargin: "600px" },
    );
    near.observe(node);
  }

  function live(mount) {
    const inside = mount.querySelector("script");
    const filled = (box, parts) => {
      mount.classList.add("nst-here");
      return fill(box, parts);
    };
    if (inside) return whenNear(mount, () => filled(mount, JSON.parse(inside.textContent)));
    const [select, stage] = [mount.querySelector("select"), mount.querySelector(".nst-stage")];
    let [end, wanted] = [() => {}, null];
    async function show() {
      const name = (wanted = select.value);
      const parts = await fetched(name)
        .then(whole)
        .catch(() => null);
      if (name !== wanted) return; // another was chosen meanwhile
      end();
      end = parts ? filled(stage, parts) : sayLost();
      mount.dataset.shown = parts ? name : "";
    }
    // What did not come says so, with a button to ask again
    function sayLost() {
      const said = Object.assign(document.createElement("p"), { textContent: mount.dataset.lost });
      said.setAttribute("role", "alert");
      const again = Object.assign(document.createElement("button"), { textContent: mount.dataset.again });
      again.addEventListener("click", () => show().then(() => stage.focus({ preventScroll: true }))); // it is gone
      stage.tabIndex = -1;
      stage.replaceChildren(said, again);
      return () => {};
    }
    select.parentElement.hidden = select.options.length < 2;
    select.addEventListener("change", show);
    return whenNear(mount, show);
  }

  document.querySelectorAll(".nst-mount").forEach(live);

  // Sections have other names in another language, but the same order: #section-3 is the third
  const sections = [...document.querySelectorAll("article section")];
  const asked = /^#section-(\d+)$/.exec(location.hash);
  if (asked && sections[asked[1]]) location.replace(`#${sections[asked[1]].id}`);
  for (const link of document.querySelectorAll("a.language")) {
    link.addEventListener("click", () => {
      const passed = sections.filter((each) => each.getBoundingClientRect().top < 160).length;
      link.hash = passed > 1 ? `section-${passed - 1}` : "";
    });
  }
  // From a disk nothing can be fetched, so that no lines are shown around what was found
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
})();
