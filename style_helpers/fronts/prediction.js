// A question with its choices, of which one is guessed before it is measured.
//
// question; choices: a list; guess: the chosen one or null; closed: it was answered, and the guess stays.
// On a page without a kernel the answer (answer.js) learns the guess from the page: see `predictionGuesses`.

// The guesses of a page by question, and who wants to hear of them
function predictionGuesses(page) {
  page.nstGuesses ??= { made: new Map(), heard: new EventTarget() };
  return page.nstGuesses;
}

function prediction({ model, el }) {
  const asked = made("p", "prediction-question", { id: `nst-${Math.random().toString(36).slice(2)}` });
  const list = made("div", "prediction-choices", { role: "radiogroup", "aria-labelledby": asked.id });
  el.append(made("div", "prediction", {}, asked, list));
  let tiles = [];

  function choose(place) {
    if (model.get("closed")) return;
    const guess = model.get("choices")[(place + tiles.length) % tiles.length];
    tell(model, { guess });
    const guesses = predictionGuesses(el.ownerDocument);
    guesses.made.set(model.get("question"), guess);
    guesses.heard.dispatchEvent(new Event("guess"));
  }
  const go = (by) => () => {
    const now = tiles.indexOf(el.ownerDocument.activeElement);
    tiles[(now + by + tiles.length) % tiles.length].focus();
    choose(now + by);
  };
  const keys = { ArrowDown: go(1), ArrowRight: go(1), ArrowUp: go(-1), ArrowLeft: go(-1) };
  onKeys(list, keys);

  function mark() {
    const chosen = model.get("choices").indexOf(model.get("guess"));
    tiles.forEach((tile, place) => {
      tile.setAttribute("aria-checked", String(place === chosen));
      tile.setAttribute("aria-disabled", String(model.get("closed")));
      tile.tabIndex = place === Math.max(chosen, 0) ? 0 : -1;
    });
  }
  return follow(model, {
    question: () => asked.replaceChildren(made("b", "", {}, "Predict first. "), model.get("question")),
    choices: () => {
      tiles = model.get("choices").map((choice, place) => {
        const tile = made("button", "button prediction-choice", { type: "button", role: "radio" }, choice);
        tile.addEventListener("click", () => choose(place));
        return tile;
      });
      list.replaceChildren(...tiles);
    },
    "guess closed choices": mark,
  });
}
