// Loaded in <head> before the stylesheet, so that a chosen theme never flashes. "auto" stores nothing.
(() => {
  const root = document.documentElement;
  const chosen = () => localStorage.getItem("theme") || "auto";
  const apply = () => {
    const theme = chosen();
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-set]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === theme));
    }
  };
  apply();
  document.addEventListener("DOMContentLoaded", apply);
  window.addEventListener("storage", apply);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-set]");
    if (!button) return;
    if (button.dataset.themeSet === "auto") localStorage.removeItem("theme");
    else localStorage.setItem("theme", button.dataset.themeSet);
    apply();
    document.dispatchEvent(new CustomEvent("themechange"));
  });
})();
