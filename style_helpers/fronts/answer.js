// The guess laid over what was measured. Where nobody has guessed yet and no kernel runs, it waits for the guess.
//
// question; choices; guess: or null; measured: a choice; evidence: a sentence; verdicts: { none, right, other }, what is
// said of the guess; waits: whether it is shown only when there is a guess.

function answer({ model, el }) {
  const list = made("ul", "answer-list");
  const [evidence, verdict] = [made("p"), made("p", "heading")];
  const shown = made("div", "answer", {}, list, evidence, verdict);
  const open = button(_("Show the answer without a guess"), () => {
    asked = true;
    show();
    list.tabIndex = -1; // the button that had the focus is gone
    list.focus();
  });
  const waiting = made("div", "answer", {}, made("p", "", {}, _("Guess above, and the answer is shown here.")), open);
  const heard = voice();
  el.append(waiting, shown, heard.node);
  const guesses = predictionGuesses(el.ownerDocument);
  let asked = false; // to show it all the same

  function marked(choice, isGuess, isMeasured) {
    if (isGuess && isMeasured) return _("{choice} ← your guess and measured", { choice });
    return isGuess ? _("{choice} ← your guess", { choice }) : _("{choice} ← measured", { choice });
  }

  function show() {
    const here = model.get("waits") ? guesses.made.get(model.get("question")) : null; // else Python knows it
    const guess = model.get("guess") ?? here ?? null;
    const measured = model.get("measured");
    shown.hidden = model.get("waits") && guess === null && !asked;
    waiting.hidden = !shown.hidden;
    const items = model.get("choices").map((choice) => {
      const [isGuess, isMeasured] = [choice === guess, choice === measured];
      if (!isGuess && !isMeasured) return made("li", "", {}, choice);
      return made("li", "heading", {}, marked(choice, isGuess, isMeasured));
    });
    list.replaceChildren(...items);
    evidence.textContent = model.get("evidence") && _("Measured: {evidence}", { evidence: model.get("evidence") });
    evidence.hidden = !evidence.textContent;
    const { none, right, other } = model.get("verdicts");
    verdict.textContent = guess === null ? none : guess === measured ? right : other;
  }
  const words = () => sentences(evidence.textContent, verdict.textContent);
  function guessed() {
    show();
    if (!shown.hidden) heard.say(words());
  }
  guesses.heard.addEventListener("guess", guessed);
  const end = follow(model, { "choices guess measured evidence verdicts waits": show });
  if (!shown.hidden) heard.rest(words()); // the cell was run: when the line is on the page, so that it is heard
  return ends(end, () => guesses.heard.removeEventListener("guess", guessed));
}
