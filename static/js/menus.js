// <details class="menu"> closes as menus do: at a click elsewhere and on Escape (focus goes back to its summary).
function close(menu) {
  menu.open = false;
  if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) close(menu);
});
