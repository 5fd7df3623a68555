// [data-print]: opens the browser's dialog, which can save a PDF too. Without scripts the button stays hidden.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
