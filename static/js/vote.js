// <form data-vote>: its buttons' keys (data-key) press them, unless the box [data-vote-keys] is off. It is kept per browser.
const KEPT = "texthelper-vote-keys";
const box = document.querySelector("[data-vote-keys]");

if (box) {
  box.checked = localStorage.getItem(KEPT) !== "off";
  box.addEventListener("change", () => localStorage.setItem(KEPT, box.checked ? "on" : "off"));
}

document.addEventListener("keydown", (event) => {
  // keyCode 229: an input method is composing, also where isComposing is not set yet.
  if (!box?.checked || event.isComposing || event.keyCode === 229 || event.repeat) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
  const button = document.querySelector(`[data-vote] button[data-key="${CSS.escape(event.key)}"]:not([disabled])`);
  if (!button) return;
  event.preventDefault();
  button.click();
});
