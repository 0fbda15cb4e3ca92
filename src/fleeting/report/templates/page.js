"use strict";
// Swapping onset and apex on the spot shows a faint movement better than two pictures side by side.
// 1.6 swaps a second: well under the three flashes a second that can harm.
(() => {
  for (const card of document.querySelectorAll(".card")) {
    const apex = card.querySelector(".apex img");
    const onset = card.querySelector(".onset img");
    if (!apex || !onset) continue;
    const caption = card.querySelector(".apex figcaption");
    const after = apex.src;
    const button = document.createElement("button");
    let timer = 0;
    const show = (first) => {
      apex.src = first ? onset.src : after;
      caption.firstChild.data = first ? "Onset " : "Apex ";
    };
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      show(false);
      button.textContent = "flicker with onset";
    };
    const start = () => {
      let first = false;
      timer = setInterval(() => show((first = !first)), 625);
      button.textContent = "stop";
    };
    button.type = "button";
    button.addEventListener("click", () => (timer ? stop() : start()));
    addEventListener("beforeprint", stop);
    caption.append(button);
    stop();
  }
})();
