// What a person opened stays open: a polled part comes from the server closed, and must not close it again.
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) =>
  !(name === "open" && (node instanceof HTMLDetailsElement || node instanceof HTMLDialogElement));
