// <form data-once>: the first submit goes out, later ones are held back; coming back to the page frees it again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  form.dataset.sent = "yes";
  // After this turn: a disabled button's name and value would not be sent.
  setTimeout(() => mark(form, true));
}, true);

function mark(form, busy) {
  if (!busy) delete form.dataset.sent;
  for (const button of form.querySelectorAll("button:not([type=button])")) {
    button.classList.toggle("busy", busy);
    button.disabled = busy;
  }
}

function release() {
  for (const form of document.querySelectorAll("form[data-sent]")) mark(form, false);
}
window.addEventListener("pageshow", release);
document.addEventListener("htmx:afterRequest", release);
