"""How Sluss is run: the local street without Docker, the container recipe, and what the servers need."""
