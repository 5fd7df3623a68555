// <form data-pick data-max-bytes="…">: a file that is too large is refused before a byte of it is sent.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-pick]");
  if (!form || event.target.type !== "file") return;
  const tooLarge = (event.target.files[0]?.size ?? 0) > Number(form.dataset.maxBytes);
  if (tooLarge) event.target.value = "";
  form.querySelector("[data-pick-error]").hidden = !tooLarge;
});
