// What a person opened stays open: a polled part comes from the server closed, and must not close it again.
// What a chart drew stays drawn: the server knows the figure only as an empty one.
Object.assign(Idiomorph.defaults.callbacks, {
  beforeAttributeUpdated: (name, node) =>
    !(name === "open" && (node instanceof HTMLDetailsElement || node instanceof HTMLDialogElement)),
  beforeNodeRemoved: (node) => !node.parentElement?.matches("figure.chart"),
});
