"""Weights after a training: archives to download, the room that they take, and their end."""
