"""How a base comes here: from a hub, from packages of a registry, or from a folder."""
