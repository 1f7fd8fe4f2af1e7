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
  const asked = made("p", "", { id: `nst-${Math.random().toString(36).slice(2)}` });
  const list = radios("choices", { "aria-labelledby": asked.id }, choose);
  el.append(asked, list);

  function choose(place) {
    if (model.get("closed")) return;
    const guess = model.get("choices")[place];
    tell(model, { guess });
    const guesses = predictionGuesses(el.ownerDocument);
    guesses.made.set(model.get("question"), guess);
    guesses.heard.dispatchEvent(new Event("guess"));
  }
  return follow(model, {
    question() {
      const first = _("Predict first.");
      asked.replaceChildren(made("b", "", {}, first), sentences(first, model.get("question")).slice(first.length));
    },
    choices: () => list.replaceChildren(...model.get("choices").map((choice) => radio("button plain", choice))),
    "guess closed choices"() {
      check(list, model.get("choices").indexOf(model.get("guess")));
      write(list, { "aria-disabled": model.get("closed") });
    },
  });
}
