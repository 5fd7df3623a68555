"""`make chaos`: the walk, while processes are killed and the far side misbehaves (docs/chaos.md)."""
